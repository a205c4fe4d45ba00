"""Long answers: set down first and sent then, so that nobody who reads slowly keeps a connection to the database."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO

IN_MEMORY_BYTES = 1024 * 1024  # of an answer; what is beyond waits in a file
PIECE_BYTES = 64 * 1024


def make_spool() -> IO[bytes]:
    """Where an answer is set down; closed once it is sent."""
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)


def pieces_of(spool: IO[bytes]) -> Iterator[bytes]:
    """The answer, from its beginning."""
    with spool:
        spool.seek(0)
        while piece := spool.read(PIECE_BYTES):
            yield piece
