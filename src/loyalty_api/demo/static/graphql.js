// A phone's way to the GraphQL API: a member's token, refreshed before it runs out; what is sent may be sent again.

const KEPT = "phone-"; // + the sign-in: its newest refresh token, for every window of this browser
const EARLY_MS = 60_000;
const TRIES_MAX = 4;
const WAIT_MS = 300;

/** The sign-in has ended, or there never was one. */
export class SignedOut extends Error {}

/** What the API refused, in the words that it gave. */
export class Refused extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** The network or the server is away; what was sent may or may not have arrived. */
export class Away extends Error {}

export class Session {
  /** `given`: a refresh token that this window was opened with; null: go on with what it had before. */
  constructor(given) {
    const id = given ? signIn(given) : sessionStorage.getItem("phone-sign-in");
    if (!id) throw new SignedOut();
    sessionStorage.setItem("phone-sign-in", id);
    this.key = KEPT + id;
    if (given && !localStorage.getItem(this.key)) localStorage.setItem(this.key, given);
    this.access = null;
    this.until = 0;
  }

  /** A token that is good for another minute. Throws SignedOut, Away. */
  async token() {
    if (!this.access || performance.now() > this.until) {
      this.refreshing ??= this.refresh().finally(() => (this.refreshing = null));
      await this.refreshing;
    }
    return this.access;
  }

  /** Makes the next request ask for a fresh token. */
  doubt() {
    this.access = null;
  }

  async refresh() {
    const exchange = async () => {
      const answer = await send("/v1/tokens/refresh", {}, { refresh_token: localStorage.getItem(this.key) ?? "" });
      if (!answer.ok) return this.end();
      const told = await answer.json();
      localStorage.setItem(this.key, told.refresh_token);
      this.access = told.access_token;
      this.until = performance.now() + told.expires_in * 1000 - EARLY_MS;
    };
    // Two windows of one sign-in must not spend the same refresh token.
    await (navigator.locks ? navigator.locks.request(this.key, exchange) : exchange());
  }

  end() {
    localStorage.removeItem(this.key);
    sessionStorage.removeItem("phone-sign-in");
    throw new SignedOut();
  }

  /** The data of a document. Throws Refused, SignedOut, Away. */
  async ask(query, variables = {}) {
    let answer = await this.post(query, variables);
    if (answer.status === 401) {
      this.doubt();
      answer = await this.post(query, variables);
      if (answer.status === 401) this.end();
    }
    const body = await answer.json();
    const wrong = body.errors?.[0];
    if (wrong) throw new Refused(wrong.message, wrong.extensions?.code);
    if (!answer.ok) throw new Refused(body.detail ?? body.title, body.code);
    return body.data;
  }

  async post(query, variables) {
    return send("/graphql", { Authorization: `Bearer ${await this.token()}` }, { query, variables });
  }
}

/** Names the sign-in that a token belongs to; nobody believes it for more than that. */
function signIn(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).grant;
  } catch {
    throw new SignedOut();
  }
}

/** The answer; silence and 503 are tried again. */
async function send(path, headers, body) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const sent = { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
      const answer = await fetch(path, sent);
      if (answer.status !== 503) return answer;
    } catch {
      // as if it were 503
    }
    if (attempt === TRIES_MAX) throw new Away();
    await new Promise((done) => setTimeout(done, WAIT_MS * 2 ** attempt * (0.5 + Math.random())));
  }
}
