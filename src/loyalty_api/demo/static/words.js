// What the phone says, in every language that the API speaks to members: same keys, same placeholders.

export const ENGLISH = {
  available: "available",
  pending: "{points} pending",
  reserved: "{points} set aside",
  number: "No. {number}",
  show: "Show the card",
  showing: "Hold this to the till’s scanner",
  hold: "Hold it to the till in the other window",
  minute: "A new code every minute: a picture of it is soon worth nothing.",
  close: "Close",
  live: "Live",
  away: "Connecting …",
  next: "{amount} to {tier}",
  highest: "Nothing above it. Enjoy.",
  keeps: "{amount} more by {day} keeps it",
  held: "Held until {day}",
  purchases: "{number} purchases",
  purchase: "1 purchase",
  expires: "{points} expire on {day}",
  reached: "{reward} is within reach",
  seen: "Seen",
  cheaper: "{reward} gives you as much as {other}, for {points} less",
  waiting: "Set aside for you",
  until: "until {time}",
  letGo: "Let go",
  ready: "Ready for you",
  saving: "Getting closer",
  noRewards: "This program has no rewards yet.",
  noReady: "Nothing in reach yet. The closest is below.",
  missing: "{points} to go",
  left: "{number} left",
  automatic: "comes by itself",
  atTill: "at the till, for as many as you like",
  redeem: "Redeem {reward}?",
  redeemLater: "{points} are set aside for you. The till takes them when you pay; until then you may let go of it.",
  redeemNow: "{points} are spent at once, and you get a code.",
  redeemGift: "{points} are given at once.",
  yes: "Redeem",
  no: "Not now",
  done: "{reward} is yours. Show your card when you pay.",
  doneNow: "{reward} is yours.",
  freed: "{reward} is let go; the points are yours again.",
  coupons: "Your codes",
  used: "used",
  copy: "Copy",
  copied: "Copied.",
  nothing: "Nothing has happened yet. Show your card at the till, and it begins.",
  more: "Older",
  today: "Today",
  yesterday: "Yesterday",
  card: "Card",
  rewards: "Rewards",
  history: "History",
  unreachable: "The club does not answer. What you see may be old.",
  again: "Try again",
  signedOut: "This phone belongs to nobody yet",
  signIn: "Find or enrol a member at the till, then tap “Open their phone” there.",
  toTill: "To the till",
  "kind.MONEY_OFF": "{amount} off your bill",
  "kind.PERCENT_OFF": "{percent}% off your bill",
  percentUpTo: "{percent}% off your bill, up to {amount}",
  "kind.FREE_PRODUCT": "on the house",
  "kind.COUPON": "a code for you",
  "kind.PAY_WITH_POINTS": "pay with points",
  "kind.DONATION": "a gift to somebody else",
  "kind.CUSTOM": "a treat",
};

