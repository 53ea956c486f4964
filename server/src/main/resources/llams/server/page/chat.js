// The page: what is on it, and what happens when somebody does something.

const at = id => document.getElementById(id);
const conversation = at("conversation");
const promptBox = at("prompt");
const optionsForm = at("options");

const state = {
  turns: checkedTurns(load("turns")),
  options: checkedOptions(load("options")),
  key: string(load("key")),
  view: checkedView(load("view")),
};
let models = [];
/** What stops the answers that are being made; null when none are. */
let running = null;
/** A conversation that was cleared, and can be brought back. */
let cleared = null;
let isFollowing = true;

function saveTurns() {
  if (!keepTurns(state.turns)) {
    notice("This browser has no room to keep the conversation; Settings can save it to a file.");
  }
}

function notice(text, ...nodes) {
  at("notices").replaceChildren(...(text ? [element("p", {}, visible(text), " ", ...nodes)] : []));
}

function say(text) {
  at("said").textContent = text;
}

// Models

async function connect() {
  try {
    models = await listModels(state.key);
    notice("");
  } catch (problem) {
    failed(problem);
  }
  [0, 1].forEach(column => {
    const names = models.map(model => model.name);
    if (!names.includes(state.view.names[column])) {
      state.view.names[column] = names[column] ?? names[0] ?? "";
    }
    at("model-" + column).replaceChildren(...names.map(name => element("option", {value: name}, visible(name))));
    at("model-" + column).value = state.view.names[column];
  });
  draw();
}

function failed(problem) {
  if (problem.status === 401) {
    const field = element("input", {type: "password", "aria-label": "API key", autocomplete: "off"});
    notice(state.key ? "The server does not take this API key." : "This server asks for an API key.",
        element("span", {class: "key"}, field, element("button", {type: "button", click: () => useKey(field.value)}, "Use")));
    field.addEventListener("keydown", event => {
      if (event.key === "Enter" && !event.isComposing) {
        event.preventDefault();
        useKey(field.value);
      }
    });
    field.focus();
  } else {
    notice(problem.message, element("button", {type: "button", click: connect}, "Try again"));
  }
}

function useKey(key) {
  state.key = key.trim();
  optionsForm.elements.key.value = state.key;
  keep("key", state.key);
  connect();
}

/** The models that are asked: one, or two side by side. */
function asked() {
  return state.view.names.slice(0, state.view.isCompared ? 2 : 1)
      .map(name => models.find(model => model.name === name)).filter(model => model);
}

// Answers

function ask(prompt, earlier) {
  if (running || !models.length) {
    return false;
  }
  if (!optionsForm.checkValidity()) {
    openSettings(true);
    optionsForm.reportValidity();
    return false;
  }
  const turn = {prompt, answers: asked().map(model => newAnswer(model, state.options))};
  state.turns = [...earlier, turn];
  isFollowing = true;
  run(turn, asked());
  return true;
}

function retry(turn, column) {
  const model = models.find(one => one.name === turn.answers[column].model) ?? asked()[column] ?? asked()[0];
  turn.answers[column] = newAnswer(model, state.options);
  run(turn, turn.answers.map((_, at) => at === column ? model : null));
}

/** Has the models answer, all at once. A null leaves its column's answer as it is. */
async function run(turn, byColumn) {
  running = new AbortController();
  draw();
  say("Answering");
  const problems = await Promise.all(byColumn.map((model, column) => model && answerOne(turn, column, model)));
  running = null;
  saveTurns();
  draw();
  say(turn.answers.map(answer => "Answer of " + answer.model + ": " + (answer.problem || answer.about)).join(". "));
  if (document.activeElement === document.body && !isTouched()) {
    // The button that was pressed is gone.
    promptBox.focus();
  }
  if (problems.some(problem => problem)) {
    // The server may have ended, want a key, or serve other models by now.
    connect();
  }
}

