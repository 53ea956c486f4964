// A model's Markdown as nodes of the page. Whatever the model writes becomes text of a node, never HTML.
//
// Emphasis is read more simply than CommonMark has it: a marker ends where no space stands before it. By CommonMark's
// rule "**서울(Seoul)**은" would not be bold, as there is no space after the particle's markers.

/** Lists and quotations in each other, at most; a model may write thousands of ">". */
const DEEPEST = 8;
const FENCE = /^ {0,3}(`{3,}|~{3,}) *([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^([ \t]*)([-*+]|\d{1,9}[.)])(?:[ \t]+|$)/;
const FIRST_ITEM = /^[ \t]*(?:[-*+]|1[.)])[ \t]/;
const TABLE_RULE = /^[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?[ \t]*)?$/;

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      node.addEventListener(key, value);
    } else if (value !== false && value !== null) {
      node.setAttribute(key, value === true ? "" : value);
    }
  }
  node.append(...children);
  return node;
}

/** Text whose control characters, and those that turn the direction of writing, are seen instead of obeyed. */
function visible(text) {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, character => {
    const code = character.charCodeAt(0);
    return code < 32 ? String.fromCharCode(0x2400 + code)
        : "⟨U+" + code.toString(16).toUpperCase().padStart(4, "0") + "⟩";
  });
}

/** Shows text that grows. What has not changed keeps its nodes, so that nothing flickers and selections last. */
class Markdown {
  constructor(root) {
    this.root = root;
    this.shown = [];
  }

  /** @param isOpen whether more may come: then a marker that nothing ends counts as ended by the text's end */
  show(text, isOpen) {
    const blocks = split(text.replaceAll("\r\n", "\n"), isOpen);
    blocks.forEach((block, at) => {
      const isLast = isOpen && at === blocks.length - 1;
      const source = isLast + block.kind + block.lines.join("\n");
      if (this.shown[at] === source) {
        return;
      }
      this.shown[at] = source;
      const old = this.root.children[at];
      if (!old) {
        this.root.append(render(block, isLast, 0));
      } else if (!(block.kind === "code" && old.refill?.(block))) {
        old.replaceWith(render(block, isLast, 0));
      }
    });
    this.shown.length = blocks.length;
    while (this.root.children.length > blocks.length) {
      this.root.lastChild.remove();
    }
  }
}

/** The blocks of a text: each with its kind and lines. */
function split(text, isOpen) {
  const lines = text.split("\n");
  if (isOpen && /^ *(`{1,2}|~{1,2})$/.test(lines.at(-1))) {
    // A fence that is on its way.
    lines.pop();
  }
  return splitLines(lines, isOpen);
}

function splitLines(lines, isOpen) {
  const blocks = [];
  for (let at = 0; at < lines.length;) {
    if (!lines[at].trim()) {
      at++;
      continue;
    }
    const block = blockAt(lines, at, isOpen);
    block.lines = lines.slice(at, block.end);
    blocks.push(block);
    at = block.end;
  }
  return blocks;
}

function blockAt(lines, at, isOpen) {
  const line = lines[at];
  if (FENCE.test(line)) {
    return {kind: "code", end: fenceEnd(lines, at)};
  }
  if (HEADING.test(line)) {
    return {kind: "heading", end: at + 1};
  }
  if (RULE.test(line)) {
    return {kind: "rule", end: at + 1};
  }
  if (QUOTE.test(line)) {
    return {kind: "quote", end: endOf(lines, at, next => QUOTE.test(next) || !starts(next))};
  }
  if (ITEM.test(line)) {
    return listAt(lines, at);
  }
  if (isTable(lines, at, isOpen)) {
    return {kind: "table", end: endOf(lines, at, next => next.includes("|"))};
  }
  return {kind: "paragraph", end: endOf(lines, at, next => !starts(next))};
}

/** Where the lines after `at` that fit end; an empty one never does. */
function endOf(lines, at, fits) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() && fits(lines[end])) {
    end++;
  }
  return end;
}

/** Whether a line begins a block even if a paragraph stands before it; "2024. 11. 29." in a text begins no list. */
function starts(line) {
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || FIRST_ITEM.test(line);
}

function fenceEnd(lines, at) {
  const mark = FENCE.exec(lines[at])[1];
  const end = lines.findIndex((line, number) => number > at && isFenceEnd(line, mark));
  return end < 0 ? lines.length : end + 1;
}

function isFenceEnd(line, mark) {
  const text = line.trim();
  return text.startsWith(mark) && text === mark[0].repeat(text.length);
}

