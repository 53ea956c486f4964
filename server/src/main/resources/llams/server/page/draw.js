// The page's parts as nodes, made anew whenever something other than an answer's text has changed.

/** The answers on the page, by what they show. */
let views = new Map();

function draw() {
  hideTip();
  const {isCompared, probabilities} = state.view;
  views = new Map();
  conversation.replaceChildren(...(state.turns.length ? state.turns.map(drawTurn) : [drawEmpty()]));
  at("legend").hidden = !probabilities;
  at("second").hidden = !isCompared;
  at("compare").setAttribute("aria-pressed", isCompared);
  at("probabilities").setAttribute("aria-pressed", probabilities);
  at("clear").disabled = running !== null || !state.turns.length;
  at("import").disabled = running !== null;
  document.title = ["LLaMS", ...asked().map(model => model.name)].join(" · ");
  drawComposer();
  follow();
}

function drawTheme() {
  document.documentElement.dataset.theme = state.view.theme;
  at("theme").textContent = isDark() ? "Light" : "Dark";
}

function drawTurn(turn, number) {
  const isLast = number === state.turns.length - 1;
  const answers = turn.answers.map((answer, column) => {
    const again = isLast && !running && models.length ? () => retry(turn, column) : null;
    const view = new AnswerView(answer, state.view.probabilities, again);
    views.set(answer, view);
    return view.node;
  });
  return element("section", {class: "turn"}, drawPrompt(turn, number), element("div", {class: "answers"}, ...answers));
}

function drawPrompt(turn, number) {
  const edit = () => box.replaceWith(drawEditor(turn, number, box));
  const box = element("div", {class: "prompt"}, element("p", {}, turn.prompt), element("span", {class: "buttons"},
      element("button", {click: edit, disabled: running !== null}, "Edit")));
  box.hidden = !turn.prompt;
  return box;
}

function drawEditor(turn, number, box) {
  const field = element("textarea", {rows: "3", "aria-label": "Message"});
  const send = () => ask(field.value, state.turns.slice(0, number));
  const cancel = () => editor.replaceWith(box);
  const isLast = number === state.turns.length - 1;
  const editor = element("div", {class: "prompt editor"}, field, element("div", {class: "row end"},
      element("span", {class: "note"}, isLast ? "" : "What follows it is dropped."),
      element("button", {click: cancel}, "Cancel"), element("button", {class: "main", click: send}, "Send again")));
  field.value = turn.prompt;
  field.addEventListener("keydown", event => sendOnEnter(event, send));
  requestAnimationFrame(() => field.focus());
  return editor;
}

function drawEmpty() {
  const names = asked().map(model => model.name).join(" and ");
  const back = () => {
    [state.turns, cleared] = [cleared, null];
    saveTurns();
    draw();
  };
  const hints = [
    "Side by side sends each message to two models: a base and its adapter, or one model with two seeds.",
    "Probabilities shades each token and shows what else could have stood in its place.",
    "Settings has the system prompt and how tokens are picked.",
  ];
  return element("div", {class: "empty"},
      element("p", {}, names ? "Say something to " + visible(names) + "." : "No model yet."),
      element("ul", {}, ...hints.map(hint => element("li", {}, hint))),
      ...(cleared ? [element("button", {click: back}, "Bring the last chat back")] : []));
}

function drawComposer() {
  const plain = asked().filter(model => isPlain(model, state.options));
  const isAllPlain = plain.length > 0 && plain.length === asked().length;
  const mayContinue = isAllPlain && state.turns.length > 0 && !promptBox.value;
  at("send").textContent = running ? "Stop" : mayContinue ? "Continue" : isAllPlain ? "Complete" : "Send";
  at("send").disabled = !running && (!models.length || !promptBox.value.trim() && !mayContinue);
  promptBox.placeholder = isAllPlain ? "Text to be continued" : "Message";
  at("hint").textContent = plain.length && state.options.format === "auto"
    ? plain.map(model => model.name).join(" and ") + (plain.length > 1 ? " have" : " has")
      + " no chat template, as base models have none: your text is continued as it stands."
    : "Enter sends, Shift+Enter starts a new line, Esc stops the answer.";
  const defaults = asked()[0]?.sampling ?? {};
  for (const name of ["temperature", "top_p", "top_k", "min_p"]) {
    optionsForm.elements[name].placeholder = defaults[name] ?? "";
  }
  optionsForm.elements.max_tokens.placeholder = isAllPlain ? PLAIN_TOKENS : "no limit";
}
