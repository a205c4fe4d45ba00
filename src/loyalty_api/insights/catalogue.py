"""The catalogue: every metric by its slug. A family of metrics is a file in ``metrics``; this is the one registry."""

from __future__ import annotations

from loyalty_api.insights.metric import Metric
from loyalty_api.insights.metrics import lapse, members, points, purchases, repeat, retention, tiers

METRICS: dict[str, Metric] = {
    metric.slug: metric
    for family in (
        *(purchases.METRICS, members.METRICS, retention.METRICS, lapse.METRICS, repeat.METRICS),
        *(points.METRICS, tiers.METRICS),
    )
    for metric in family
}
GROUPS = ("tier", "store", "cohort", "employee")
