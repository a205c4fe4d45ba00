"""`loyalty replay`: resumes where it stopped, keeps what was refused, and never counts twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet as parquet
import pytest
from tests.make.purchase import make_purchase
from tests.make.shop import Shop

from loyalty_api.cli.local import free_port


def run_replay(file: Path, shop: Shop, *options: str, url: str | None = None) -> tuple[int, dict]:
    """The exit code and JSON answer of the command."""
    done = subprocess.run(command(file, shop, *options, url=url), capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def command(file: Path, shop: Shop, *options: str, url: str | None = None) -> list[str]:
    """The command line."""
    address = url or str(shop.http.base_url)
    arguments = ["replay", str(file), "--url", address, "--key", shop.key, "--json", *options]
    return [sys.executable, "-m", "loyalty_api", *arguments]


def write_rows(file: Path, rows: list[dict]) -> Path:
    """The rows as NDJSON."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def rows(shop: Shop) -> list[dict]:
    """Purchases of five members."""
    cards = [shop.enrol()["card"] for _ in range(5)]
    return [make_purchase(cards[number % 5], 100 * number) for number in range(1, 301)]


def points_in(shop: Shop) -> int:
    """All points that the shop's members hold."""
    items, cursor = [], ""
    while cursor is not None:
        page = shop.call("GET", f"/v1/purchases?limit=200{cursor and f'&cursor={cursor}'}").json()
        items, cursor = items + page["items"], page["next_cursor"]
    return sum(item["points"]["earned"] for item in items)


def test_every_row_is_recorded_once_and_a_second_run_has_nothing_left(
    shop: Shop, rows: list[dict], tmp_path: Path
) -> None:
    file = write_rows(tmp_path / "purchases.ndjson", rows)
    code, told = run_replay(file, shop)
    assert (code, told["recorded"], told["replayed"], told["refused"]) == (0, 300, 0, 0)
    code, told = run_replay(file, shop)
    assert (code, told["rows"], told["recorded"]) == (0, 300, 300), "the checkpoint remembers"
    assert points_in(shop) == sum(range(1, 301))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_sheet_is_replayed_row_by_row_too(shop: Shop, tmp_path: Path, kind: str) -> None:
    card = shop.enrol()["card"].removeprefix("card:")
    rows = [
        {
            "reference": f"S-{number}",
            "identifier:card": card,
            "occurred_at": "2026-02-01T10:00:00Z",
            "currency": "EUR",
            "total_minor": 100 * number,
        }
        for number in range(1, 21)
    ]
    rows[4]["currency"] = "euro"
    file = tmp_path / f"purchases.{kind}"
    if kind == "csv":
        head = ",".join(rows[0])
        file.write_text("\n".join([head, *(",".join(map(str, row.values())) for row in rows)]) + "\n")
    else:
        parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    code, told = run_replay(file, shop)
    assert (code, told["recorded"], told["refused"]) == (1, 19, 1)
    assert points_in(shop) == sum(range(1, 21)) - 5
    assert run_replay(file, shop)[1]["recorded"] == 19, "the checkpoint remembers"


def test_with_its_checkpoint_deleted_it_is_still_right(shop: Shop, rows: list[dict], tmp_path: Path) -> None:
    file = write_rows(tmp_path / "purchases.ndjson", rows)
    run_replay(file, shop)
    file.with_name(f"{file.name}.progress.json").unlink()
    code, told = run_replay(file, shop)
    assert (code, told["recorded"], told["replayed"]) == (0, 0, 300)
    assert points_in(shop) == sum(range(1, 301))


def test_refused_rows_are_kept_with_their_line_and_problem(shop: Shop, rows: list[dict], tmp_path: Path) -> None:
    rows[10]["currency"] = "USD"
    rows[20]["member"] = {"identifier": "card:nobody"}
    file = write_rows(tmp_path / "purchases.ndjson", rows)
    with file.open("a") as opened:
        opened.write("this is not JSON\n\n")
    code, told = run_replay(file, shop)
    assert (code, told["rows"], told["recorded"], told["refused"]) == (1, 301, 298, 3)
    refused = [json.loads(line) for line in (tmp_path / "purchases.ndjson.refused.ndjson").open()]
    assert [(each["line"], each["problem"]["code"]) for each in refused] == [
        (11, "purchase.wrong_currency"),
        (21, "member.not_found"),
        (301, "request.malformed"),
    ]
    assert refused[0]["row"]["reference"] == rows[10]["reference"]


