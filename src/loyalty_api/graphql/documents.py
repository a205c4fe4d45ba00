"""Documents: parsed, weighed and validated once, and remembered by their hash, which phones may send instead.

Parsing and validating cost three times what running does.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import NamedTuple

from graphql.validation import NoSchemaIntrospectionCustomRule

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, specified_rules, validate
from loyalty_api.graphql.limits import TOKENS_MAX, check_document
from loyalty_api.graphql.problems import NotPersisted
from loyalty_api.kernel.refusals import FieldError, InvalidRequest

REMEMBERED_MAX = 1_000
REMEMBERED_LENGTH_MAX = 1_000_000  # of all texts together; a document takes a hundred times its text
ERRORS_MAX = 5


class Prepared(NamedTuple):
    """A document that may be run, or what is wrong with it."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...]


class Documents:
    """One per process. The oldest that nobody asks for is forgotten; its phone is told to send the text again."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool) -> None:
        self._schema = schema
        self._rules = [*specified_rules, *(() if introspection else (NoSchemaIntrospectionCustomRule,))]
        self._known: OrderedDict[str, tuple[Prepared, int]] = OrderedDict()  # with the length of the text
        self._length = 0

    def prepare(self, text: str | None, sha256: str | None) -> Prepared:
        """The document of this text, or of this hash. Refuses: NotPersisted, BeyondLimit, InvalidRequest (the hash is
        of another text)."""
        name = hash_of(text) if text is not None else (sha256 or "").lower()
        if text is not None and sha256 is not None and sha256.lower() != name:
            raise InvalidRequest.of(FieldError("extensions.persistedQuery.sha256Hash", "is the hash of another text"))
        if name in self._known:
            self._known.move_to_end(name)
            return self._known[name][0]
        if text is None:
            raise NotPersisted("PersistedQueryNotFound")
        prepared = self._read(text)
        if not prepared.errors:
            self._remember(name, prepared, len(text))
        return prepared

    def _remember(self, name: str, prepared: Prepared, length: int) -> None:
        self._known[name] = prepared, length
        self._length += length
        while len(self._known) > REMEMBERED_MAX or self._length > REMEMBERED_LENGTH_MAX:
            self._length -= self._known.popitem(last=False)[1][1]

    def _read(self, text: str) -> Prepared:
        try:
            document = parse(text, max_tokens=TOKENS_MAX)
            check_document(document)
            errors = validate(self._schema, document, self._rules, max_errors=ERRORS_MAX)
        except GraphQLError as error:
            return Prepared(None, (error,))
        except RecursionError:  # fragments go deeper together than any of them is written
            return Prepared(None, (GraphQLError("The document is nested too deeply."),))
        return Prepared(document, tuple(errors[:ERRORS_MAX]))


def hash_of(text: str) -> str:
    """The name of a document: SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
