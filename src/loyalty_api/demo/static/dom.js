// Elements, numbers and words, for every page of the demo. Text is always text: nothing here reads HTML.

/** An element: properties, `on…` listeners, `data`, then children (text, elements, arrays; null is nothing). */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "class") element.className = value;
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replaces what is shown in the element with this id. */
export function show(id, ...children) {
  document.getElementById(id).replaceChildren(...children.flat(Infinity).filter((child) => child));
}

export const money = (minor, currency) =>
  new Intl.NumberFormat("en-IE", { style: "currency", currency }).format(minor / 100);

export const count = (number) => new Intl.NumberFormat("en-IE").format(number);

export const day = (instant) => new Intl.DateTimeFormat("en-IE", { day: "numeric", month: "short" }).format(new Date(instant));

export const clock = (instant) =>
  new Intl.DateTimeFormat("en-IE", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(
    new Date(instant),
  );

/** A word of the page that goes away by itself; an error stays until the next. */
export function say(text, kind = "done") {
  const place = document.getElementById("said");
  place.replaceChildren(h("p", { class: kind }, text));
  clearTimeout(place.timer);
  if (kind === "done") place.timer = setTimeout(() => place.replaceChildren(), 5000);
}

/** The value behind `name=` in the address's fragment, which no server ever sees. */
export function fragment(name) {
  return new URLSearchParams(location.hash.slice(1)).get(name);
}
