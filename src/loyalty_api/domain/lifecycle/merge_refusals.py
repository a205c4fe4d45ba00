"""How merging, or undoing it, is refused."""

from __future__ import annotations

from loyalty_api.kernel.refusals import Kind, Refusal


class MergeNotPossible(Refusal):
    """The members as they are cannot become one; the sentence says what to do before."""

    kind = Kind.CONFLICT
    code = "merge.not_possible"
    title = "These members cannot be merged"


class MergeNotFound(Refusal):
    """The program has no such merge."""

    kind = Kind.MISSING
    code = "merge.not_found"
    title = "No such merge"