function isTable(lines, at, isOpen) {
  if (!lines[at].includes("|")) {
    return false;
  }
  const isEnd = isOpen && lines[at].trim().startsWith("|") && at + 2 >= lines.length;
  const next = lines[at + 1] ?? "";
  return TABLE_RULE.test(next) || isEnd && /^[-:| \t]*$/.test(next);
}

function indent(line) {
  let columns = 0;
  for (const character of line) {
    if (character !== " " && character !== "\t") {
      break;
    }
    columns += character === "\t" ? 4 : 1;
  }
  return columns;
}

function dedent(line, columns) {
  let at = 0;
  for (let left = columns; left > 0 && (line[at] === " " || line[at] === "\t"); at++) {
    left -= line[at] === "\t" ? 4 : 1;
  }
  return line.slice(at);
}

/** A list: `items` has the lines of each item, without marker and indent. */
function listAt(lines, at) {
  const kindOf = line => /\d/.test(ITEM.exec(line)[2]);
  const list = {kind: "list", isOrdered: kindOf(lines[at]), start: parseInt(lines[at].trim(), 10), items: []};
  const margin = indent(lines[at]);
  let end = at;
  while (end < lines.length) {
    const line = lines[end];
    const isInner = indent(line) >= margin + 2;
    if (!line.trim()) {
      const next = lines.slice(end).find(later => later.trim());
      if (next === undefined || indent(next) < margin + 2 && !ITEM.test(next)) {
        break;
      }
      list.items.at(-1).push("");
    } else if (ITEM.test(line) && !isInner) {
      if (kindOf(line) !== list.isOrdered || RULE.test(line)) {
        break;
      }
      list.items.push([line.slice(ITEM.exec(line)[0].length)]);
    } else if (isInner || lines[end - 1].trim() && !starts(line)) {
      const first = ITEM.exec(lines[at])[0].length;
      list.items.at(-1).push(dedent(line, Math.min(indent(line), Math.max(first, margin + 2))));
    } else {
      break;
    }
    end++;
  }
  list.end = end;
  return list;
}

function render(block, isOpen, depth) {
  switch (block.kind) {
    case "code":
      return codeBlock(block);
    case "heading": {
      const [, marks, text] = HEADING.exec(block.lines[0]);
      return element("h" + Math.min(6, marks.length + 2), {}, ...inline(text?.trim() ?? "", isOpen));
    }
    case "rule":
      return element("hr");
    case "quote":
      return element("blockquote", {}, ...inner(block.lines.map(line => line.replace(QUOTE, "")), isOpen, depth));
    case "list":
      return element(block.isOrdered ? "ol" : "ul", {start: block.isOrdered && String(block.start)},
          ...block.items.map((lines, at) =>
              element("li", {}, ...inner(lines, isOpen && at === block.items.length - 1, depth))));
    case "table":
      return table(block.lines, isOpen);
    default:
      return element("p", {}, ...inline(block.lines.join("\n"), isOpen));
  }
}

function inner(lines, isOpen, depth) {
  if (depth === DEEPEST) {
    return [visible(lines.join("\n"))];
  }
  const blocks = splitLines(lines, isOpen);
  return blocks.map((block, at) => render(block, isOpen && at === blocks.length - 1, depth + 1));
}

function codeBlock(block) {
  const code = element("code");
  const language = element("span");
  const copy = element("button", {type: "button", click: () => copyText(code.raw, copy, code)}, "Copy");
  const node = element("figure", {class: "code"}, element("figcaption", {}, language, copy),
      element("pre", {tabindex: "0"}, code));
  node.refill = ({lines}) => {
    const [, mark, name] = FENCE.exec(lines[0]);
    const margin = indent(lines[0]);
    const isEnded = lines.length > 1 && isFenceEnd(lines.at(-1), mark);
    code.raw = lines.slice(1, isEnded ? -1 : undefined).map(line => dedent(line, margin)).join("\n");
    code.textContent = visible(code.raw);
    language.textContent = visible(name.trim());
    return true;
  };
  node.refill(block);
  return node;
}

function table(lines, isOpen) {
  const cells = line => line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "").split(/(?<!\\)\|/)
      .map(cell => cell.trim().replaceAll("\\|", "|"));
  const sides = cells(lines[1] ?? "").map(rule => rule.endsWith(":") ? rule.startsWith(":") ? "center" : "right" : null);
  const row = (line, name, isLast) => element("tr", {}, ...cells(line).map((cell, at, all) =>
      element(name, {class: sides[at] ?? null}, ...inline(cell, isLast && at === all.length - 1))));
  const body = lines.slice(2).map((line, at, all) => row(line, "td", isOpen && at === all.length - 1));
  return element("div", {class: "wide", tabindex: "0"},
      element("table", {}, element("thead", {}, row(lines[0], "th", isOpen)), element("tbody", {}, ...body)));
}