def test_killed_in_the_middle_it_goes_on_where_it_was(shop: Shop, rows: list[dict], tmp_path: Path) -> None:
    more = [row | {"reference": f"{row['reference']}-{turn}"} for turn in range(10) for row in rows]
    file = write_rows(tmp_path / "purchases.ndjson", more)
    progress = file.with_name(f"{file.name}.progress.json")
    running = subprocess.Popen(command(file, shop), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while not progress.exists() and running.poll() is None:
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert 0 < json.loads(progress.read_bytes())["rows"] < 3000
    code, told = run_replay(file, shop)
    assert code == 0
    assert told["recorded"] + told["replayed"] == told["rows"] == 3000
    assert points_in(shop) == 10 * sum(range(1, 301))


def test_a_wrong_key_stops_it_with_a_sentence(shop: Shop, rows: list[dict], tmp_path: Path) -> None:
    file = write_rows(tmp_path / "purchases.ndjson", rows)
    line = command(file, shop)
    line[line.index(shop.key)] = "lk_wrong"
    line.remove("--json")
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "refuses the key" in done.stderr
    assert "nothing was left" not in done.stdout
    assert "Traceback" not in done.stderr


def test_the_same_file_to_another_program_is_posted_whole(
    make_shop: Callable[..., Shop], rows: list[dict], tmp_path: Path, shop: Shop
) -> None:
    file = write_rows(tmp_path / "purchases.ndjson", rows)
    run_replay(file, shop)
    other = make_shop()
    for card in {row["member"]["identifier"] for row in rows}:
        other.enrol(card)
    code, told = run_replay(file, other)
    assert (code, told["recorded"], told["replayed"]) == (0, 300, 0)
    assert points_in(other) == sum(range(1, 301))


def test_a_changed_last_row_is_noticed(shop: Shop, rows: list[dict], tmp_path: Path) -> None:
    file = write_rows(tmp_path / "purchases.ndjson", rows)
    run_replay(file, shop)
    rows[-1]["reference"] = rows[-1]["reference"].replace("R", "X")
    write_rows(file, rows)
    code, told = run_replay(file, shop)
    assert (code, told["recorded"], told["replayed"]) == (0, 1, 299)


@pytest.mark.parametrize("url", ["foo", "http://127.0.0.1:1", "http://"])
def test_a_wrong_address_is_told_at_once(shop: Shop, rows: list[dict], tmp_path: Path, url: str) -> None:
    file = write_rows(tmp_path / "purchases.ndjson", rows)
    line = command(file, shop, url=url)
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 3
    assert f"no server answers at {url.rstrip('/')}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_killed_in_the_middle_and_started_again_is_waited_for(
    start_api: Callable, database_url: str, shop: Shop, rows: list[dict], tmp_path: Path
) -> None:
    more = [row | {"reference": f"{row['reference']}-{turn}"} for turn in range(10) for row in rows]
    file = write_rows(tmp_path / "purchases.ndjson", more)
    progress = file.with_name(f"{file.name}.progress.json")
    port = free_port()
    api = start_api(database_url, port=port)
    line = command(file, shop, url=api.url)
    running = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    while not progress.exists() and running.poll() is None:
        time.sleep(0.02)
    api.process.kill()
    api.process.wait()
    assert running.poll() is None, "it was still posting"
    start_api(database_url, port=port)
    answer, _ = running.communicate(timeout=120)
    told = json.loads(answer)
    assert running.returncode == 0
    assert told["recorded"] + told["replayed"] == told["rows"] == 3000
    assert points_in(shop) == 10 * sum(range(1, 301))


def test_the_clock_follows_the_receipts_and_what_is_due_happens_between_their_days(
    make_shop: Callable[..., Shop], tmp_path: Path
) -> None:
    shop = make_shop(points={"expiry": {"days": 2}}, purchases={"before_enrolment": "earn", "late_days": 400})
    card = shop.enrol()["card"]
    instants = ["2026-03-27T08:00:00Z", "2026-03-27T22:59:00Z", "2026-03-28T23:00:00Z", "2026-03-28T09:00:00Z"]
    rows = [make_purchase(card, 1000, occurred_at=instant) for instant in [*instants, "2026-04-02T10:00:00+02:00"]]
    code, told = run_replay(write_rows(tmp_path / "days.ndjson", rows), shop, "--with-clock", "--concurrency", "4")
    assert (code, told["recorded"]) == (0, 5)
    assert shop.call("GET", "/v1/test-clock").json()["now"] == "2026-04-02T21:59:59Z"
    member = shop.call("POST", "/v1/members/search", {"identifier": card}).json()["items"][0]
    items = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
    assert [(each["kind"], each["recorded_at"]) for each in reversed(items)] == [
        ("earn", "2026-03-27T22:59:59Z"),
        ("earn", "2026-03-27T22:59:59Z"),
        ("expire", "2026-03-28T23:00:00Z"),
        ("expire", "2026-03-28T23:00:00Z"),
        ("earn", "2026-03-29T21:59:59Z"),
        ("earn", "2026-03-29T21:59:59Z"),
        ("expire", "2026-03-30T22:00:00Z"),
        ("expire", "2026-03-30T22:00:00Z"),
        ("earn", "2026-04-02T21:59:59Z"),
    ]


def test_a_live_programs_clock_follows_nobody(make_shop: Callable[..., Shop], tmp_path: Path) -> None:
    shop = make_shop(mode="live")
    file = write_rows(tmp_path / "days.ndjson", [make_purchase(shop.enrol()["card"], 1000)])
    done = subprocess.run(command(file, shop, "--with-clock"), capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "the clock cannot follow the receipts: The program" in done.stderr
