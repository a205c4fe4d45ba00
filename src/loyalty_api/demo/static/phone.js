// A member's phone: the card, the points as they move, rewards and what became of them. It uses GraphQL alone.

import { CANCEL, CODE, HOME, MORE, REDEEM, SEEN, TOLD_LIVE } from "/demo/static/asked.js";
import { fragment, h, say, show } from "/demo/static/dom.js";
import { Away, Refused, Session, SignedOut } from "/demo/static/graphql.js";
import { cardScreen, cardSheet, drawCode, historyScreen, redeemSheet, rewardsScreen, strangersScreen } from "/demo/static/screens.js";
import { Words } from "/demo/static/words.js";
import { Live } from "/demo/static/ws.js";

const LOOK_AGAIN_MS = 10_000; // while nothing tells us that something happened
const TOGETHER_MS = 60; // within which what is told live is read once
const CODE_MS = 50_000; // a code is good for a minute
const AT_ONCE = new Set(["COUPON", "DONATION"]); // no till has to complete them
const SCREENS = { card: cardScreen, rewards: rewardsScreen, history: historyScreen };

const phone = { session: null, home: null, words: new Words(navigator.language), screen: "card", live: false };
const $ = (id) => document.getElementById(id);
const scanner = new BroadcastChannel("loyalty-demo-scanner"); // stands for the light between this screen and the till

/** Runs what a tap asks for; what goes wrong is said. */
const doing = (work) => async (event) => {
  event?.preventDefault?.();
  try {
    await work(event);
    trouble(null);
  } catch (error) {
    if (error instanceof SignedOut) strangers();
    else if (error instanceof Away) trouble(phone.words.say("unreachable"));
    else if (error instanceof Refused) say(error.message, "error");
    else throw error;
  }
};

async function start() {
  const given = fragment("token");
  history.replaceState(null, "", location.pathname); // a token does not stay in the address
  phone.session = new Session(given);
  await look();
  const lookNow = doing(look);
  addEventListener("focus", lookNow);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && lookNow());
  setInterval(doing(showNextCode), CODE_MS);
  setInterval(() => !phone.live && document.visibilityState === "visible" && lookNow(), LOOK_AGAIN_MS);
  listen(lookNow);
}

/** Hears what happens at the till while it happens; every subscription tells the present at once when it begins. */
function listen(lookNow) {
  const live = (phone.listening = new Live("/graphql", {
    token: () => phone.session.token(),
    doubt: () => phone.session.doubt(),
    state(on) {
      phone.live = on;
      drawLive();
      if (!on) lookNow(); // and says so, if nothing answers
    },
  }));
  let waiting;
  const told = () => {
    clearTimeout(waiting);
    waiting = setTimeout(lookNow, TOGETHER_MS);
  };
  for (const query of TOLD_LIVE) live.subscribe(query, told);
  live.now();
}

/** Reads everything afresh; older history that was opened stays open. */
async function look() {
  const { viewer } = await phone.session.ask(HOME);
  const before = phone.home;
  phone.words = new Words(viewer.profile.language ?? navigator.language, viewer.program);
  document.documentElement.lang = phone.words.language;
  document.title = viewer.program.name;
  phone.home = before ? { ...viewer, activity: joined(viewer.activity, before.activity) } : viewer;
  draw();
  if (before) move(before.points.available, viewer.points.available);
}

/** The newest page, and what was read behind it before. */
function joined(newest, before) {
  const last = newest.edges.at(-1)?.node.id;
  const at = before.edges.findIndex((edge) => edge.node.id === last);
  return at < 0 || at + 1 === before.edges.length ? newest : { edges: [...newest.edges, ...before.edges.slice(at + 1)], pageInfo: before.pageInfo };
}

async function older() {
  const { activity } = phone.home;
  const { viewer } = await phone.session.ask(MORE, { after: activity.pageInfo.endCursor });
  phone.home.activity = { edges: [...activity.edges, ...viewer.activity.edges], pageInfo: viewer.activity.pageInfo };
  draw();
}

