// Colours of GraphQL and JSON, as spans of text: nothing here reads HTML.

const GRAPHQL =
  /(?<remark>#[^\n]*)|(?<text>"""[^]*?"""|"(?:\\.|[^"\\\n])*")|(?<variable>\$\w+)|(?<number>-?\b\d[\d.eE+-]*\b)|(?<word>\b(?:query|mutation|subscription|fragment|on|true|false|null)\b|@\w+)|(?<name>\b[A-Za-z_]\w*\b)/g;
const JSON_TEXT =
  /(?<name>"(?:\\.|[^"\\])*"(?=\s*:))|(?<text>"(?:\\.|[^"\\])*")|(?<number>-?\b\d[\d.eE+-]*\b)|(?<word>\b(?:true|false|null)\b)/g;

function paint(text, pattern) {
  const painted = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    const [kind, part] = Object.entries(match.groups).find(([, found]) => found !== undefined);
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = part;
    painted.append(text.slice(from, match.index), span);
    from = match.index + part.length;
  }
  painted.append(text.slice(from));
  return painted;
}

export const paintQuery = (text) => paint(text, GRAPHQL);
export const paintAnswer = (value) => paint(JSON.stringify(value, null, 2), JSON_TEXT);
