// The phone's screens, drawn from what the API told. Nothing here asks for anything: taps go to `taps`.

import { h } from "/demo/static/dom.js";

const GLYPHS = {
  EARN: "+", MATURE: "✓", RETURN: "↩", GIVE_BACK: "↩", REDEEM: "★", RESERVE: "☆", RELEASE: "↺", EXPIRE: "⌛",
  ADJUST: "✎", REVERSE: "✎", MERGE: "⇄", MOVE: "⇄", DEBT_PAID: "✓", IMPORT: "⇄",
}; // prettier-ignore
const REWARD_GLYPHS = {
  MONEY_OFF: "€", PERCENT_OFF: "%", FREE_PRODUCT: "☕", COUPON: "✂", PAY_WITH_POINTS: "⇄", DONATION: "♥", CUSTOM: "★",
}; // prettier-ignore

const NOTICES_MAX = 3;

/** An SVG that the API drew, shown as an image: it is never read as part of the page. */
export const image = (svg, alt, kind = "") =>
  h("img", { src: `data:image/svg+xml,${encodeURIComponent(svg)}`, alt, class: kind });

/** The code of the minute, or the number where none is signed. */
const codeOf = (card) => card.code?.qr ?? card.qr;

/** Shows the code of the minute wherever the card is shown. */
export function drawCode({ card }) {
  for (const shown of document.querySelectorAll("img.qr")) shown.src = image(codeOf(card), "").src;
}

export function cardScreen(home, words, taps) {
  return [cardOf(home, words, taps), notices(home, words, taps), tierOf(home, words), waiting(home, words, taps)];
}

function cardOf({ profile, number, points, tier, card }, words, taps) {
  const name = [profile.givenName, profile.familyName].filter(Boolean).join(" ");
  const chips = [
    points.pending ? words.say("pending", { points: words.number(points.pending) }) : null,
    points.reserved ? words.say("reserved", { points: words.number(points.reserved) }) : null,
  ].filter(Boolean);
  return h(
    "section",
    { class: `card ${tier?.code ?? ""}`, ariaLabel: words.say("card") },
    h("p", { class: "name" }, h("span", {}, name || words.program.name), tier && h("span", { class: "tier" }, tier.name)),
    h(
      "p",
      { class: "points" },
      h("b", { id: "available", data: { points: points.available } }, words.number(points.available)),
      h("span", {}, `${words.program.pointsName} ${words.say("available")}`),
    ),
    chips.length ? h("p", { class: "chips" }, chips.map((text) => h("span", {}, text))) : null,
    h(
      "button",
      { type: "button", class: "code", onclick: taps.show, data: { key: "show" } },
      image(codeOf(card), "", "qr"),
      h("span", {}, h("b", {}, words.say("show")), h("small", {}, words.say("number", { number }))),
    ),
  );
}

/** The most urgent first: what the member has not seen yet, then what would cost them less. */
function notices({ notices: unseen, advice }, words, taps) {
  const cheaper = advice.filter((each) => each.kind === "CHEAPER_REWARD");
  return [
    unseen.slice(0, NOTICES_MAX).map((each) =>
      h(
        "p",
        { class: "notice" },
        h("span", {}, notice(each, words)),
        h("button", { type: "button", ariaLabel: words.say("seen"), onclick: () => taps.seen(each), data: { key: each.id } }, "×"),
      ),
    ),
    cheaper.slice(0, 1).map((each) => h("p", { class: "notice" }, h("span", {}, lessFor(each, words)))),
  ];
}

function notice({ kind, text, points, at, reward }, words) {
  if (kind === "EXPIRING") return words.say("expires", { points: words.points(points), day: words.lastDay(at) });
  return kind === "REWARD" ? words.say("reached", { reward: words.name(reward) }) : text;
}

const lessFor = ({ reward, insteadOf, points }, words) =>
  words.say("cheaper", { reward: words.name(reward), other: words.name(insteadOf), points: words.points(points) });

