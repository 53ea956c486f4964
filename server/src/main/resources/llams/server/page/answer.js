// An answer on the page: as Markdown, as plain text, or as tokens shaded by their probability.

/** Below these, a token is shaded more. */
const LEVELS = [0.8, 0.5, 0.2, 0.05];

class AnswerView {
  /** @param retry called to answer anew; null where that cannot be */
  constructor(answer, probabilities, retry) {
    this.answer = answer;
    this.probabilities = probabilities;
    this.body = element("div", {class: "body"});
    this.problem = element("p", {class: "problem", role: "alert"});
    this.about = element("span", {class: "about"});
    this.copy = element("button", {click: () => copyText(answer.text, this.copy, this.body)}, "Copy");
    this.buttons = element("span", {class: "buttons"}, this.copy,
        ...(retry ? [element("button", {click: retry}, "Retry")] : []));
    this.node = element("article", {class: "answer", "aria-label": "Answer of " + answer.model},
        element("h2", {}, visible(answer.model)), this.body, this.problem,
        element("div", {class: "foot"}, this.about, this.buttons));
    this.show();
  }

  /** Shows what has come since, with the next picture that the browser draws. */
  grow(then) {
    if (!this.frame) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.show();
        then();
      });
    }
  }

  show() {
    const {answer} = this;
    const hasTokens = this.probabilities && answer.pieces.length > 0;
    const kind = hasTokens ? TokenText : answer.isPlain ? PlainText : MarkdownText;
    if (!(this.text instanceof kind)) {
      this.body.replaceChildren();
      this.text = new kind(this.body);
    }
    this.text.show(answer);
    this.node.classList.toggle("open", answer.isOpen === true);
    this.problem.textContent = visible(answer.problem);
    const lacks = this.probabilities && !hasTokens && answer.text && !answer.isOpen;
    this.about.textContent = answer.about + (lacks ? " · made without probabilities" : "");
    this.buttons.hidden = answer.isOpen === true;
    this.copy.hidden = !answer.text;
  }
}

class MarkdownText {
  constructor(root) {
    this.markdown = new Markdown(root);
  }

  show({text, isOpen}) {
    this.markdown.show(text, isOpen === true);
  }
}

class PlainText {
  constructor(root) {
    this.node = root.appendChild(element("p"));
  }

  show({text}) {
    this.node.textContent = visible(text);
  }
}

class TokenText {
  constructor(root) {
    this.root = root.appendChild(element("p", {class: "tokens", keydown: event => this.move(event)}));
    this.count = 0;
  }

  /** A character of several tokens is one piece; so is text that was held back for a stop text. */
  show({pieces}) {
    for (; this.count < pieces.length; this.count++) {
      const piece = pieces[this.count];
      const likely = piece.steps.reduce((product, step) => product * step.p, 1);
      const level = piece.steps.length ? LEVELS.filter(bound => likely < bound).length : 0;
      // One of them can be reached by the Tab key, the others from there by arrows.
      this.root.append(element("span", {"data-level": String(level), tabindex: this.count ? "-1" : "0",
        "aria-describedby": "tip", mouseenter: event => showTip(event.target, piece), mouseleave: hideTip,
        focus: event => showTip(event.target, piece), blur: hideTip}, visible(piece.text)));
    }
  }

  move(event) {
    const to = {ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling"}[event.key];
    const next = to && event.target[to];
    if (next) {
      event.preventDefault();
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }
  }
}

/** What else might have stood in a piece's place, beside it. */
function showTip(target, piece) {
  const tip = document.getElementById("tip");
  tip.replaceChildren(...piece.steps.map(tipTable));
  tip.hidden = piece.steps.length === 0;
  placeTip(target);
}

function placeTip(target) {
  const tip = document.getElementById("tip");
  const place = target.getClientRects()[0] ?? target.getBoundingClientRect();
  // At the edge it would be narrow.
  tip.style.left = "0";
  const left = Math.min(place.left, innerWidth - tip.offsetWidth - 8);
  const isBelow = place.bottom + tip.offsetHeight + 8 < innerHeight;
  tip.style.left = Math.max(8, left) + "px";
  tip.style.top = Math.max(8, isBelow ? place.bottom + 4 : place.top - tip.offsetHeight - 4) + "px";
}

/** After scrolling: stays with a token that was walked to, and leaves one that was pointed at. */
function moveTip() {
  const token = document.activeElement.closest(".tokens span");
  token ? placeTip(token) : hideTip();
}

function hideTip() {
  document.getElementById("tip").hidden = true;
}

function tipTable(step) {
  const isAmong = step.top.some(([token]) => token === step.token);
  const rows = isAmong ? step.top : [...step.top, [step.token, step.p]];
  return element("table", {}, ...rows.map(([token, probability]) => {
    const bar = element("i");
    bar.style.width = Math.max(1, 60 * probability) + "px";
    return element("tr", {class: token === step.token && "chosen"}, element("th", {}, seen(token)),
        element("td", {}, percent(probability)), element("td", {}, bar));
  }));
}

/** A token with its blanks and line breaks to be seen. */
function seen(token) {
  return visible(token.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥")) || "(nothing)";
}

function percent(probability) {
  const value = 100 * probability;
  return value >= 0.1 ? value.toFixed(value >= 10 ? 0 : 1) + "%" : value >= 0.001 ? value.toFixed(3) + "%" : "<0.001%";
}

/** Copies, or where the browser allows that to safe places only, selects what would be copied. */
async function copyText(text, button, node) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(node);
    button.textContent = "Selected";
  }
  setTimeout(() => button.textContent = "Copy", 1500);
}
