"""How webhooks say no."""

from __future__ import annotations

from loyalty_api.kernel.refusals import Kind, Refusal


class WebhookNotFound(Refusal):
    """The program has no such webhook."""

    kind = Kind.MISSING
    code = "webhook.not_found"
    title = "No such webhook"


class DeliveryNotFound(Refusal):
    """The webhook has no such delivery, or not any more."""

    kind = Kind.MISSING
    code = "webhook.delivery_not_found"
    title = "No such delivery"


class TooManyWebhooks(Refusal):
    """The program has as many webhooks as it may."""

    kind = Kind.CONFLICT
    code = "webhook.too_many"
    title = "There are too many webhooks"


class WebhookOff(Refusal):
    """The webhook is switched off, so nothing can be sent again."""

    kind = Kind.CONFLICT
    code = "webhook.off"
    title = "This webhook is switched off"


class TooMuchToReplay(Refusal):
    """More deliveries than may be sent again at a time."""

    kind = Kind.CONFLICT
    code = "webhook.too_much_to_replay"
    title = "That is too much to replay at once"