function tierOf({ tier }, words) {
  if (!tier) return null;
  const { next, missing, needs, until, keeps } = tier.progress;
  const amount = (number) => words.amount(number, tier.measure);
  const kept = !until ? null : keeps ? words.say("keeps", { amount: amount(keeps), day: words.day(until) }) : words.say("held", { day: words.day(until) });
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, tier.name, next ? h("span", {}, words.name(next)) : null),
    next ? h("progress", { max: needs, value: needs - missing, ariaLabel: words.name(next) }) : null,
    h("p", {}, next ? words.say("next", { amount: amount(missing), tier: words.name(next) }) : words.say("highest")),
    kept ? h("p", { class: "soft" }, kept) : null,
  );
}

function waiting({ setAside }, words, taps) {
  if (!setAside.length) return null;
  const rows = setAside.map((each) =>
    h(
      "li",
      {},
      h("b", {}, words.name(each.reward)),
      h("span", { class: "soft" }, [words.points(each.points), each.expiresAt && words.say("until", { time: words.time(each.expiresAt) })].filter(Boolean).join(" · ")),
      h("button", { type: "button", onclick: () => taps.letGo(each), data: { key: each.redemptionId } }, words.say("letGo")),
    ),
  );
  return h("section", { class: "panel waiting" }, h("h2", {}, words.say("waiting")), h("ul", {}, rows));
}

export function rewardsScreen(home, words, taps) {
  const all = home.rewards.edges.map((edge) => edge.node);
  if (!all.length) return h("p", { class: "empty" }, words.say("noRewards"));
  const ready = all.filter((reward) => reward.mayRedeem);
  const others = all.filter((reward) => !reward.mayRedeem).sort((one, other) => (one.points ?? 0) - (other.points ?? 0));
  return [
    waiting(home, words, taps),
    h("h2", {}, words.say("ready")),
    ready.length ? h("ul", { class: "rewards" }, ready.map((reward) => rewardOf(reward, home, words, taps))) : h("p", { class: "soft" }, words.say("noReady")),
    others.length ? [h("h2", {}, words.say("saving")), h("ul", { class: "rewards" }, others.map((reward) => rewardOf(reward, home, words, taps)))] : null,
    couponsOf(home, words, taps),
  ];
}

/** What a reward gives, in a few words. */
const gives = (reward, words) =>
  reward.note ??
  words.say(reward.amountMax === null ? `kind.${reward.kind}` : "percentUpTo", {
    amount: words.money(reward.amount ?? reward.amountMax ?? 0),
    percent: words.number(reward.percent ?? 0),
  });

function rewardOf(reward, { points }, words, taps) {
  const asked = reward.mayRedeem && !reward.automatic && reward.points !== null;
  const missing = Math.max(0, (reward.points ?? 0) - points.available);
  const near = !reward.mayRedeem && reward.whyNot.code === "points.insufficient" && reward.points !== null;
  const about = [
    gives(reward, words),
    reward.automatic ? words.say("automatic") : null,
    reward.left === null ? null : words.say("left", { number: words.number(reward.left) }),
  ];
  const face = [
    h("span", { class: "glyph", ariaHidden: "true" }, REWARD_GLYPHS[reward.kind]),
    h("b", {}, words.name(reward.code)),
    h("span", { class: "price" }, reward.points === null ? "" : words.points(reward.points)),
    h("span", { class: "soft" }, reward.points === null ? words.say("atTill") : about.filter(Boolean).join(" · ")),
    near
      ? [h("progress", { max: reward.points, value: Math.max(0, points.available), ariaLabel: words.name(reward.code) }), h("small", {}, words.say("missing", { points: words.points(missing) }))]
      : reward.mayRedeem
        ? null
        : h("small", {}, reward.whyNot.message),
  ];
  return h(
    "li",
    {},
    asked
      ? h("button", { type: "button", class: "reward", onclick: () => taps.choose(reward), data: { key: reward.code } }, face)
      : h("div", { class: "reward" }, face),
  );
}

