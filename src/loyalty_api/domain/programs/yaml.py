"""YAML as one of the two writings of the document.

Read as YAML 1.2 reads it: ``on`` is a word, not true; a date is text; decimals stay exact; a key said twice is a
fault, and so are anchors, which a marketer's diff could not show.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec
import yaml

from loyalty_api.domain.programs.document import Document, encode_document
from loyalty_api.domain.programs.refusals import InvalidDocument
from loyalty_api.kernel.refusals import FieldError

_WHOLE = re.compile(r"^[-+]?[0-9]{1,30}$")
_DECIMAL = re.compile(r"^[-+]?[0-9]{1,30}\.[0-9]{1,30}$")
_LINE_BREAKS = re.compile("[\\r\\x85\\u2028\\u2029]")  # to YAML, but not to people
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class _Events(yaml.SafeLoader):
    """Composes nodes; ``compose_node`` refuses aliases, so that a small file cannot grow without end."""

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise _fault("anchors and aliases (& and *) are not understood here", mark.line + 1)
        return super().compose_node(parent, index)


def read_yaml(text: str) -> tuple[object, dict[str, int]]:
    """Plain values, and the line of every place. Refuses (InvalidDocument) what is not YAML."""
    try:
        node = _Events(text).get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "cannot be read"
        raise _fault(f"is not YAML: {what}", mark.line + 1 if mark else 1) from None
    except RecursionError:
        raise _fault("is nested too deeply", 1) from None
    lines: dict[str, int] = {}
    return (None if node is None else _value(node, "", lines)), lines


def write_yaml(document: Document) -> str:
    """The document as YAML, in the order of its fields, short groups on one line."""
    plain = msgspec.json.Decoder(float_hook=Decimal).decode(encode_document(document))
    return yaml.dump(plain, Dumper=_Writer, sort_keys=False, default_flow_style=None, allow_unicode=True, width=110)


class _Writer(yaml.SafeDumper):
    pass


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """Text as YAML would write it; escaped where it holds what other lines than its own would be made of."""
    style = '"' if _LINE_BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _write_text)
_Writer.add_representer(
    Decimal, lambda dumper, number: dumper.represent_scalar("tag:yaml.org,2002:float", f"{number:f}")
)


def _value(node: yaml.Node, place: str, lines: dict[str, int]) -> object:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, f"{place}[{index}]", lines) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        group: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _fault("a field's name must be a word", key.start_mark.line + 1)
            inner = f"{place}.{key.value}" if place else str(key.value)
            lines[inner] = key.start_mark.line + 1
            if key.value in group:
                raise _fault(f"{inner} is said twice", key.start_mark.line + 1)
            group[key.value] = _value(value, inner, lines)
        return group
    return _scalar(node)


def _scalar(node: Any) -> object:
    text = node.value
    if node.style is not None:  # quoted or a block: always text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.match(text):
        return int(text)
    return Decimal(text) if _DECIMAL.match(text) else text


def _fault(message: str, line: int) -> InvalidDocument:
    return InvalidDocument.of(FieldError("document", f"{message} (line {line})"))
