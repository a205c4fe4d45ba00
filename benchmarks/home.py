"""``python -m benchmarks.home``: the home screen of a phone over GraphQL, beside a REST handler written by hand.

Both answer the profile, the points and what expires, the tier and the way to the next, the last 10 activities and 10
rewards, to the same token. In turns, by 16 connections that wait for their answers. Writes build/home.json.
"""

from __future__ import annotations

import asyncio
import http.client
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

import click
import msgspec

from benchmarks.load import Load
from benchmarks.machine import machine_facts
from benchmarks.phones import Member, sign_in
from benchmarks.purchases import Cards, Requests
from benchmarks.report import Ratio, judge, result
from benchmarks.rounds import Figures, Variant, take_turns
from benchmarks.served import HOST, Served
from benchmarks.shop import FIRST_CARD, PROGRAM
from benchmarks.stage import Stage
from loyalty_api.domain.access.issue_key import issue_key
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database

SECRET = "a secret of the bench and of nobody else"
MEMBERS, PURCHASES, CONNECTIONS = 200, 12, 16
REWARDS = [{"code": f"off-{n}", "points": 100 * n, "money_off": {"amount_minor": 100 * n}} for n in range(1, 11)]
_UVICORN = (
    "uvicorn",
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--no-access-log",
    "--no-proxy-headers",
    "--no-server-header",
)
REST = *_UVICORN, "--factory", "benchmarks.rest_home:create", "--port"
GRAPHQL_HOME, REST_HOME = "graphql.home", "graphql.rest"
OVER = Ratio("graphql_home_over_rest", "GraphQL's CPU over REST's", "cpu_us", GRAPHQL_HOME, REST_HOME, must=6, aim=3)
HOME = """
query Home {
  viewer {
    number
    profile { givenName familyName email phone birthDate language enrolledAt }
    points { available pending reserved lifetimeEarned expiring(within: "P90D") { points at } }
    tier { code name since progress { next missing until keeps } }
    activity(first: 10) {
      edges { node { id kind points text occurredAt balanceAfter { available pending reserved } } }
    }
    rewards(first: 10) { edges { node { code kind points left mayRedeem whyNot { code message } } } }
  }
}
"""
BUILD = Path(__file__).parents[1] / "build"


@click.command()
@click.option("--seconds", default=3, show_default=True, type=click.IntRange(1), help="Of one turn.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Behind the warm-up.")
def main(seconds: int, rounds: int) -> None:
    """Measures, prints and writes build/home.json."""
    with Stage(members=MEMBERS) as stage:
        figures = measure_home(stage, seconds=seconds, rounds=rounds)
        machine = asyncio.run(machine_facts(stage.url("postgres")))
    judged = judge(figures, [OVER])
    content = result(figures, judged, machine=machine)
    click.echo(msgspec.json.format(msgspec.json.encode(content["graphql"] | content["verdicts"]), indent=2).decode())
    BUILD.mkdir(exist_ok=True)
    (BUILD / "home.json").write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")


def measure_home(stage: Stage, *, seconds: float, rounds: int) -> dict[str, list[Figures]]:
    """The figures of both ways, behind the warm-up, on a database of their own."""
    stage.copy({"home"})
    url = stage.url("home")
    with ExitStack() as opened:
        product = opened.enter_context(Served(url, settings={"LOYALTY_TOKEN_SECRETS": SECRET}))
        rest = opened.enter_context(Served(url, REST, settings={"LOYALTY_TOKEN_SECRETS": SECRET}))
        asyncio.run(_offer(url, product.port))
        _buy(stage, product.port)
        members = asyncio.run(sign_in(url, SECRET, first_card=FIRST_CARD, count=MEMBERS))
        ways = {
            GRAPHQL_HOME: (product, [_graphql(each) for each in members]),
            REST_HOME: (rest, [_rest(each) for each in members]),
        }
        _check_same(*(_first_answer(served.port, requests[0]) for served, requests in ways.values()))
        variants = [
            Variant(
                name,
                "home",
                opened.enter_context(Load((HOST, served.port), cycle(requests), connections=CONNECTIONS, expected=200)),
                served.process_id,
            )
            for name, (served, requests) in ways.items()
        ]
        figures = take_turns(
            variants,
            postgres=stage.server.process_id,
            seconds=seconds,
            rounds=rounds,
            say=lambda _: None,
            tick=lambda: None,
        )
    return {name: each[1:] for name, each in figures.items()}


async def _offer(url: str, port: int) -> None:
    """Publishes the bench's program with rewards."""
    database = await Database.open(url, pool_size=1)
    try:
        async with database.reader() as connection:
            program_id = await connection.fetchval("SELECT program_id FROM programs")
        issued = await database.write(
            lambda connection: issue_key(connection, program_id=program_id, name="bench", scopes=["admin"], now=now())
        )
    finally:
        await database.close()
    body = msgspec.json.encode({"document": PROGRAM | {"rewards": REWARDS}})
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    headers = {"authorization": f"Bearer {issued.key}", "content-type": "application/json"}
    connection.request("POST", "/v1/program/publish", body, headers)
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    connection.close()


def _buy(stage: Stage, port: int) -> None:
    """So many purchases of each member."""
    requests = Requests(stage.shop, HOST, now(), Cards(FIRST_CARD, MEMBERS))
    with Load((HOST, port), requests, connections=1) as till:
        for number in range(MEMBERS * PURCHASES):
            requests.cards = Cards(FIRST_CARD + number % MEMBERS, 1)
            till.once()


def _graphql(member: Member) -> bytes:
    body = msgspec.json.encode({"query": HOME})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {member.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _rest(member: Member) -> bytes:
    return f"GET /home HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {member.token}\r\n\r\n".encode()


def _first_answer(port: int, request: bytes) -> Any:
    with Load((HOST, port), iter([request]), connections=1, expected=200) as one:
        return msgspec.json.decode(one.once().partition(b"\r\n\r\n")[2])


def _check_same(graphql: Any, rest: Any) -> None:
    """Raises AssertionError when the two do not tell the same."""
    assert "errors" not in graphql, graphql
    told = graphql["data"]["viewer"]
    assert told["number"] == rest["number"]
    assert told["points"]["available"] == rest["points"]["available"] > 0
    assert len(told["points"]["expiring"]) == len(rest["expiring"])
    assert told["tier"]["code"] == rest["tier"]["code"]
    activities = [each["node"] for each in told["activity"]["edges"]]
    assert [each["text"] for each in activities] == [each["text"] for each in rest["activity"]]
    assert len(activities) == 10
    rewards = [each["node"] for each in told["rewards"]["edges"]]
    assert [(each["code"], each["mayRedeem"]) for each in rewards] == [
        (each["code"], each["may_redeem"]) for each in rest["rewards"]
    ]
    assert len(rewards) == 10


if __name__ == "__main__":
    main()
