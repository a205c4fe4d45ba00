"""Work that makes many objects, none of which hold each other, and lets go of them all: looking for cycles among them,
again and again while they grow more, takes as long as the work itself."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def cycles_left_for_later() -> Generator[None]:
    """Nobody looks for cycles until the end of the block. Of blocks that overlap the first that began decides."""
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looking:
            gc.enable()