function couponsOf({ coupons }, words, taps) {
  if (!coupons.length) return null;
  const rows = coupons.map((each) =>
    h(
      "li",
      { class: each.usedUp ? "used" : "" },
      h("code", {}, each.code),
      h("span", { class: "soft" }, [words.name(each.reward), each.usedUp ? words.say("used") : null].filter(Boolean).join(" · ")),
      each.usedUp ? null : h("button", { type: "button", onclick: () => taps.copy(each.code), data: { key: each.code } }, words.say("copy")),
    ),
  );
  return [h("h2", {}, words.say("coupons")), h("ul", { class: "panel coupons" }, rows)];
}

export function historyScreen({ activity }, words, taps) {
  const nodes = activity.edges.map((edge) => edge.node);
  if (!nodes.length) return h("p", { class: "empty" }, words.say("nothing"));
  const days = Map.groupBy
    ? Map.groupBy(nodes, (node) => words.someDay(node.occurredAt))
    : nodes.reduce((found, node) => found.set(words.someDay(node.occurredAt), [...(found.get(words.someDay(node.occurredAt)) ?? []), node]), new Map());
  return [
    [...days].map(([day, these]) => [h("h2", {}, day), h("ul", { class: "panel history" }, these.map((node) => movement(node, words)))]),
    activity.pageInfo.hasNextPage ? h("button", { type: "button", class: "wide", onclick: taps.older, data: { key: "older" } }, words.say("more")) : null,
  ];
}

function movement(node, words) {
  const sign = node.change > 0 ? "plus" : node.change < 0 ? "minus" : "";
  const change = `${node.change > 0 ? "+" : node.change < 0 ? "−" : ""}${words.number(Math.abs(node.change))}`;
  return h(
    "li",
    { class: sign },
    h("span", { class: "glyph", ariaHidden: "true" }, GLYPHS[node.kind] ?? "·"),
    h("span", {}, node.text),
    h("b", {}, change),
    h("span", { class: "soft" }, `${words.time(node.occurredAt)} · ${words.points(node.balanceAfter.available)}`),
  );
}

/** The sheet that asks whether a reward is really wanted. */
export function redeemSheet(reward, words, { atOnce, yes, no }) {
  const key = !atOnce ? "redeemLater" : reward.kind === "DONATION" ? "redeemGift" : "redeemNow";
  return [
    h("span", { class: "glyph big", ariaHidden: "true" }, REWARD_GLYPHS[reward.kind]),
    h("h2", {}, words.say("redeem", { reward: words.name(reward.code) })),
    h("p", {}, words.say(key, { points: words.points(reward.points) })),
    h("button", { type: "button", class: "main", onclick: yes }, words.say("yes")),
    h("button", { type: "button", class: "quiet", onclick: no }, words.say("no")),
  ];
}

/** The card in the size of the screen, for the till's scanner. */
export function cardSheet({ number, card }, words, { hold, close }) {
  return [
    h("p", { class: "soft" }, words.say("showing")),
    h("div", { class: "paper" }, image(codeOf(card), words.say("number", { number }), "qr"), card.barcode && !card.code ? image(card.barcode, "") : null, h("b", {}, number)),
    card.code ? h("p", { class: "soft" }, words.say("minute")) : null,
    h("button", { type: "button", class: "main", onclick: hold }, words.say("hold")),
    h("button", { type: "button", class: "quiet", onclick: close }, words.say("close")),
  ];
}

export const strangersScreen = (words) =>
  h(
    "section",
    { class: "empty" },
    h("h2", {}, words.say("signedOut")),
    h("p", {}, words.say("signIn")),
    h("a", { href: "/demo/till", class: "main" }, words.say("toTill")),
  );
