// graphql-transport-ws: subscriptions that outlive their connection. https://github.com/enisdenjo/graphql-ws (PROTOCOL)

const PROTOCOL = "graphql-transport-ws";
const PING_MS = 20_000;
const ANSWER_MS = 10_000; // for an acknowledgement or a pong; then the connection is dead
const WAIT_MS = 500;
const WAIT_MS_MAX = 30_000;
const REFUSED = new Set([4401, 4403]); // the token is not good any more

export class Live {
  /** `token()`: a promise of a good token; `doubt()`: it was refused; `state(live)`: told whenever that changes. What
   * happened while it was away is not told again: read everything afresh when it is live. */
  constructor(path, { token, doubt, state }) {
    this.address = new URL(path, location.href.replace(/^http/, "ws")).href;
    Object.assign(this, { token, doubt, state, wanted: new Map(), tries: 0, live: false, socket: null });
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.now());
  }

  /** Calls `next(data)` for everything that the subscription tells, from now on. */
  subscribe(query, next) {
    const id = String(this.wanted.size + 1);
    this.wanted.set(id, { query, next });
    if (this.live) this.send({ id, type: "subscribe", payload: { query } });
  }

  /** Ends it for good. */
  stop() {
    this.ended = true;
    clearTimeout(this.waiting);
    this.socket?.close?.();
  }

  /** Connects without waiting any longer. */
  now() {
    clearTimeout(this.waiting);
    if (!this.socket && !this.ended) this.connect();
  }

  async connect() {
    this.socket = "opening";
    let token;
    try {
      token = await this.token();
    } catch {
      this.socket = null;
      return this.again();
    }
    const socket = (this.socket = new WebSocket(this.address, PROTOCOL));
    socket.onopen = () => {
      this.send({ type: "connection_init", payload: { Authorization: `Bearer ${token}` } });
      this.expect();
    };
    socket.onmessage = ({ data }) => this.hear(JSON.parse(data));
    socket.onclose = ({ code }) => this.lost(code);
  }

  hear({ id, type, payload }) {
    clearTimeout(this.silent);
    if (type === "connection_ack") return this.begin();
    if (type === "ping") return this.send({ type: "pong" });
    if (type === "next") return payload.data && this.wanted.get(id)?.next(payload.data);
    if (type === "complete") return this.socket.close(); // subscriptions have no end: begin anew
    if (type === "error") this.wanted.delete(id); // asked again, it would be refused again
  }

  begin() {
    this.tries = 0;
    for (const [id, { query }] of this.wanted) this.send({ id, type: "subscribe", payload: { query } });
    this.beat = setInterval(() => {
      this.send({ type: "ping" });
      this.expect();
    }, PING_MS);
    this.turn(true);
  }

  lost(code) {
    clearTimeout(this.silent);
    clearInterval(this.beat);
    this.socket = null;
    if (REFUSED.has(code)) this.doubt();
    this.turn(false);
    this.again();
  }

  again() {
    const wait = Math.min(WAIT_MS * 2 ** this.tries++, WAIT_MS_MAX) * (0.5 + Math.random());
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.now(), wait);
  }

  expect() {
    clearTimeout(this.silent);
    this.silent = setTimeout(() => this.socket?.close?.(), ANSWER_MS);
  }

  turn(live) {
    if (live === this.live) return;
    this.live = live;
    this.state(live);
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}
