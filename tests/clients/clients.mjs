// What Apollo, urql and graphql-ws make of the service that SERVED names.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";

import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client/core/index.js";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries/index.js";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions/index.js";
import { relayStylePagination } from "@apollo/client/utilities/index.js";
import { Client, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { parse, print, separateOperations } from "graphql";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const { url, key, card, token } = JSON.parse(process.env.SERVED);
const { possibleTypes } = JSON.parse(readFileSync("possible.json"));
const documents = separateOperations(parse(readFileSync("documents.graphql", "utf8")));
const document = (name) => gql(print(documents[name]));
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const TOO_MUCH = `{ viewer { ${[...Array(31)].map((_, each) => `a${each}: number`).join(" ")} } }`;

const open = [];
after(() => open.forEach((each) => each.dispose()));

function socket(more = {}) {
  const address = `${url.replace("http", "ws")}/graphql`;
  open.push(createClient({ url: address, webSocketImpl: WebSocket, connectionParams: { token }, ...more }));
  return open.at(-1);
}

function apollo(requests = []) {
  const fetched = async (...asked) => {
    const answer = await fetch(...asked);
    requests.push(`${asked[1].method} ${answer.status}`);
    return answer;
  };
  const headers = { authorization: `Bearer ${token}` };
  const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
  const http = persisted.concat(new HttpLink({ uri: `${url}/graphql`, fetch: fetched, headers }));
  const isLive = ({ operationType }) => operationType === "subscription";
  const link = ApolloLink.split(isLive, new GraphQLWsLink(socket()), http);
  const fields = { activity: relayStylePagination(), rewards: relayStylePagination(["filter"]) };
  return new ApolloClient({ link, cache: new InMemoryCache({ possibleTypes, typePolicies: { Viewer: { fields } } }) });
}

async function buy(minor) {
  const body = { reference: randomUUID(), source: "a test", member: { identifier: card }, currency: "EUR" };
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const written = JSON.stringify({ ...body, occurred_at: new Date().toISOString(), total_minor: minor });
  const answer = await fetch(`${url}/v1/purchases`, { method: "POST", headers, body: written });
  return (await answer.json()).balance.available;
}

const until = async (holds) => {
  for (let tries = 0; !holds(); tries++) {
    assert(tries < 500, `never: ${holds}`);
    await new Promise((next) => setTimeout(next, 20));
  }
};

test("Apollo asks for everything there is, by hash and by GET once the text was sent", async () => {
  const requests = [];
  const client = apollo(requests);
  for (const fetchPolicy of ["network-only", "network-only"]) {
    const { data } = await client.query({ query: document("Home"), fetchPolicy });
    assert.equal(data.viewer.profile.givenName, "Ada");
    assert.equal(data.viewer.coupons.length, 1);
    assert.ok(data.viewer.activity.edges.some(({ node }) => node.__typename === "Adjustment"));
  }
  assert.deepEqual(requests, ["GET 200", "POST 200", "GET 200"]);
});

test("Apollo does everything there is, and tells success from refusals by type", async () => {
  const client = apollo();
  const doing = async (name, variables) => {
    const answer = await client.mutate({ mutation: document(name), variables: { id: randomUUID(), ...variables } });
    return Object.values(answer.data)[0];
  };
  const taken = await doing("Redeem", { reward: "two-off" });
  assert.deepEqual([taken.__typename, taken.status], ["Redeemed", "RESERVED"]);
  assert.ok(taken.viewer.setAside.some((each) => each.redemptionId === taken.redemptionId));
  assert.equal((await doing("Redeem", { reward: "mug" })).__typename, "PointsInsufficient");
  assert.equal((await doing("Redeem", { reward: "!" })).field, "reward");
  assert.equal((await doing("Cancel", { redemptionId: taken.redemptionId })).status, "CANCELLED");
  assert.equal((await doing("Cancel", { redemptionId: randomUUID() })).__typename, "RedemptionUnknown");
  assert.equal((await doing("Record", { kind: "app_open" })).points, 5);
  assert.equal((await doing("Record", { kind: "x" })).__typename, "EngagementNotAllowed");
  assert.equal((await doing("Update", { changes: { familyName: "Byron" } })).profile.familyName, "Byron");
  assert.equal((await doing("Update", { changes: { givenName: "" } })).field, "givenName");
  const given = await doing("Consents", { consents: [{ kind: "marketing.email", given: true }] });
  assert.equal(given.profile.consents[0].given, true);
  const { data } = await client.query({ query: document("Home") });
  const [seen, ...left] = data.viewer.notices.map((each) => each.id);
  const acknowledged = await doing("Acknowledge", { notices: [seen] });
  assert.deepEqual(acknowledged.notices.map((each) => each.id), left);
});

test("Apollo pages through the whole history with relayStylePagination", async () => {
  const asked = apollo().watchQuery({ query: document("Activity"), variables: { first: 10 } });
  const page = () => asked.getCurrentResult().data?.viewer?.activity;
  asked.subscribe(() => {});
  await until(() => page());
  while (page().pageInfo.hasNextPage) {
    const length = page().edges.length;
    await asked.fetchMore({ variables: { after: page().pageInfo.endCursor } });
    await until(() => page().edges.length > length);
  }
  assert.ok(page().edges.length > 30);
  assert.equal(new Set(page().edges.map(({ node }) => node.id)).size, page().edges.length);
});

test("what Apollo is told live moves what it shows, without asking again", async () => {
  const requests = [];
  const client = apollo(requests);
  const shown = client.watchQuery({ query: document("Home") });
  const points = () => shown.getCurrentResult().data?.viewer?.points?.available;
  shown.subscribe(() => {});
  await until(() => points() !== undefined);
  const told = [];
  for (const name of ["PointsLive", "TierLive"]) {
    client.subscribe({ query: document(name) }).subscribe((each) => told.push(each));
  }
  await until(() => told.length === 2);
  const asked = requests.length;
  const available = await buy(700);
  await until(() => points() === available);
  assert.equal(requests.length, asked);
});

test("urql persists by GET, and reads why it is refused", async () => {
  const fetchOptions = { headers: { authorization: `Bearer ${token}` } };
  const exchanges = [persistedExchange({ generateHash: async (text) => sha256(text) }), fetchExchange];
  const client = (more) => new Client({ url: `${url}/graphql`, fetchOptions, exchanges, ...more });
  const ask = (text, more) => client(more).query(gql(text), {});
  for (const _ of ["not known yet", "known"]) {
    assert.ok((await ask("query { viewer { id number } }")).data.viewer.number);
  }
  const codes = async (answer) => (await answer).error.graphQLErrors.map(({ extensions }) => extensions.code);
  assert.deepEqual(await codes(ask(TOO_MUCH)), ["graphql.beyond_limit"]);
  assert.deepEqual(await codes(ask("{ viewer { nothing } }")), ["graphql.invalid"]);
  assert.deepEqual(await codes(ask("{ viewer { number } }", { fetchOptions: {} })), ["access.token_refused"]);
});

test("graphql-ws connects again after a cut, and sees what it missed", async () => {
  const client = socket({ retryAttempts: 5 });
  const live = client.iterate({ query: "subscription { pointsChanged { available } }" });
  await live.next();
  client.terminate();
  const available = await buy(300);
  assert.equal((await live.next()).value.data.pointsChanged.available, available);
  await live.return();
  for (let times = 0; times < 20; times++) {
    const again = client.iterate({ query: "subscription { pointsChanged { available } }" });
    await again.next();
    await again.return();
  }
});

test("graphql-ws comes in with a fresh token after a refused one, and reads errors", async () => {
  const tokens = ["a stale one", token];
  const connectionParams = () => ({ token: tokens.shift() ?? token });
  const client = socket({ connectionParams, retryAttempts: 2, shouldRetry: () => true });
  assert.ok((await client.iterate({ query: "{ viewer { number } }" }).next()).value.data.viewer.number);
  const refused = (query, code) =>
    assert.rejects(client.iterate({ query }).next(), ([{ extensions }]) => extensions.code === code);
  await refused("subscription { nothing }", "graphql.invalid");
  await refused(TOO_MUCH, "graphql.beyond_limit");
});
