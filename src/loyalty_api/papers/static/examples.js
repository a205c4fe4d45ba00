// What one may begin with.

export const EXAMPLES = [
  {
    name: "The home screen",
    query: `# Everything starts at the viewer: the member of the token.
query Home {
  viewer {
    number
    program { name pointsName }
    points { available pending reserved expiring(within: "P60D") { points at } }
    tier { name progress { next missing needs until } }
    activity(first: 5) { edges { node { text change occurredAt } } }
    advice { text }
  }
}
`,
  },
  {
    name: "Rewards, and why not",
    query: `query Rewards($filter: RewardFilter) {
  viewer {
    rewards(first: 20, filter: $filter) {
      edges { node { code kind points left mayRedeem whyNot { code message } } }
    }
    setAside { redemptionId reward points expiresAt }
    coupons { code reward usedUp }
  }
}
`,
    variables: `{ "filter": { "redeemable": true } }`,
  },
  {
    name: "Redeem a reward",
    query: `# The id is made by the phone for this one wish: sent again, it answers the same.
mutation Redeem($id: UUID!, $reward: String!) {
  redeemReward(id: $id, reward: $reward) {
    __typename
    ... on Redeemed { redemptionId status expiresAt balance { available reserved } }
    ... on Refused { code message }
  }
}
`,
    variables: `{ "id": "NEW-ID", "reward": "CODE-OF-A-REWARD" }`,
  },
  {
    name: "Points, live",
    query: `subscription Points {
  pointsChanged { available pending reserved }
}
`,
  },
  {
    name: "The card of the minute",
    query: `query Card {
  viewer { card { code { value expiresAt } } }
}
`,
  },
];