function choose(reward) {
  const atOnce = AT_ONCE.has(reward.kind);
  const id = crypto.randomUUID(); // of this wish, however often it is sent
  const yes = doing(async () => {
    const { redeemReward: told } = await phone.session.ask(REDEEM, { id, reward: reward.code, atOnce });
    close();
    await look();
    if (told.__typename !== "Redeemed") throw new Refused(told.message, told.code);
    say(phone.words.say(atOnce ? "doneNow" : "done", { reward: phone.words.name(reward.code) }));
  });
  open(redeemSheet(reward, phone.words, { atOnce, yes, no: close }));
}

async function letGo({ redemptionId, reward }) {
  const { cancelRedemption: told } = await phone.session.ask(CANCEL, { id: crypto.randomUUID(), redemption: redemptionId });
  await look();
  if (told.__typename !== "Redeemed") throw new Refused(told.message, told.code);
  say(phone.words.say("freed", { reward: phone.words.name(reward) }));
}

async function seen({ id }) {
  const { acknowledgeAdvice: told } = await phone.session.ask(SEEN, { id: crypto.randomUUID(), notices: [id] });
  if (told.__typename !== "Acknowledged") throw new Refused(told.message, told.code);
  await look();
}

async function copy(code) {
  await navigator.clipboard.writeText(code);
  say(phone.words.say("copied"));
}

/** A picture of the card is soon worth nothing: it shows another code every minute, as long as somebody looks. */
async function showNextCode() {
  if (!phone.home?.card.code || document.visibilityState !== "visible") return;
  const { viewer } = await phone.session.ask(CODE);
  phone.home.card = viewer.card;
  drawCode(phone.home);
}

function showCard() {
  const hold = () => {
    scanner.postMessage(phone.home.card.code?.value ?? `number:${phone.home.number}`);
    close();
  };
  open(cardSheet(phone.home, phone.words, { hold, close }));
}

const taps = { show: showCard, choose, letGo: (each) => doing(() => letGo(each))(), seen: (each) => doing(() => seen(each))(), copy: (code) => doing(() => copy(code))(), older: doing(older) };

function open(...content) {
  show("sheet", ...content);
  $("sheet").showModal();
}

function close() {
  $("sheet").close();
}

// Everything that is shown, from what is known.

function draw() {
  const focused = document.activeElement?.dataset.key;
  show("screen", [SCREENS[phone.screen](phone.home, phone.words, taps)].flat(Infinity));
  $("program").textContent = phone.words.program.name;
  drawTabs();
  $("phone").ariaBusy = "false";
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function drawLive() {
  $("live").hidden = false;
  $("live").className = phone.live ? "on" : "";
  $("live").textContent = phone.words.say(phone.live ? "live" : "away");
}

function drawTabs() {
  const tab = (name) =>
    h("button", { type: "button", ariaCurrent: name === phone.screen ? "page" : "false", onclick: () => turn(name), data: { key: `tab-${name}` } }, phone.words.say(name));
  show("tabs", Object.keys(SCREENS).map(tab));
}

function turn(screen) {
  phone.screen = screen;
  draw();
  $("screen").scrollTo(0, 0);
}

/** The points run from what they were to what they are, and say by how much they moved. */
function move(from, to) {
  const place = $("available");
  if (!place || from === to) return;
  const change = h("span", { class: `change ${to > from ? "plus" : "minus"}` }, `${to > from ? "+" : "−"}${phone.words.number(Math.abs(to - from))}`);
  place.parentElement.append(change);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const began = performance.now();
  const step = (at) => {
    const part = Math.min(1, Math.max(0, (at - began) / 700));
    if ($("available") === place) place.textContent = phone.words.number(Math.round(from + (to - from) * (1 - (1 - part) ** 3)));
    if (part < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

function trouble(text) {
  const again = h("button", { type: "button", onclick: doing(look) }, phone.words.say("again"));
  show("trouble", text && [h("span", {}, text), again]);
}

function strangers() {
  phone.home = null;
  phone.listening?.stop();
  $("live").hidden = true;
  show("screen", strangersScreen(phone.words));
  show("tabs");
  show("trouble");
  $("phone").ariaBusy = "false";
}

$("sheet").addEventListener("click", (event) => event.target === $("sheet") && close());
doing(start)();
