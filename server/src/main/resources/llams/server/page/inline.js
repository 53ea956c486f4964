// What stands within a block: code, emphasis, links.

const MARK = /\\[!-\/:-@[-`{-~]|`+|\*+|_+|~~|!?\[|https?:\/\//g;
const LINK = /!?\[((?:[^[\]\\]|\\.)*)\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+"[^"]*")?\s*\)/y;
/** A link whose address is on its way. */
const LINK_BEGUN = /!?\[([^[\]]*)\]\([^)\s]*$/y;
const ADDRESS = /https?:\/\/[!#-&(-;=?-_a-z{}~]+/y;
const WORD = /[\p{L}\p{N}_]/u;
const SPACE = /\s/;
const TAGS = {"*": "em", "_": "em", "**": "strong", "__": "strong", "~~": "del"};

/**
 * The nodes of a block's text.
 *
 * @param isOpen whether more may follow at its end
 */
function inline(text, isOpen, depth = 0) {
  if (depth === DEEPEST) {
    return [visible(text)];
  }
  const nodes = [];
  const ends = new Ends(text);
  let done = 0;
  const put = (from, to, ...found) => {
    nodes.push(...(done < from ? [visible(text.slice(done, from))] : []), ...found);
    done = to;
  };
  MARK.lastIndex = 0;
  for (let found; (found = MARK.exec(text));) {
    const at = found.index;
    const mark = found[0];
    const next = mark[0] === "\\" ? {end: at + 2, nodes: [mark[1]]}
        : mark[0] === "`" ? codeAt(text, at, mark, ends, isOpen)
        : mark.endsWith("[") ? linkAt(text, at, isOpen, depth)
        : mark[0] === "h" ? addressAt(text, at)
        : emphasisAt(text, at, mark, ends, isOpen, depth);
    if (next) {
      put(at, next.end, ...next.nodes);
    }
    // The search is used by what stands within, too.
    MARK.lastIndex = next ? next.end : at + mark.length;
  }
  put(text.length, text.length);
  return nodes;
}

/** Where markers end. What was not found once is not looked for again, or many markers would take quadratic time. */
class Ends {
  constructor(text) {
    this.text = text;
    this.missing = new Set();
  }

  /** The first run of a character at or after `from` that `fits(start, length)`; -1 if there is none. */
  find(key, from, fits) {
    if (this.missing.has(key)) {
      return -1;
    }
    for (let at = this.text.indexOf(key[0], from); at >= 0;) {
      let end = at;
      while (this.text[end] === key[0]) {
        end++;
      }
      if (fits(at, end - at)) {
        return at;
      }
      at = this.text.indexOf(key[0], end);
    }
    this.missing.add(key);
    return -1;
  }
}

function codeAt(text, at, mark, ends, isOpen) {
  const from = at + mark.length;
  const end = ends.find(mark, from, (_, length) => length === mark.length);
  if (end < 0 && !(isOpen && mark.length < 3)) {
    return null;
  }
  const whole = text.slice(from, end < 0 ? undefined : end);
  // Blanks on both sides are there for backquotes within.
  const code = whole.trim() && whole.startsWith(" ") && whole.endsWith(" ") ? whole.slice(1, -1) : whole;
  return {end: end < 0 ? text.length : end + mark.length, nodes: code ? [element("code", {}, visible(code))] : []};
}

function emphasisAt(text, at, run, ends, isOpen, depth) {
  const mark = run.length >= 2 ? run.slice(0, 2) : run;
  const from = at + mark.length;
  const isWithinWord = at > 0 && WORD.test(text[at - 1]);
  if (run.length > 3 || from < text.length && SPACE.test(text[from]) || mark[0] === "_" && isWithinWord) {
    return null;
  }
  const start = ends.find(mark, at + run.length, (run, length) => !SPACE.test(text[run - 1])
      && (mark.length === 2 ? length >= 2 : length !== 2)
      && !(mark[0] === "_" && WORD.test(text[run + length] ?? "")));
  if (start >= 0) {
    let end = start;
    // Of three markers the outer ones end what began first.
    while (text[end + mark.length] === mark[0]) {
      end++;
    }
    return {end: end + mark.length, nodes: [element(TAGS[mark], {}, ...inline(text.slice(from, end), false, depth + 1))]};
  }
  if (!isOpen || isWithinWord) {
    return null;
  }
  const content = text.slice(from).replace(mark[0] === "~" ? /~$/ : /[*_]$/, "");
  return {end: text.length, nodes: content ? [element(TAGS[mark], {}, ...inline(content, true, depth + 1))] : []};
}

/** A link to the web; any other address stays the text that it is. Pictures are links: the page fetches none. */
function linkAt(text, at, isOpen, depth) {
  LINK.lastIndex = at;
  const found = LINK.exec(text);
  if (found) {
    const address = webAddress(found[2]);
    return address && {end: LINK.lastIndex, nodes: [link(address, ...inline(found[1], false, depth + 1))]};
  }
  LINK_BEGUN.lastIndex = at;
  const begun = isOpen && LINK_BEGUN.exec(text);
  return begun ? {end: text.length, nodes: inline(begun[1], false, depth + 1)} : null;
}

function addressAt(text, at) {
  ADDRESS.lastIndex = at;
  const found = ADDRESS.exec(text)?.[0] ?? "";
  const shown = found.slice(0, addressLength(found));
  const address = webAddress(shown);
  return address && {end: at + shown.length, nodes: [link(address, shown)]};
}

/** Without the sentence's own marks: a bracket that was opened before, punctuation at the end. */
function addressLength(found) {
  let open = 0;
  let end = 0;
  while (end < found.length && !(found[end] === ")" && open === 0)) {
    open += found[end] === "(" ? 1 : found[end] === ")" ? -1 : 0;
    end++;
  }
  while (end > 0 && ".,;:!?*_~".includes(found[end - 1])) {
    end--;
  }
  return end;
}

/** An address of the web in full; null if it is none. */
function webAddress(text) {
  const address = URL.canParse(text) ? new URL(text) : null;
  return address && ["http:", "https:"].includes(address.protocol) ? address.href : null;
}

function link(address, ...content) {
  return element("a", {href: address, title: address, target: "_blank", rel: "noopener noreferrer nofollow"}, ...content);
}
