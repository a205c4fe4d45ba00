"""The parts of a condition that are joined by ``&&`` at its top, as texts of their own (pure).

Where the text cannot be taken apart for certain it is one part. Whoever compiles the parts compares their trees with
that of the whole.
"""

from __future__ import annotations

import re

# What stands for itself: raw and plain strings in each of their quotes, comments, and the signs that matter.
_PIECES = re.compile(
    r"""[rRbB]{0,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3})
      | [bB]?[rR][bB]?(?:"[^"]*"|'[^']*')
      | [bB]?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | //[^\n]*
      | &&|\|\||[?()\[\]{}]""",
    re.VERBOSE | re.DOTALL,
)
_OPENS, _CLOSES = "([{", ")]}"


def conjuncts(text: str) -> list[str]:
    """The parts, in order; the text itself where there is one only."""
    depth, start, parts = 0, 0, []
    for piece in _PIECES.finditer(text):
        sign = piece.group()
        if sign in _OPENS:
            depth += 1
        elif sign in _CLOSES:
            depth -= 1
        elif depth == 0 and sign in ("||", "?"):
            return [text]
        elif depth == 0 and sign == "&&":
            parts.append(text[start : piece.start()])
            start = piece.end()
    return [*parts, text[start:]]
