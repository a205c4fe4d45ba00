// A till: scan a card, tap the menu, see what the bill earns, pay, return. It uses the public REST API alone.

import { clock, count, day, fragment, h, money, say, show } from "/demo/static/dom.js";
import { Away, Refused, Rest } from "/demo/static/rest.js";
import { Queue } from "/demo/static/queue.js";

const QUOTE_AFTER_MS = 200; // of the last tap
const RECEIPTS = 5;
const REDEMPTIONS = 20; // the latest, among which those are that wait for the till
const CARDS = 600; // of the sample's members, of which one is served "from the queue"

const till = { program: null, member: null, basket: [], redemptions: [], setAside: [], quote: null, receipts: [] };
const $ = (id) => document.getElementById(id);
let rest, queue, quoting;
const scanner = new BroadcastChannel("loyalty-demo-scanner"); // what a phone in another window holds to it

const source = () => `${$("store").value}/till-demo`;
const total = () => till.basket.reduce((sum, line) => sum + line.item.amount_minor * line.quantity, 0);
const off = () => till.redemptions.reduce((sum, each) => sum + (each.amount_minor ?? 0), 0);
const euros = (minor) => money(minor, till.program.currency);
/** A receipt's number, as a cashier would read it out. */
const number = () => `${new Date().toISOString().slice(2, 16).replace(/\D/g, "")}-${crypto.randomUUID().slice(0, 6).toUpperCase()}`;
const points = (number) => `${count(number)} ${till.program.points.name ?? "points"}`;

/** Runs what a tap asks for; what goes wrong is said in the API's own words. */
const doing = (work) => async (event) => {
  event?.preventDefault?.();
  try {
    await work(event);
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Away)) throw error;
    say(error.message, "error");
  }
};

async function start() {
  const key = fragment("key") ?? sessionStorage.getItem("till-key");
  if (!key) return say("This till has no key: open it by the link that `loyalty demo` prints.", "error");
  sessionStorage.setItem("till-key", key);
  rest = new Rest(key);
  queue = new Queue(rest, tellWaiting);
  const [program, menu] = await Promise.all([rest.get("/v1/program"), rest.get("/demo/menu.json")]);
  till.program = program.document ?? program;
  $("program").textContent = till.program.name ?? till.program.program;
  $("store").replaceChildren(...menu.stores.map((store) => h("option", {}, store)));
  show("menu", menu.items.map(tile));
  draw();
}

const tile = (item) =>
  h(
    "button",
    { type: "button", class: item.category, onclick: () => add(item) },
    h("b", {}, item.name),
    h("span", { class: "soft" }, h("span", {}, item.labels[0] ?? ""), h("span", {}, euros(item.amount_minor))),
  );

function add(item, change = 1) {
  const line = till.basket.find((each) => each.item.sku === item.sku);
  if (line) line.quantity += change;
  else till.basket.push({ item, quantity: 1 });
  till.basket = till.basket.filter((each) => each.quantity > 0);
  changed();
}

function changed() {
  till.quote = null;
  draw();
  clearTimeout(quoting);
  quoting = setTimeout(doing(quote), QUOTE_AFTER_MS);
}

/** The bill as a purchase or a quote says it. */
const bill = () => ({
  source: source(),
  member: { id: till.member.id },
  occurred_at: new Date().toISOString(),
  currency: till.program.currency,
  store: $("store").value,
  channel: "store",
  lines: till.basket.map(({ item, quantity }, index) => ({
    line: String(index + 1),
    sku: item.sku,
    category: item.category,
    labels: item.labels,
    kind: item.category === "gift" ? "gift_card" : "product",
    quantity,
    amount_minor: item.amount_minor * quantity,
  })),
  total_minor: total(),
  redemptions: till.redemptions.map((each) => each.id),
});

async function quote() {
  if (!till.member || !till.basket.length || $("offline").checked) return;
  const asked = JSON.stringify(till.basket);
  const told = await rest.post("/v1/quotes", bill());
  if (asked === JSON.stringify(till.basket)) till.quote = told;
  draw();
}

