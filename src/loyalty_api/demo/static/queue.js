// Receipts of a till that is offline: kept in the browser, sent as one batch, each under the reference it got at once.

const KEPT = "till-queue";

export class Queue {
  /** `tell(waiting, results?)` is called whenever something was added or sent. */
  constructor(rest, tell) {
    this.rest = rest;
    this.tell = tell;
    this.purchases = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    tell(this.purchases.length);
  }

  add(purchase) {
    this.purchases.push(purchase);
    this.keep();
    this.tell(this.purchases.length);
  }

  /** Sends all of them. A receipt that was sent before is answered the same, so sending twice does no harm. */
  async send() {
    if (!this.purchases.length) return;
    const sent = this.purchases;
    const { results } = await this.rest.post("/v1/purchases/batch", sent);
    this.purchases = this.purchases.slice(sent.length);
    this.keep();
    this.tell(this.purchases.length, results);
  }

  keep() {
    localStorage.setItem(KEPT, JSON.stringify(this.purchases));
  }
}
