"""What the README shows works as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx

from loyalty_api.kernel.clock import now, rfc3339

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def block(language: str, containing: str) -> str:
    """The fenced block of a language that contains some words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return next(each for each in blocks if containing in each)


def test_the_commands_run_in_order_and_the_purchase_earns(
    fresh_database_url: str, start_api: Callable, tmp_path: Path
) -> None:
    code = f"club-{uuid.uuid4().hex[:8]}"
    program = block("yaml", "coffee-club").replace("coffee-club", code)
    (tmp_path / "program.yaml").write_text(program)
    told = {}
    for line in block("sh", "loyalty migrate").splitlines():
        command = line.partition("#")[0].strip().replace("coffee-club", code)
        if not command.startswith("loyalty ") or command.split()[1] in ("serve", "work", "replay"):
            continue
        done = subprocess.run(
            [sys.executable, "-m", "loyalty_api", *shlex.split(command)[1:]],
            env={"LOYALTY_DATABASE_URL": fresh_database_url},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        told[command.split()[1]] = done.stdout
    assert list(told) == ["migrate", "program", "keys", "verify", "insight"]
    assert "every law holds" in told["verify"]

    key = told["keys"].split()[0]
    url = start_api(fresh_database_url).url
    headers = {"Authorization": f"Bearer {key}"}
    shown = re.findall(r"8000(/\S+) .*? -d '\n(.*?)'\n", block("sh", "curl -i"), re.DOTALL)
    assert [path for path, _ in shown] == ["/v1/members", "/v1/purchases"]
    for path, body in shown:
        said = json.loads(body.replace("'$(date -u +%FT%TZ)'", rfc3339(now().replace(microsecond=0))))
        answer = httpx.post(url + path, json=said, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text
    assert answer.json()["points"]["earned"] > 0


def test_every_setting_of_the_code_stands_in_the_table_with_its_default() -> None:
    import msgspec

    from loyalty_api.settings import Settings

    for field in msgspec.structs.fields(Settings):
        row = re.search(rf"\| `LOYALTY_{field.name.upper()}` \|.*\| (.*) \|", README)
        assert row, f"{field.name} is not in the README"
        if not field.required:
            default = "none" if field.default in ((), "") else str(field.default)
            assert row.group(1).strip("`") == default.replace("True", "true").replace("False", "false")


def test_it_stays_within_a_hundred_and_fifty_lines() -> None:
    assert len(README.splitlines()) <= 150
