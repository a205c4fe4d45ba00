"""``python -m benchmarks.insight``: how quickly events become figures and reach others, and how long it takes to fit
what a million members are worth, judged. Writes build/insight.json.
"""

from __future__ import annotations

import statistics
from typing import Any

import click
from tests.make.buyers import buyers_of

from benchmarks.projection import projection_figures
from benchmarks.relay import relay_figures
from benchmarks.report import Judged, Ratio
from benchmarks.stage import Stage
from benchmarks.webhook import MEMBERS as WEBHOOK_MEMBERS
from benchmarks.webhook import judge_webhook, measure_webhook, webhook_figures
from benchmarks.written import BUILD, write_json
from loyalty_api.insights.buying import Buying, fit_buying, grouped
from loyalty_api.kernel.clock import monotonic

MEMBERS, FITS = 1_000_000, 3
PROJECTED = Ratio(
    "insight_projection_per_second",
    "rows of events that become figures (a second)",
    "per_second",
    "projection",
    None,
    must=5_000,
    aim=10_000,
    at_least=True,
)
RELAYED = Ratio(
    "insight_relay_over_purchase",
    "the relay's CPU over a purchase's",
    "cpu_us",
    "relay",
    "purchase",
    must=0.15,
    aim=0.1,
)
FITTED = Ratio(
    "insight_bgnbd_million_seconds", "BG/NBD over a million members (s)", "seconds", "bgnbd", None, must=10, aim=5
)


@click.command()
def main() -> None:
    """Measures, prints and writes build/insight.json."""
    figures, judged = measure_insight()
    told = {"insight": figures, "verdicts": {each.ratio.key: each.verdict for each in judged}}
    write_json(BUILD / "insight.json", told)
    click.echo((BUILD / "insight.json").read_text())


def measure_insight(*, purchase_cpu_us: float | None = None) -> tuple[dict[str, Any], list[Judged]]:
    """All figures by their keys, and what they must be. ``purchase_cpu_us``: what a purchase costs, which the relay is
    judged by."""
    relay, projection = relay_figures(), projection_figures()
    with Stage(members=WEBHOOK_MEMBERS) as stage:
        told = measure_webhook(stage)
    fits = [bgnbd_million_seconds() for _ in range(FITS)]
    fitted = statistics.median(fits)
    figures: dict[str, Any] = {
        "relay": relay,
        "projection": projection,
        "webhook": webhook_figures(told),
        "bgnbd_million_seconds": round(fitted, 3),
    }
    rate = float(projection["per_second"])
    judged = [
        Judged(PROJECTED, rate, rate, rate),
        judge_webhook(told),
        Judged(FITTED, fitted, min(fits), max(fits)),
    ]
    if purchase_cpu_us is not None:
        share = relay["cpu_us"] / purchase_cpu_us
        relay["cpu_over_purchase"] = round(share, 3)
        judged.insert(0, Judged(RELAYED, share, share, share))
    return figures, judged


def bgnbd_million_seconds() -> float:
    """From a row per member to the parameters of BG/NBD: buyers like those of CDNOW, watched for 18 months."""
    bought = buyers_of(MEMBERS, r=0.243, alpha=4.414, a=0.793, b=2.426)
    started = monotonic()
    found = fit_buying(grouped(bought.repeats, bought.last_days, bought.days))
    took = monotonic() - started
    assert isinstance(found, Buying), found
    return took


if __name__ == "__main__":
    main()
