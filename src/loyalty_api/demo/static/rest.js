// A till's way to the REST API: every write carries a reference, so it may be sent again until it is answered.

const TRIES_MAX = 4;
const WAIT_MS = 300;

/** What the API refused, in the words that it gave. */
export class Refused extends Error {
  constructor(problem, status) {
    super(problem.errors?.map((each) => `${each.field}: ${each.message}`).join(", ") || problem.detail || problem.title);
    this.code = problem.code;
    this.status = status;
  }
}

/** The network or the server is away; what was sent may or may not have arrived. */
export class Away extends Error {}

export class Rest {
  constructor(key) {
    this.key = key;
  }

  get(path) {
    return this.call("GET", path);
  }

  post(path, body = undefined, headers = {}) {
    return this.call("POST", path, body, headers);
  }

  /** The answer's body. Throws Refused, or Away when nothing but silence and 503 came. */
  async call(method, path, body, headers = {}) {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.once(method, path, body, headers);
      if (answer && answer.status !== 503) return this.read(answer);
      if (attempt === TRIES_MAX) throw new Away("The server does not answer.");
      await new Promise((done) => setTimeout(done, WAIT_MS * 2 ** attempt * (0.5 + Math.random())));
    }
  }

  async once(method, path, body, headers) {
    const type = body === undefined ? {} : { "Content-Type": "application/json" };
    try {
      return await fetch(path, {
        method,
        headers: { Authorization: `Bearer ${this.key}`, ...type, ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch {
      return null;
    }
  }

  async read(answer) {
    const body = answer.status === 204 ? null : await answer.json();
    if (!answer.ok) throw new Refused(body, answer.status);
    return body;
  }
}