/** What went wrong; null if nothing did. */
async function answerOne(turn, column, model) {
  const answer = turn.answers[column];
  try {
    const body = requestFor(state.turns, column, model, state.options, state.view.probabilities);
    await fill(answer, body, state.key, running.signal, () => views.get(answer).grow(follow));
    return null;
  } catch (problem) {
    answer.problem = problem.message;
    return problem;
  } finally {
    views.get(answer).show();
    follow();
  }
}

function stop() {
  running?.abort();
}

function follow() {
  if (isFollowing) {
    conversation.scrollTop = conversation.scrollHeight;
  }
}

// Events

/** Not the Enter that ends the writing of a Korean syllable; 229 is how Safari says that. */
function sendOnEnter(event, send) {
  const isWriting = event.isComposing || event.keyCode === 229;
  if (event.key === "Enter" && !event.shiftKey && !isWriting && !isTouched()) {
    event.preventDefault();
    send();
  }
}

/** On a screen that is touched, Enter starts a line and a focused field brings up the keyboard. */
function isTouched() {
  return matchMedia("(pointer: coarse)").matches;
}

function submit() {
  if (!at("send").disabled && !running && ask(promptBox.value, state.turns)) {
    promptBox.value = "";
    drawComposer();
  }
}

function isDark() {
  return (state.view.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
}

function openSettings(isOpen) {
  at("settings").hidden = !isOpen;
  at("open-settings").setAttribute("aria-expanded", isOpen);
  (isOpen ? optionsForm.elements.system : at("open-settings")).focus();
}

function change(values) {
  Object.assign(state.view, values);
  keep("view", state.view);
  draw();
}

function clear() {
  [cleared, state.turns] = [state.turns, []];
  saveTurns();
  draw();
  promptBox.focus();
}

function fillOptions() {
  for (const [name, value] of Object.entries(state.options)) {
    optionsForm.elements[name].value = value;
  }
  optionsForm.elements.key.value = state.key;
}

async function openSaved(field) {
  const file = field.files[0];
  // The same file may be chosen again.
  field.value = "";
  try {
    const {turns, options} = await openFile(file);
    Object.assign(state, {turns, options});
    fillOptions();
    notice("");
    keep("options", options);
    saveTurns();
    draw();
  } catch (problem) {
    notice(problem.message);
  }
}

at("composer").addEventListener("submit", event => {
  event.preventDefault();
  running ? stop() : submit();
});
promptBox.addEventListener("keydown", event => sendOnEnter(event, submit));
promptBox.addEventListener("input", drawComposer);
conversation.addEventListener("scroll", () => {
  moveTip();
  isFollowing = conversation.scrollHeight - conversation.scrollTop - conversation.clientHeight < 40;
});
[0, 1].forEach(column => at("model-" + column).addEventListener("change", event =>
    change({names: state.view.names.with(column, event.target.value)})));
at("compare").addEventListener("click", () => change({isCompared: !state.view.isCompared}));
at("probabilities").addEventListener("click", () => change({probabilities: !state.view.probabilities}));
at("theme").addEventListener("click", () => {
  state.view.theme = isDark() ? "light" : "dark";
  keep("view", state.view);
  drawTheme();
});
at("clear").addEventListener("click", clear);
at("open-settings").addEventListener("click", () => openSettings(at("settings").hidden));
at("close-settings").addEventListener("click", () => openSettings(false));
optionsForm.addEventListener("submit", event => event.preventDefault());
optionsForm.addEventListener("input", () => {
  OPTIONS.forEach(name => state.options[name] = optionsForm.elements[name].value);
  keep("options", state.options);
  drawComposer();
});
optionsForm.elements.key.addEventListener("change", event => useKey(event.target.value));
at("export").addEventListener("click", () => saveFile(state.turns, state.options));
at("import").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", event => event.target.files[0] && openSaved(event.target));
document.addEventListener("keydown", event => {
  if (event.key === "Escape" && !event.isComposing) {
    running ? stop() : at("settings").hidden || openSettings(false);
  }
});
addEventListener("pagehide", saveTurns);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawTheme);

fillOptions();
drawTheme();
connect();
