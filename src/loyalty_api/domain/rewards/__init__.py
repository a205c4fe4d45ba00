"""Rewards: what members get for their points, in one phase or two; coupons and their pools; stock.

Rank 6. Purchases complete redemptions and use coupons. Owns ``redemptions``, ``reward_stocks``, ``coupon_pools``,
``coupon_codes`` and ``coupon_uses``. Publishes ``reward.reserved``, ``reward.redeemed``, ``reward.cancelled``,
``reward.running_low``, ``coupon.issued`` and ``coupon.redeemed``.
"""
