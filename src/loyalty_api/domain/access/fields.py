"""The rows of the access table for GraphQL: every field, each of which a member asks of themselves.

The token says who the member is; no field and no argument can name another. A test compares this with the real schema.
"""

from __future__ import annotations

_FIELDS = {
    "Acknowledged": "notices",
    "Activity": "id kind points change text occurredAt recordedAt balanceAfter",
    "ActivityConnection": "edges pageInfo",
    "ActivityEdge": "cursor node",
    "Adjustment": "id kind points change text occurredAt recordedAt balanceAfter adjustmentId",
    "Balance": "available pending reserved",
    "Card": "qr barcode code",
    "CardCode": "value expiresAt qr",
    "Consent": "kind given decidedAt",
    "Coupon": "code reward redemptionId givenAt usedUp",
    "Earning": "rule points",
    "Engagement": "id kind points change text occurredAt recordedAt balanceAfter engagementId event earnings",
    "ExpiringPoints": "points at",
    "Expiry": "id kind points change text occurredAt recordedAt balanceAfter",
    "Hindrance": "code message",
    "IdReused": "code message",
    "InputInvalid": "code message field",
    "MemberPoints": "available pending reserved lifetimeEarned expiring",
    "Mutation": "redeemReward cancelRedemption updateProfile setConsents acknowledgeAdvice",
    "Notice": "id kind text at points tier reward",
    "OtherMovement": "id kind points change text occurredAt recordedAt balanceAfter",
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
    "PointsInsufficient": "code message",
    "Profile": "givenName familyName email phone birthDate language enrolledAt consents",
    "ProfileUpdated": "profile",
    "Program": "code name pointsName currency timeZone",
    "Purchase": "id kind points change text occurredAt recordedAt balanceAfter purchaseId reference earnings",
    "Query": "viewer",
    "Redeemed": "redemptionId status reward points amount expiresAt coupon balance",
    "Redemption": "id kind points change text occurredAt recordedAt balanceAfter redemptionId reward",
    "RedemptionClosed": "code message",
    "RedemptionUnknown": "code message",
    "Refused": "code message",
    "Reward": "code kind points amount left automatic mayRedeem whyNot",
    "RewardConnection": "edges pageInfo",
    "RewardEdge": "cursor node",
    "RewardGone": "code message",
    "RewardHadEnough": "code message",
    "RewardUnavailable": "code message",
    "SetAside": "redemptionId reward points amount expiresAt",
    "Subscription": "pointsChanged tierChanged redemptionChanged",
    "Tier": "code name since measure progress",
    "TierProgress": "next missing needs until keeps",
    "Viewer": "number profile program points tier activity rewards setAside coupons notices card",
}
MEMBERS_OWN = frozenset(f"{kind}.{field}" for kind, fields in _FIELDS.items() for field in fields.split())
