// What a phone asks for.

const ACTIVITY = `
fragment Page on ActivityConnection {
  edges { node { __typename id kind points change text occurredAt balanceAfter { available } } }
  pageInfo { hasNextPage endCursor }
}`;

export const HOME = `
query Home {
  viewer {
    number
    profile { givenName familyName language }
    program { code name pointsName currency timeZone }
    points { available pending reserved lifetimeEarned }
    tier { code name since measure progress { next missing needs until keeps } }
    activity(first: 15) { ...Page }
    rewards(first: 50) { edges { node { code kind points amount percent amountMax note left automatic mayRedeem whyNot { code message } } } }
    setAside { redemptionId reward points amount expiresAt }
    coupons { code reward givenAt usedUp }
    notices { id kind text at points reward }
    advice { kind points reward insteadOf }
    card { qr barcode code { value qr } }
  }
}
${ACTIVITY}`;

export const MORE = `
query More($after: String) { viewer { activity(first: 15, after: $after) { ...Page } } }
${ACTIVITY}`;

/** What tells that something happened; the home screen is then read afresh. */
export const TOLD_LIVE = [
  "subscription { pointsChanged { available pending reserved lifetimeEarned } }",
  "subscription { tierChanged { code progress { missing } } }",
  "subscription { redemptionChanged { redemptionId status } }",
];

export const CODE = `query Code { viewer { card { qr barcode code { value qr } } } }`;

export const REDEEM = `
mutation Redeem($id: UUID!, $reward: String!, $atOnce: Boolean!) {
  redeemReward(id: $id, reward: $reward, atOnce: $atOnce) {
    __typename
    ... on Redeemed { redemptionId status reward points expiresAt coupon }
    ... on Refused { code message }
  }
}`;

export const SEEN = `
mutation Seen($id: UUID!, $notices: [ID!]!) {
  acknowledgeAdvice(id: $id, notices: $notices) { __typename ... on Refused { code message } }
}`;

export const CANCEL = `
mutation Cancel($id: UUID!, $redemption: UUID!) {
  cancelRedemption(id: $id, redemptionId: $redemption) { __typename ... on Refused { code message } }
}`;
