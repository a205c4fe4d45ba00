"""`loyalty program`: plan, apply and export a document, with every fault at its line."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path

from tests.make.shop import Shop

DOCUMENT = """\
program: {code}
currency: EUR
time_zone: Europe/Berlin
points: {{expiry: {{on: "12-31"}}}}
tiers:
  levels:
    - {{code: bronze, from: 0}}
    - {{code: silver, from: 50000}}
earning_rules:
  - {{code: base, per_spend: {{points: 1, per_minor: 100}}}}
"""


def loyalty(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command on a database."""
    return subprocess.run(
        [sys.executable, "-m", "loyalty_api", *arguments],
        env={"LOYALTY_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_document_is_planned_applied_changed_and_exported(database_url: str, tmp_path: Path) -> None:
    code = f"club-{uuid.uuid4().hex[:8]}"
    file = tmp_path / "program.yaml"
    file.write_text(DOCUMENT.format(code=code))
    planned = loyalty(database_url, "program", "plan", str(file))
    assert "would make version 1, in force from the beginning of time" in planned.stdout
    assert "made version 1" in loyalty(database_url, "program", "apply", str(file)).stdout
    assert "nothing changes" in loyalty(database_url, "program", "apply", str(file)).stdout

    file.write_text(DOCUMENT.format(code=code).replace("points: 1,", "points: 2,"))
    changed = loyalty(database_url, "program", "apply", str(file)).stdout
    assert "Rule base gives 2 points per 1.00 EUR instead of 1" in changed
    assert "made version 2" in changed

    exported = tmp_path / "exported.yaml"
    exported.write_text(loyalty(database_url, "program", "export", code).stdout)
    assert "nothing changes" in loyalty(database_url, "program", "plan", str(exported)).stdout
    first = tmp_path / "first.json"
    first.write_text(loyalty(database_url, "program", "export", code, "--version", "1", "--format", "json").stdout)
    back = loyalty(database_url, "program", "plan", str(first)).stdout
    assert "Rule base gives 1 point per 1.00 EUR instead of 2" in back


def test_every_fault_is_told_with_its_line_and_nothing_is_changed(database_url: str, tmp_path: Path) -> None:
    code = f"club-{uuid.uuid4().hex[:8]}"
    file = tmp_path / "program.yaml"
    text = DOCUMENT.format(code=code).replace("EUR", "Euro").replace("from: 50000", "from: 0")
    file.write_text(text + "  - {code: base, flat: many}\n")
    done = loyalty(database_url, "program", "apply", str(file))
    assert done.returncode == 1
    assert f"{file}:2: currency: must be a currency code" in done.stderr
    assert f"{file}:11: earning_rules[1].flat: must be a whole number" in done.stderr
    assert "Traceback" not in done.stderr
    assert "No program is called" in loyalty(database_url, "program", "export", code).stderr


def test_the_draft_is_exported_and_stays_as_it_is_when_something_else_is_applied(
    database_url: str, shop: Shop, tmp_path: Path
) -> None:
    code = shop.document["program"]
    drafted = shop.document | {"name": "Drafted [Club]"}
    saved = shop.call("PUT", "/v1/program/draft", drafted, headers={"If-Match": "*"}).json()
    exported = loyalty(database_url, "program", "export", code, "--draft")
    assert "name: Drafted [Club]" in exported.stdout

    file = tmp_path / "program.yaml"
    file.write_text(loyalty(database_url, "program", "export", code).stdout + "name: Applied\n")
    for command in ("plan", "apply"):
        told = loyalty(database_url, "program", command, str(file)).stdout
        assert "The program is now called Applied (before: nothing)" in told
        assert f"the draft that {saved['changed_by']} saved at {saved['changed_at']} stays as it is" in told
    draft = shop.call("GET", "/v1/program/draft").json()
    assert (draft["document"], draft["base_version"], draft["newest_version"]) == (drafted, 1, 2)

    file.write_text(exported.stdout)
    told = loyalty(database_url, "program", "apply", str(file)).stdout
    assert "The program is now called Drafted [Club] (before: Applied)" in told
    assert "note:" not in told
    assert shop.call("GET", "/v1/program/draft").json()["changed_at"] is None
    assert loyalty(database_url, "program", "export", code, "--draft", "--version", "1").returncode == 2


def test_a_plan_for_machines_is_json_with_the_words_in_it(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "program.yaml"
    file.write_text(DOCUMENT.format(code=f"club-{uuid.uuid4().hex[:8]}"))
    plan = json.loads(loyalty(database_url, "program", "plan", "--json", str(file)).stdout)
    assert plan["version"] == 1
    assert "New rule base: 1 point per 1.00 EUR" in [change["words"] for change in plan["changes"]]


def test_without_a_database_the_way_out_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "loyalty_api", "migrate"], env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "LOYALTY_DATABASE_URL is not set" in done.stderr
    assert loyalty("postgresql://x@127.0.0.1:1/x", "program", "export", "a").returncode == 3
