// Asks /graphql as a member's phone does, shows what comes back, and what may be asked.

import { EXAMPLES } from "/papers/examples.js";
import { paintAnswer, paintQuery } from "/papers/paint.js";
import { Browser, INTROSPECTION } from "/papers/schema.js";

const SHOWN_MAX = 50; // messages of a subscription that stay in sight
const $ = (id) => document.getElementById(id);
const browser = new Browser($("shown"), $("back"), $("find"));
let running = null;

function state(text, wrong = false) {
  $("state").textContent = text;
  $("state").className = wrong ? "wrong" : "";
}

/** What is asked, as clients send it; null: the variables are not JSON, and that is said. */
function asked() {
  const text = $("variables").value.trim();
  $("variables").className = "";
  try {
    return { query: $("query").value, ...(text ? { variables: JSON.parse(text) } : {}) };
  } catch (error) {
    $("variables").className = "wrong";
    state(`The variables are not JSON: ${error.message}`, true);
    return null;
  }
}

/** The token to send: a refresh token is exchanged for the first access token, as a phone does. */
async function token() {
  const given = $("token").value.trim();
  if (kindOf(given) !== "refresh") return given;
  const body = JSON.stringify({ refresh_token: given });
  const answer = await fetch("/v1/tokens/refresh", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  if (!answer.ok) return given;
  $("token").value = (await answer.json()).access_token;
  sessionStorage.setItem("explorer-token", $("token").value);
  return $("token").value;
}

function kindOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).aud;
  } catch {
    return null;
  }
}

async function post(body) {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${await token()}` };
  const answer = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

async function run() {
  if (running) return running.close();
  const body = asked();
  if (!body) return;
  if (/^\s*subscription\b/m.test(body.query)) return listen(body);
  const began = performance.now();
  state("…");
  try {
    const told = await post(body);
    $("answer").replaceChildren(paintAnswer(told.body));
    const cost = told.body.extensions?.cost;
    const took = `${Math.round(performance.now() - began)} ms${cost ? ` · cost ${cost.requested} of ${cost.max}` : ""}`;
    state(`${told.status} · ${took}`, !!(told.body.errors || told.status >= 400));
    if (told.status < 400) readSchema();
  } catch {
    state("The service does not answer.", true);
  }
}

/** Shows what a subscription tells, the newest first, until it is stopped. */
async function listen(payload) {
  const messages = [];
  const authorization = `Bearer ${await token()}`;
  running = new WebSocket(new URL("/graphql", location.href.replace(/^http/, "ws")), "graphql-transport-ws");
  $("run").textContent = "Stop";
  $("run").className = "running";
  $("answer").replaceChildren();
  state("Listening …");
  running.onopen = () => running.send(JSON.stringify({ type: "connection_init", payload: { Authorization: authorization } }));
  running.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "connection_ack") running.send(JSON.stringify({ id: "1", type: "subscribe", payload }));
    else if (message.type === "ping") running.send(JSON.stringify({ type: "pong" }));
    else if (message.type === "next" || message.type === "error") {
      messages.unshift(message.payload);
      messages.length = Math.min(messages.length, SHOWN_MAX);
      $("answer").replaceChildren(...messages.flatMap((each) => [paintAnswer(each), "\n\n"]));
      state(`Listening … ${messages.length} so far`);
      if (message.type === "error") running.close();
    }
  };
  running.onclose = ({ code, reason }) => {
    running = null;
    $("run").className = "";
    $("run").replaceChildren("Run ", Object.assign(document.createElement("kbd"), { textContent: "Ctrl ⏎" }));
    state(reason ? `${code} · ${reason}` : "Stopped", !!reason);
  };
}

async function readSchema() {
  if (browser.types.size) return;
  if (!$("token").value.trim()) return browser.tell("With a member token, the schema is shown here.");
  const { status, body } = await post({ query: INTROSPECTION });
  if (body.data?.__schema) return browser.show(body.data.__schema);
  if (status === 401) return browser.tell("This token is not good any more.");
  browser.tell(`Introspection is switched off here, or refused: ${body.errors?.[0].message ?? body.detail}`);
}

function paint() {
  $("painted").replaceChildren(paintQuery($("query").value), "\n");
  $("painted").scrollTop = $("query").scrollTop;
}

function begin({ query, variables = "" }) {
  $("query").value = query;
  $("variables").value = variables.replace("NEW-ID", crypto.randomUUID());
  paint();
}

function indent(event) {
  if (event.key !== "Tab" || event.shiftKey || event.altKey || event.ctrlKey) return;
  event.preventDefault(); // Shift+Tab leaves the editor
  $("query").setRangeText("  ", $("query").selectionStart, $("query").selectionEnd, "end");
  paint();
}

$("examples").replaceChildren(...EXAMPLES.map((each, index) => new Option(each.name, String(index))));
$("examples").addEventListener("change", () => begin(EXAMPLES[Number($("examples").value)]));
$("query").addEventListener("input", paint);
$("query").addEventListener("scroll", paint);
$("query").addEventListener("keydown", indent);
$("run").addEventListener("click", run);
$("signing-in").addEventListener("submit", (event) => event.preventDefault());
$("token").addEventListener("change", () => {
  sessionStorage.setItem("explorer-token", $("token").value.trim());
  readSchema();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) history.replaceState(null, "", location.pathname); // a token does not stay in the address
$("token").value = given ?? sessionStorage.getItem("explorer-token") ?? "";
begin(EXAMPLES[0]);
readSchema();
