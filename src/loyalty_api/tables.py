"""Every table of the product, so that migrations and tests see one ``metadata``."""

from __future__ import annotations

from loyalty_api.domain.access import model as access
from loyalty_api.domain.adjustments import model as adjustments
from loyalty_api.domain.claims import model as claims
from loyalty_api.domain.earning import model as earning
from loyalty_api.domain.engagement import model as engagement
from loyalty_api.domain.feed import model as feed
from loyalty_api.domain.lifecycle import model as lifecycle
from loyalty_api.domain.members import model as members
from loyalty_api.domain.notices import model as notices
from loyalty_api.domain.openings import model as openings
from loyalty_api.domain.operations import model as operations
from loyalty_api.domain.points import model as points
from loyalty_api.domain.programs import model as programs
from loyalty_api.domain.purchases import model as purchases
from loyalty_api.domain.rewards import model as rewards
from loyalty_api.domain.tiers import model as tiers
from loyalty_api.domain.webhooks import model as webhooks
from loyalty_api.insights import model as insights
from loyalty_api.kernel import outbox
from loyalty_api.kernel.database import metadata

__all__ = [
    "access",
    "adjustments",
    "claims",
    "earning",
    "engagement",
    "feed",
    "insights",
    "lifecycle",
    "members",
    "metadata",
    "notices",
    "openings",
    "operations",
    "outbox",
    "points",
    "programs",
    "purchases",
    "rewards",
    "tiers",
    "webhooks",
]
