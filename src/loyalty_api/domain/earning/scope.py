"""Which goods a rule sees: those that it names, without those that it excludes."""

from __future__ import annotations

import msgspec

from loyalty_api.domain.programs.document import LineMatch, LineScope

WIDEST = 3


class Match(msgspec.Struct, frozen=True):
    """Lines by SKU, category or label."""

    skus: frozenset[str]
    categories: frozenset[str]
    labels: frozenset[str]

    def holds(self, sku: str | None, category: str | None, labels: list[str]) -> bool:
        """Whether a line fits any name given."""
        return sku in self.skus or category in self.categories or not self.labels.isdisjoint(labels)

    def width(self, sku: str | None, category: str | None) -> int:
        """How wide the name is by which a line that fits was found: SKU 0, category 1, label 2."""
        if sku in self.skus:
            return 0
        return 1 if category in self.categories else 2


class Scope(msgspec.Struct, frozen=True):
    """The lines that a rule sees. None: nothing is named."""

    include: Match | None
    exclude: Match | None

    def holds(self, sku: str | None, category: str | None, labels: list[str]) -> bool:
        """Whether the rule sees a line."""
        if self.include is not None and not self.include.holds(sku, category, labels):
            return False
        return self.exclude is None or not self.exclude.holds(sku, category, labels)

    def width(self, sku: str | None, category: str | None) -> int:
        """How widely the rule sees a line that it sees; one that names nothing sees widest."""
        return WIDEST if self.include is None else self.include.width(sku, category)


def make_scope(lines: LineScope) -> Scope:
    """The scope that a document writes."""
    return Scope(_match(lines), _match(lines.exclude))


def _match(match: LineMatch) -> Match | None:
    if not (match.skus or match.categories or match.labels):
        return None
    return Match(frozenset(match.skus), frozenset(match.categories), frozenset(match.labels))
