"""`loyalty import`: validates first, brings every row in once, resumes, and hands back what was refused."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as parquet
import pytest
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

MAP = ("--map", "card_no=identifier:card", "--map", "shoe=attribute:shoe", "--map", "note=-")


def command(kind: str, file: Path, shop: Shop, *options: str) -> list[str]:
    address = ["--url", str(shop.http.base_url), "--key", shop.key, "--json"]
    return [sys.executable, "-m", "loyalty_api", "import", kind, str(file), *address, *options]


def run_import(kind: str, file: Path, shop: Shop, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code and JSON answer of the command."""
    done = subprocess.run(command(kind, file, shop, *options), capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def write_csv(file: Path, rows: list[dict[str, Any]]) -> Path:
    with file.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def write_rows(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def found(shop: Shop, card: str) -> list[dict[str, Any]]:
    return shop.call("POST", "/v1/members/search", {"identifier": f"card:{card}"}).json()["items"]


def balances(cards: list[str], count: int) -> list[dict[str, Any]]:
    """Opening balances of 1, 2, 3 … points, in turn for each card."""
    return [
        {
            "reference": f"old-{number}",
            "identifier:card": cards[number % len(cards)],
            "points": number,
            "earned_at": "2026-01-10T12:00:00Z",
        }
        for number in range(1, count + 1)
    ]


def kill_once_there_is(progress: Path, arguments: list[str]) -> None:
    """Runs the command until it has kept its progress for the first time."""
    first = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not progress.exists() and time.monotonic() < until:
        time.sleep(0.002)
    first.send_signal(signal.SIGKILL)
    first.communicate()


@pytest.fixture
def cards(shop: Shop) -> list[str]:
    return [shop.enrol()["card"].removeprefix("card:") for _ in range(5)]


def held(shop: Shop, cards: list[str]) -> int:
    return sum(found(shop, card)[0]["points"]["available"] for card in cards)


def test_members_come_in_once_with_their_profile_and_a_second_run_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    row = {"card_no": "81001", "given_name": "Ada", "birth_date": "1990-12-10", "shoe": "38", "note": "x"}
    rows = [row | {"enrolled_at": "2019-05-01T10:00:00Z"}, row | {"card_no": "81002", "given_name": ""}]
    file = write_csv(tmp_path / "members.csv", rows)
    code, told = run_import("members", file, shop, *MAP)
    assert (code, told) == (0, {"rows": 2, "recorded": 2, "replayed": 0, "refused": 0})
    (member,) = found(shop, "81001")
    assert member["profile"]["given_name"] == "Ada"
    assert member["attributes"] == {"shoe": "38"}
    assert member["enrolled_at"] == "2019-05-01T10:00:00Z"
    code, told = run_import("members", file, shop, *MAP, "--restart")
    assert (code, told["recorded"], told["replayed"]) == (0, 0, 2)


def test_a_dry_run_names_every_faulty_row_and_posts_nothing(shop: Shop, cards: list[str], tmp_path: Path) -> None:
    rows = balances(cards, 8)
    rows[1]["points"] = "many"
    rows[2]["points"] = 0
    rows[3]["earned_at"] = "last year"
    rows[4]["reference"] = ""
    rows[5]["identifier:card"] = ""
    file = write_csv(tmp_path / "balances.csv", rows)
    code, told = run_import("balances", file, shop, "--dry-run")
    assert (code, told["rows"], told["faulty"]) == (1, 8, 5)
    assert [each["line"] for each in told["faults"]] == [2, 3, 4, 5, 6]
    for each, name in zip(told["faults"], ("points", "points", "earned_at", "reference", "member"), strict=True):
        assert name in each["problem"]
    assert held(shop, cards) == 0
    assert [each.name for each in tmp_path.iterdir()] == ["balances.csv"]


def test_refused_rows_are_handed_back_and_come_in_once_they_are_mended(
    shop: Shop, cards: list[str], tmp_path: Path
) -> None:
    rows = balances(cards, 10)
    rows[3]["points"] = "many"
    rows[6]["identifier:card"] = "nobody"
    file = write_csv(tmp_path / "balances.csv", rows)
    code, told = run_import("balances", file, shop)
    assert (code, told["recorded"], told["refused"]) == (1, 8, 2)
    refused = tmp_path / "balances.refused.csv"
    with refused.open(newline="") as opened:
        left = list(csv.DictReader(opened))
    assert [each["line"] for each in left] == ["4", "7"]
    assert "points" in left[0]["problem"]
    assert left[1]["identifier:card"] == "nobody"
    left[0]["points"], left[1]["identifier:card"] = 4, cards[0]
    code, told = run_import("balances", write_csv(refused, left), shop)
    assert (code, told["recorded"]) == (0, 2)
    assert held(shop, cards) == sum(range(1, 11))


async def test_killed_in_the_middle_it_goes_on_and_brings_every_point_once(
    shop: Shop, cards: list[str], tmp_path: Path, database: Database
) -> None:
    file = write_csv(tmp_path / "balances.csv", balances(cards, 6000))
    progress = file.with_name("balances.csv.progress.json")
    kill_once_there_is(progress, command("balances", file, shop))
    assert 0 < json.loads(progress.read_text())["rows"] < 6000
    code, told = run_import("balances", file, shop)
    assert (code, told["rows"], told["recorded"] + told["replayed"]) == (0, 6000, 6000)
    assert held(shop, cards) == sum(range(1, 6001))
    progress.unlink()
    code, told = run_import("balances", file, shop)
    assert (code, told["recorded"], told["replayed"]) == (0, 0, 6000)
    assert held(shop, cards) == sum(range(1, 6001))
    assert (await verify(database)).findings == []


def test_purchases_come_in_with_their_lines_and_earn(shop: Shop, cards: list[str], tmp_path: Path) -> None:
    row = {"source": "old", "identifier:card": cards[0], "occurred_at": "2026-02-01T10:00:00Z", "currency": "EUR"}
    lines = [{"sku": "A", "amount_minor": 700}, {"sku": "B", "amount_minor": 300}]
    rows = [
        row | {"reference": "1", "total_minor": 1000, "lines": lines},
        row | {"reference": "2", "total_minor": 1001, "lines": lines},
        row | {"reference": "3", "total_minor": 500},
    ]
    file = write_rows(tmp_path / "purchases.ndjson", rows)
    code, told = run_import("purchases", file, shop)
    assert (code, told["recorded"], told["refused"]) == (1, 2, 1)
    left = json.loads((tmp_path / "purchases.refused.ndjson").read_text())
    assert (left["line"], "add up to 1000" in left["problem"]) == (2, True)
    assert held(shop, cards) == 15


def test_a_parquet_file_comes_in_as_a_csv_does(shop: Shop, cards: list[str], tmp_path: Path) -> None:
    rows = balances(cards, 12)
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "balances.parquet")
    code, told = run_import("balances", tmp_path / "balances.parquet", shop)
    assert (code, told["recorded"], told["refused"]) == (0, 12, 0)
    assert held(shop, cards) == sum(range(1, 13))
    code, told = run_import("balances", write_csv(tmp_path / "balances.csv", rows), shop)
    assert (code, told["recorded"], told["replayed"]) == (0, 0, 12)


def test_receipts_too_long_for_one_request_go_in_smaller_ones(shop: Shop, cards: list[str], tmp_path: Path) -> None:
    lines = [{"sku": "S" * 150, "amount_minor": 1}] * 1000
    row = {"identifier:card": cards[0], "occurred_at": "2026-02-01T10:00:00Z", "currency": "EUR"}
    rows = [row | {"reference": f"{number}", "total_minor": 1000, "lines": lines} for number in range(60)]
    code, told = run_import("purchases", write_rows(tmp_path / "purchases.ndjson", rows), shop)
    assert (code, told["recorded"]) == (0, 60)
    assert held(shop, cards) == 600


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.ndjson", b'{"reference": "1"\n', 1),
        ("a.ndjson", b"[1]\n", 1),
        ("a.ndjson", b'\xff{"reference": "1"}\n', 1),
        ("a.csv", b"reference,points\n1,2,3\n", 1),
        ("a.csv", b"reference;colour\n1;2\n", 1),
    ],
)
def test_a_row_that_cannot_be_read_is_a_fault_and_not_the_end(
    shop: Shop, tmp_path: Path, name: str, content: bytes, line: int
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    code, told = run_import("balances", file, shop, "--dry-run")
    assert (code, [each["line"] for each in told["faults"]]) == (1, [line])


@pytest.mark.parametrize("name", ["a.xlsx", "latin.csv"])
def test_a_file_that_cannot_be_read_is_told_in_one_sentence(shop: Shop, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"reference\nf\xfcnf\n")
    done = subprocess.run(command("balances", file, shop), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert name in done.stderr
    assert "Traceback" not in done.stderr
