// Browses the schema that the service tells of itself.

const REF = `
fragment Ref on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
}`;
export const INTROSPECTION = `
query Schema {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name description
      fields(includeDeprecated: true) {
        name description type { ...Ref }
        args { name description defaultValue type { ...Ref } }
      }
      inputFields { name description defaultValue type { ...Ref } }
      enumValues(includeDeprecated: true) { name description }
      possibleTypes { name }
    }
  }
}
${REF}`;

const written = (type) =>
  type.kind === "NON_NULL" ? `${written(type.ofType)}!` : type.kind === "LIST" ? `[${written(type.ofType)}]` : type.name;
const named = (type) => (type.ofType ? named(type.ofType) : type.name);

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.flat().filter(Boolean));
  return made;
}

export class Browser {
  constructor(place, back, find) {
    Object.assign(this, { place, back, find, types: new Map(), trail: [] });
    back.addEventListener("click", () => {
      this.trail.pop();
      this.draw();
    });
    find.addEventListener("input", () => this.draw());
  }

  /** Shows the schema of an introspection. */
  show(schema) {
    this.types = new Map(schema.types.filter((type) => !type.name.startsWith("__")).map((type) => [type.name, type]));
    this.roots = [schema.queryType, schema.mutationType, schema.subscriptionType].filter(Boolean).map((type) => type.name);
    this.draw();
  }

  tell(text) {
    this.place.replaceChildren(element("p", {}, text));
  }

  open(name) {
    this.trail.push(name);
    this.find.value = "";
    this.draw();
  }

  draw() {
    if (!this.types.size) return;
    const text = this.find.value.trim().toLowerCase();
    this.back.hidden = !this.trail.length;
    this.place.scrollTo(0, 0);
    if (text) this.place.replaceChildren(...this.found(text));
    else if (this.trail.length) this.place.replaceChildren(...this.type(this.types.get(this.trail.at(-1))));
    else this.place.replaceChildren(...this.start());
  }

  link(name) {
    return this.types.has(name) ? element("button", { type: "button", onclick: () => this.open(name) }, name) : name;
  }

  ref(type) {
    const [before, after] = written(type).split(named(type));
    return [before, this.link(named(type)), after];
  }

  start() {
    const roots = this.roots.map((name) => element("li", {}, element("code", {}, this.link(name)), this.about(this.types.get(name))));
    const others = [...this.types.keys()].filter((name) => !this.roots.includes(name)).sort();
    return [
      element("h2", {}, "Begin here"),
      element("ul", {}, roots),
      element("h2", {}, "All types"),
      element("ul", {}, others.map((name) => element("li", {}, element("code", {}, this.link(name)), this.about(this.types.get(name))))),
    ];
  }

  type(type) {
    const rows = [...(type.fields ?? []), ...(type.inputFields ?? [])].map((field) => this.field(field));
    const values = (type.enumValues ?? []).map((value) => element("li", {}, element("code", {}, value.name), this.about(value)));
    const possible = (type.possibleTypes ?? []).map((each) => element("li", {}, element("code", {}, this.link(each.name))));
    return [element("h2", {}, type.name), this.about(type), element("ul", {}, [...rows, ...values, ...possible])];
  }

  field(field, owner = null) {
    const args = (field.args ?? []).flatMap((arg, index) => [
      index ? ", " : "",
      `${arg.name}: `,
      ...this.ref(arg.type),
      arg.defaultValue === null ? "" : ` = ${arg.defaultValue}`,
    ]);
    const name = owner ? [this.link(owner), "."] : [];
    return element(
      "li",
      {},
      element("code", {}, ...name, field.name, ...(args.length ? ["(", ...args, ")"] : []), ": ", ...this.ref(field.type)),
      this.about(field),
      ...(field.args ?? []).filter((arg) => arg.description).map((arg) => element("p", {}, `${arg.name}: ${arg.description}`)),
    );
  }

  about({ description }) {
    return description ? element("p", {}, description) : null;
  }

  found(text) {
    const types = [...this.types.values()].filter((type) => type.name.toLowerCase().includes(text));
    const fields = [...this.types.values()].flatMap((type) =>
      (type.fields ?? []).filter((field) => field.name.toLowerCase().includes(text)).map((field) => this.field(field, type.name)),
    );
    if (!types.length && !fields.length) return [element("p", {}, "Nothing is called that.")];
    return [element("ul", {}, types.map((type) => element("li", {}, element("code", {}, this.link(type.name)), this.about(type)))), element("ul", {}, fields)];
  }
}
