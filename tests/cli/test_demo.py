"""`loyalty demo --once`: the main job from nothing, proved, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_demo_holds_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_")}
    done = subprocess.run(
        [sys.executable, "-m", "loyalty_api", "demo", "--once"],
        env=environment | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every law holds" in done.stdout
    assert "members" in done.stdout
    assert not list(tmp_path.iterdir()), "its files are removed"
