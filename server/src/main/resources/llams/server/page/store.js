// What lasts: the conversation, the settings and the key, in this browser; a conversation as a file.

const PLACE = "llams.";
const FORMAT = "llams-chat-1";
const OPTIONS = ["system", "temperature", "top_p", "top_k", "min_p", "max_tokens", "seed", "stop", "format"];

function load(name) {
  try {
    return JSON.parse(localStorage.getItem(PLACE + name));
  } catch {
    return null;
  }
}

/** Whether there was room; a browser may also allow no storage at all. */
function keep(name, value) {
  try {
    localStorage.setItem(PLACE + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** Tokens with their probabilities take the most room, and are left out when there is too little. */
function keepTurns(turns) {
  return keep("turns", turns)
      || keep("turns", turns.map(turn => ({...turn, answers: turn.answers.map(answer => ({...answer, pieces: []}))})));
}

const string = value => typeof value === "string" ? value : "";
const list = value => Array.isArray(value) ? value : [];

/** Turns as they must be, whatever a file holds: a question and its answers, one from each model. */
function checkedTurns(turns) {
  return list(turns).map(turn => ({
    prompt: string(turn?.prompt),
    answers: list(turn?.answers).slice(0, 2).map(answer => ({
      model: string(answer?.model),
      isPlain: answer?.isPlain === true,
      text: string(answer?.text),
      pieces: list(answer?.pieces).map(checkedPiece),
      about: string(answer?.about),
      problem: string(answer?.problem),
    })),
  })).filter(turn => turn.answers.length > 0);
}

function checkedPiece(piece) {
  return {text: string(piece?.text), steps: list(piece?.steps).map(step => ({token: string(step?.token),
    p: Number(step?.p), top: list(step?.top).map(other => [string(other?.[0]), Number(other?.[1])])}))};
}

function checkedOptions(options) {
  const checked = Object.fromEntries(OPTIONS.map(name => [name, string(options?.[name])]));
  return {...checked, format: checked.format || "auto"};
}

function checkedView(view) {
  return {names: [0, 1].map(column => string(list(view?.names)[column])), isCompared: view?.isCompared === true,
    probabilities: view?.probabilities === true, theme: ["light", "dark"].includes(view?.theme) ? view.theme : ""};
}

function saveFile(turns, options) {
  const text = JSON.stringify({format: FORMAT, options, turns}, null, 1);
  const address = URL.createObjectURL(new Blob([text], {type: "application/json"}));
  const name = "chat-" + new Date().toISOString().slice(0, 16).replace(/[:T]/g, "-") + ".json";
  element("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** @throws Error if the file holds no conversation */
async function openFile(file) {
  let saved;
  try {
    saved = JSON.parse(await file.text());
  } catch {
    saved = null;
  }
  if (saved?.format !== FORMAT) {
    throw new Error(file.name + " is not a chat saved by this page.");
  }
  return {turns: checkedTurns(saved.turns), options: checkedOptions(saved.options)};
}
