"""What is kept with a decision, so that it can be worked out again and explained for ever."""

from __future__ import annotations

import msgspec

from loyalty_api.domain.earning.rules import Inputs


class Evidence(Inputs, frozen=True, omit_defaults=True):
    """The inputs of a decision and the rests that it left."""

    rests: dict[str, int] = msgspec.field(default_factory=dict)
