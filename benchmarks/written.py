"""What is written: build/bench.json, in which the figures of targets of their own stand beside the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

BUILD = Path(__file__).parents[1] / "build"
BENCH = BUILD / "bench.json"
APART = ("rollups",)  # of ``insight``: measured by a target of their own, kept when the others are measured again


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes it for people and machines."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")


def write_bench(content: dict[str, Any]) -> None:
    """Writes build/bench.json anew."""
    before = _read().get("insight", {})
    kept = {name: before[name] for name in APART if name in before}
    write_json(BENCH, content | {"insight": kept | content.get("insight", {})})


def add_to_bench(name: str, figures: Mapping[str, Any]) -> None:
    """Puts ``insight.<name>`` into build/bench.json."""
    assert name in APART, name
    content = _read()
    write_json(BENCH, content | {"insight": content.get("insight", {}) | {name: figures}})


def _read() -> dict[str, Any]:
    return msgspec.json.decode(BENCH.read_bytes()) if BENCH.exists() else {}