async function identify() {
  const text = $("card").value.trim();
  if (!text) return;
  const identifier = text.includes(":") ? text : /^(\+|00)/.test(text) ? `phone:${text}` : `card:${text}`;
  const found = await rest.post("/v1/members/search", { identifier });
  if (found.items.length) return serve(found.items[0]);
  Object.assign(till, { member: null, receipts: [], setAside: [] });
  draw();
  show(
    "member",
    h("div", { class: "advice" }, `Nobody is known by ${identifier}. `),
    h("button", { type: "button", onclick: doing(() => enrol(identifier)) }, "Enrol them now"),
  );
}

async function enrol(identifier) {
  const [kind, ...value] = identifier.split(":");
  const member = await rest.post("/v1/members", {
    identifiers: [{ kind, value: value.join(":") }],
    store: $("store").value,
  });
  say("Enrolled.");
  await serve(member);
}

async function serve(member) {
  till.member = member;
  $("card").value = "";
  await refresh();
  changed();
}

/** Reads the guest and their latest receipts again. */
async function refresh() {
  const id = till.member.id;
  const [member, receipts, redemptions] = await Promise.all([
    rest.get(`/v1/members/${id}`),
    rest.get(`/v1/purchases?member=${id}&limit=${RECEIPTS}`),
    rest.get(`/v1/redemptions?member=${id}&limit=${REDEMPTIONS}`),
  ]);
  if (till.member?.id !== id) return;
  const setAside = redemptions.items.filter((each) => each.status === "reserved");
  Object.assign(till, { member, receipts: receipts.items, setAside });
  draw();
}

async function reserve(reward) {
  const body = {
    reference: crypto.randomUUID(),
    source: source(),
    member: { id: till.member.id },
    reward: reward.code,
    purchase_preview: { total_minor: total() - off() },
    complete: false,
  };
  if (reward.pay_with_points) body.points = Math.max(till.member.points.available, reward.pay_with_points.min ?? 1);
  till.redemptions.push({ ...(await rest.post("/v1/redemptions", body)), reward: reward.code });
  await refresh();
  changed();
}

/** Opens the phone of the guest, as their app would be signed in by the back end of the shop. */
async function openPhone() {
  const { refresh_token: token } = await rest.post(`/v1/members/${till.member.id}/tokens`);
  window.open(`/demo/phone#token=${token}`, "_blank", "noopener,popup,width=412,height=860");
}

/** Puts what is set aside on the bill. */
function list(redemption) {
  till.redemptions.push(redemption);
  changed();
}

async function cancel(redemption) {
  await rest.post(`/v1/redemptions/${redemption.id}/cancel`);
  till.redemptions = till.redemptions.filter((each) => each !== redemption);
  await refresh();
  changed();
}

async function pay() {
  const purchase = { ...bill(), reference: number() };
  if ($("offline").checked) {
    queue.add(purchase);
    clear();
    return say("Kept in this till; it is sent once the till is online again.");
  }
  $("pay").disabled = true;
  try {
    const answer = await rest.post("/v1/purchases", purchase);
    clear();
    await refresh();
    receipt(answer);
  } catch (error) {
    if (!(error instanceof Away)) throw error;
    queue.add(purchase);
    clear();
    say("The server does not answer. The receipt is kept and sent again.", "error");
  } finally {
    draw();
  }
}

function clear() {
  Object.assign(till, { basket: [], redemptions: [], quote: null });
  draw();
}

const close = () => $("dialog").close();

function receipt(answer) {
  const moved = answer.tier?.changed ? h("p", { class: "advice" }, `Welcome to ${answer.tier.code}!`) : null;
  const earnings = answer.points.earnings.map((each) => h("li", {}, each.because, h("span"), h("b", {}, `+${count(each.points)}`)));
  show(
    "dialog",
    h("h2", {}, "Paid"),
    h("p", { class: "big pop" }, `+${points(answer.points.earned)}`),
    h("ul", {}, earnings),
    moved,
    h("p", { class: "soft" }, `${points(answer.balance.available)} now`),
    h(
      "div",
      { class: "row" },
      h("button", { type: "button", onclick: close }, "More for this guest"),
      h("button", { type: "button", class: "main", onclick: next }, "Next guest"),
    ),
  );
  $("dialog").showModal();
}

function next() {
  close();
  Object.assign(till, { member: null, receipts: [], setAside: [] });
  draw();
  $("card").focus();
}

