"""``make clients``: libraries that phones use, against a served API and the committed schema. Needs node and npm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT
from tests.clients.serve import served

HERE, BUILD = Path(__file__).parent, ROOT / "build" / "clients"
CHECK_TYPES = "npx tsc --noEmit --strict --target es2022 --moduleResolution bundler --module esnext operations.ts"


def main() -> int:
    """0 if everything held."""
    if shutil.which("npm") is None:
        print("This needs node and npm.", file=sys.stderr)
        return 2
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "codegen.json", "documents.graphql", "clients.mjs"):
        shutil.copy(HERE / name, BUILD)
    shutil.copy(ROOT / "openapi" / "schema.graphql", BUILD)
    for command in (
        "npm install --no-package-lock --no-audit --no-fund --silent",
        "npx graphql-codegen --silent --config codegen.json",
        CHECK_TYPES,
    ):
        subprocess.run(command.split(), cwd=BUILD, check=True)
    with served() as told:
        environment = os.environ | {"SERVED": json.dumps(told)}
        return subprocess.run(
            ["node", "--test", "--test-reporter=spec", "clients.mjs"], cwd=BUILD, env=environment
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