export const GERMAN = {
  available: "verfügbar",
  pending: "{points} vorläufig",
  reserved: "{points} vorgemerkt",
  number: "Nr. {number}",
  show: "Karte zeigen",
  showing: "So an den Scanner der Kasse halten",
  hold: "An die Kasse im anderen Fenster halten",
  minute: "Jede Minute ein neuer Code: Ein Bild davon ist bald nichts mehr wert.",
  close: "Schließen",
  live: "Live",
  away: "Verbinde …",
  next: "noch {amount} bis {tier}",
  highest: "Höher geht es nicht. Viel Freude.",
  keeps: "noch {amount} bis {day}, dann bleibt sie",
  held: "Gilt bis {day}",
  purchases: "{number} Einkäufe",
  purchase: "1 Einkauf",
  expires: "{points} verfallen am {day}",
  reached: "{reward} ist in Reichweite",
  seen: "Gesehen",
  cheaper: "{reward} bringt so viel wie {other}, für {points} weniger",
  waiting: "Für dich vorgemerkt",
  until: "bis {time}",
  letGo: "Freigeben",
  ready: "Jetzt für dich",
  saving: "Bald so weit",
  noRewards: "Noch hat dieses Programm keine Prämien.",
  noReady: "Noch reicht es nicht. Die nächste steht unten.",
  missing: "noch {points}",
  left: "noch {number} da",
  automatic: "kommt von selbst",
  atTill: "an der Kasse, so viel du magst",
  redeem: "{reward} einlösen?",
  redeemLater: "{points} werden für dich vorgemerkt. Die Kasse nimmt sie beim Bezahlen; bis dahin kannst du sie freigeben.",
  redeemNow: "{points} werden gleich eingelöst, und du bekommst einen Code.",
  redeemGift: "{points} werden gleich verschenkt.",
  yes: "Einlösen",
  no: "Jetzt nicht",
  done: "{reward} gehört dir. Zeig beim Bezahlen deine Karte.",
  doneNow: "{reward} gehört dir.",
  freed: "{reward} ist freigegeben; die Punkte gehören wieder dir.",
  coupons: "Deine Codes",
  used: "benutzt",
  copy: "Kopieren",
  copied: "Kopiert.",
  nothing: "Noch ist nichts geschehen. Zeig deine Karte an der Kasse, dann geht es los.",
  more: "Ältere",
  today: "Heute",
  yesterday: "Gestern",
  card: "Karte",
  rewards: "Prämien",
  history: "Verlauf",
  unreachable: "Der Club antwortet nicht. Was du siehst, kann alt sein.",
  again: "Noch einmal",
  signedOut: "Dieses Telefon gehört noch niemandem",
  signIn: "Suche oder werbe an der Kasse ein Mitglied, dann tippe dort auf „Open their phone“.",
  toTill: "Zur Kasse",
  "kind.MONEY_OFF": "{amount} weniger auf der Rechnung",
  "kind.PERCENT_OFF": "{percent} % weniger auf der Rechnung",
  percentUpTo: "{percent} % weniger auf der Rechnung, höchstens {amount}",
  "kind.FREE_PRODUCT": "aufs Haus",
  "kind.COUPON": "ein Code für dich",
  "kind.PAY_WITH_POINTS": "mit Punkten bezahlen",
  "kind.DONATION": "ein Geschenk für andere",
  "kind.CUSTOM": "eine Freude",
};

const CATALOGUES = { en: ENGLISH, de: GERMAN };

/** Says things in one language, as the program writes points, money and days. */
export class Words {
  constructor(asked, program = null) {
    const language = String(asked).slice(0, 2).toLowerCase();
    this.language = language in CATALOGUES ? language : "en";
    this.locale = this.language === "en" ? "en-IE" : "de-DE";
    this.program = program;
  }

  say(key, values = {}) {
    return CATALOGUES[this.language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  number(number) {
    return new Intl.NumberFormat(this.locale).format(number);
  }

  points(number) {
    return `${this.number(number)} ${this.program.pointsName}`;
  }

  money(minor) {
    const format = new Intl.NumberFormat(this.locale, { style: "currency", currency: this.program.currency });
    return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
  }

  /** What tiers count: money, points or purchases. */
  amount(amount, measure) {
    if (measure === "SPEND") return this.money(amount);
    if (measure === "POINTS_EARNED") return this.points(amount);
    return amount === 1 ? this.say("purchase") : this.say("purchases", { number: this.number(amount) });
  }

  /** The last day of something that ends at an instant. */
  lastDay(instant) {
    const last = new Date(new Date(instant).getTime() - 1);
    const far = last - Date.now() > 300 * 86_400_000; // then the same date of this year may be meant
    return this.date(last, { day: "numeric", month: "long", ...(far && { year: "numeric" }) });
  }

  /** A day of the program's calendar, as it is written in a date without a time. */
  day(date) {
    const options = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
    return new Intl.DateTimeFormat(this.locale, options).format(new Date(`${date}T12:00:00Z`));
  }

  time(instant) {
    return this.date(instant, { hour: "2-digit", minute: "2-digit" });
  }

  /** Today, yesterday, or the date. */
  someDay(instant) {
    const options = { weekday: "short", day: "numeric", month: "long" };
    const [then, today, yesterday] = [instant, Date.now(), Date.now() - 86_400_000].map((each) =>
      this.date(each, { dateStyle: "short" }),
    );
    return then === today ? this.say("today") : then === yesterday ? this.say("yesterday") : this.date(instant, options);
  }

  date(instant, options) {
    return new Intl.DateTimeFormat(this.locale, { ...options, timeZone: this.program.timeZone }).format(new Date(instant));
  }

  /** A code as a name: `free-espresso` is a free espresso. */
  name(code) {
    const text = code.replace(/[-_]+/g, " ");
    return text[0].toUpperCase() + text.slice(1);
  }
}