function askReturn(purchase) {
  const inputs = purchase.lines.map((line) =>
    h("input", { type: "number", min: 0, max: line.quantity, value: 0, ariaLabel: `How many of ${line.sku}` }),
  );
  const rows = purchase.lines.map((line, index) =>
    h("li", {}, line.sku, inputs[index], h("span", { class: "soft" }, `of ${line.quantity}`)),
  );
  const some = doing(() => {
    const lines = purchase.lines
      .map((line, index) => ({ line: line.line, quantity: Number(inputs[index].value) }))
      .filter((line) => line.quantity > 0);
    return lines.length ? takeBack(purchase, { lines }) : say("Say how many of which.", "error");
  });
  show(
    "dialog",
    h("h2", {}, `What comes back of ${clock(purchase.occurred_at)}?`),
    h("ul", {}, rows),
    h(
      "div",
      { class: "row" },
      h("button", { type: "button", onclick: close }, "Nothing"),
      h("button", { type: "button", onclick: doing(() => takeBack(purchase, { all: true })) }, "All that is left"),
      h("button", { type: "button", class: "main", onclick: some }, "These"),
    ),
  );
  $("dialog").showModal();
}

async function takeBack(purchase, what) {
  const answer = await rest.post("/v1/returns", {
    reference: crypto.randomUUID(),
    source: source(),
    purchase: { id: purchase.id },
    occurred_at: new Date().toISOString(),
    ...what,
  });
  const given = answer.points.given_back ? h("p", {}, `${points(answer.points.given_back)} given back`) : null;
  show(
    "dialog",
    h("h2", {}, `${euros(answer.amount_minor)} back`),
    h("p", { class: "big less pop" }, `−${points(answer.points.taken_back)}`),
    given,
    h("p", { class: "soft" }, `${points(answer.balance.available)} now`),
    h("div", { class: "row" }, h("button", { type: "button", class: "main", onclick: close }, "Done")),
  );
  await refresh();
}

function tellWaiting(waiting, results) {
  $("waiting").textContent = waiting ? `${waiting} waiting` : "";
  if (!results) return;
  const bad = results.filter((each) => each.problem);
  if (bad.length) say(bad.map((each) => each.problem.detail).join(" "), "error");
  else say(`${results.length} sent, each counted once.`);
  if (till.member) doing(refresh)();
}

// Everything that is shown, from what is known.

function draw() {
  drawMember();
  drawReceipts();
  drawLines();
  drawQuote();
  drawRewards();
  const due = total() - off();
  $("pay").textContent = till.basket.length ? `Pay ${euros(due)}` : "Pay";
  $("pay").disabled = !till.member || !till.basket.length;
}

function drawMember() {
  const member = till.member;
  if (!member) return show("member");
  const { given_name: given, family_name: family } = member.profile;
  const held = member.tier;
  const above = held?.next && till.program.tiers.levels.find((level) => level.code === held.next.code);
  const progress = above
    ? [
        h("progress", { max: above.from, value: above.from - held.next.missing }),
        h("p", { class: "soft" }, `${till.program.tiers.measure === "spend" || !till.program.tiers.measure ? euros(held.next.missing) : count(held.next.missing)} to ${held.next.code}`),
      ]
    : null;
  const reserved = member.points.reserved ? `, ${count(member.points.reserved)} reserved` : "";
  const pending = member.points.pending ? `, ${count(member.points.pending)} pending` : "";
  show(
    "member",
    h(
      "div",
      { class: "who", data: { member: member.id } },
      h("h3", {}, [given, family].filter(Boolean).join(" ") || "Guest", held && h("span", { class: `chip ${held.code}` }, held.code)),
      h("p", { class: "points" }, count(member.points.available)),
      h("p", { class: "soft" }, `${till.program.points.name ?? "points"}${reserved}${pending} · no. ${member.number}`),
      progress,
      h("button", { type: "button", class: "link", onclick: doing(openPhone) }, "Open their phone"),
    ),
  );
}

function drawReceipts() {
  if (!till.receipts.length) return show("receipts");
  const items = till.receipts.map((each) =>
    h(
      "li",
      { class: each.status === "voided" ? "gone" : "" },
      h("span", {}, `${clock(each.occurred_at)} · ${euros(each.total_minor)}`),
      each.status === "voided" || !each.lines?.length
        ? null
        : h("button", { type: "button", onclick: () => askReturn(each) }, "Return"),
      h("span", { class: "soft" }, `+${points(each.points.earned)}${each.store ? ` · ${each.store}` : ""}`),
    ),
  );
  show("receipts", h("h3", {}, "Receipts"), h("ul", {}, items));
}

function drawLines() {
  const lines = till.basket.map(({ item, quantity }) =>
    h(
      "li",
      {},
      h(
        "span",
        { class: "amount" },
        h("button", { type: "button", ariaLabel: `One ${item.name} less`, onclick: () => add(item, -1) }, "−"),
        h("span", {}, count(quantity)),
        h("button", { type: "button", ariaLabel: `One ${item.name} more`, onclick: () => add(item) }, "+"),
      ),
      h("span", {}, item.name),
      h("span", {}, euros(item.amount_minor * quantity)),
    ),
  );
  const rewards = till.redemptions.map((each) =>
    h(
      "li",
      { class: "reward" },
      h("button", { type: "button", ariaLabel: `Cancel ${each.reward}`, onclick: doing(() => cancel(each)) }, "×"),
      h("span", {}, `${each.reward} · ${points(each.points)}${each.limited_by ? ` (limited: ${each.limited_by})` : ""}`),
      h("span", {}, each.amount_minor ? `−${euros(each.amount_minor)}` : ""),
    ),
  );
  show("lines", lines.length ? [lines, rewards] : h("li", { class: "none soft" }, "Nothing yet. Tap the menu."));
  show("totals", till.basket.length ? h("p", { class: "due" }, h("span", {}, "Total"), h("span", {}, euros(total() - off()))) : null);
}

function drawQuote() {
  const told = till.quote;
  if (!told) return show("quote", till.basket.length && !till.member ? h("p", { class: "soft" }, "Who is it? Scan a card to earn points.") : null);
  const earned = told.points.earnings.map((each) => h("li", {}, `${each.because}: +${count(each.points)}`));
  const others = told.points.not_fired.map((each) => h("li", {}, `${each.rule}: ${each.why}`));
  show(
    "quote",
    h(
      "div",
      { class: "earns" },
      h("b", {}, `Earns ${points(told.points.earned)}`),
      h("ul", {}, earned),
      others.length ? h("details", {}, h("summary", {}, "Why not more"), h("ul", {}, others)) : null,
    ),
    told.advice.map((each) => h("p", { class: "advice" }, each.text)),
  );
}

function drawRewards() {
  const waiting = till.setAside.filter((each) => !till.redemptions.some((listed) => listed.id === each.id));
  const aside = waiting.map((each) =>
    h("button", { type: "button", class: "aside", onclick: () => list(each) }, `Use ${each.reward}`),
  );
  const chosen = aside.length ? [h("h3", {}, "Set aside on their phone"), h("div", {}, aside)] : null;
  if (!till.quote) return show("rewards", chosen);
  const taken = new Set(till.redemptions.map((each) => each.reward));
  const buttons = (till.program.rewards ?? []).map((reward) => {
    const offered = till.quote.rewards.find((each) => each.reward === reward.code);
    const price = reward.points ? ` · ${count(reward.points)}` : "";
    return h(
      "button",
      {
        type: "button",
        disabled: !offered?.may_redeem || taken.has(reward.code),
        title: offered?.why_not ?? "",
        onclick: doing(() => reserve(reward)),
      },
      `${reward.code}${price}`,
    );
  });
  show("rewards", chosen, buttons.length ? [h("h3", {}, "Redeem"), h("div", {}, buttons)] : null);
}

$("identify").addEventListener("submit", doing(identify));
$("somebody").addEventListener("click", doing(() => {
  $("card").value = `4006381${String(Math.floor(Math.random() * CARDS)).padStart(6, "0")}`;
  return identify();
}));
scanner.addEventListener("message", doing(({ data }) => {
  $("card").value = data;
  return identify();
}));
$("pay").addEventListener("click", doing(pay));
$("offline").addEventListener("change", doing(() => ($("offline").checked ? null : queue.send())));
doing(start)();
