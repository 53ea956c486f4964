// What a model is asked: the conversation and the settings as a request, and its answer on the way.

/** Tokens of a continued text, unless the settings say; the API's own default is for short ones. */
const PLAIN_TOKENS = 256;
const ALTERNATIVES = 5;

/** Whether a model is to continue text rather than to answer; one without a chat template was not taught to answer. */
function isPlain(model, options) {
  return options.format === "text" || options.format !== "chat" && model.format !== "model";
}

/** The request for the last turn's answer in one of the columns. */
function requestFor(turns, column, model, options, probabilities) {
  const plain = isPlain(model, options);
  const body = {model: model.name, ...sampling(options)};
  const last = turns.at(-1);
  const earlier = turns.slice(0, -1)
      .map(turn => ({prompt: turn.prompt, answer: (turn.answers[column] ?? turn.answers[0]).text}))
      .filter(turn => turn.answer);
  if (plain) {
    body.prompt = [...earlier, {prompt: last.prompt, answer: ""}].reduce(joined, "");
    body.max_tokens ??= PLAIN_TOKENS;
    body.logprobs = probabilities ? ALTERNATIVES : undefined;
  } else {
    const message = (role, content) => ({role, content});
    body.messages = [...(options.system.trim() ? [message("system", options.system)] : []),
      ...earlier.flatMap(turn => [message("user", turn.prompt), message("assistant", turn.answer)]),
      message("user", last.prompt)];
    Object.assign(body, probabilities ? {logprobs: true, top_logprobs: ALTERNATIVES} : {});
  }
  return body;
}

/** A message begins a paragraph of the text that is continued; one without words goes on where that ends. */
function joined(text, {prompt, answer}) {
  return text + (text && prompt ? "\n\n" : "") + prompt + answer;
}

/** What is left empty is left out, so that the server follows the model. */
function sampling(options) {
  const body = {};
  for (const name of ["temperature", "top_p", "top_k", "min_p", "max_tokens", "seed"]) {
    if (options[name] !== "") {
      body[name] = Number(options[name]);
    }
  }
  const escapes = {n: "\n", t: "\t"};
  const stops = options.stop.split("\n").filter(line => line)
      .map(line => line.replace(/\\(.)/g, (_, letter) => escapes[letter] ?? letter));
  return stops.length ? {...body, stop: stops} : body;
}

function newAnswer(model, options) {
  return {model: model.name, isPlain: isPlain(model, options), text: "", pieces: [], about: "", problem: ""};
}

/**
 * Fills an answer as it comes.
 *
 * @param changed called when there is more to see
 * @throws ApiError if it fails; what has come by then stays
 */
async function fill(answer, body, key, signal, changed) {
  const pace = new Pace();
  let finish = "";
  answer.isOpen = true;
  try {
    await streamAnswer(body, key, signal, part => {
      if (part.usage) {
        pace.usage = part.usage;
      } else if (part.finish) {
        finish = part.finish === "length" ? "cut off at the limit of tokens" : "";
      } else {
        take(answer, part);
        pace.count(part.steps.length || 1);
      }
      answer.about = pace.text();
      changed();
    });
  } catch (problem) {
    if (!signal.aborted) {
      throw problem;
    }
    finish = "stopped";
  } finally {
    answer.isOpen = false;
    answer.about = [pace.text(), finish].filter(part => part).join(" · ");
  }
}

function take(answer, {text, steps}) {
  answer.text += text;
  const last = answer.pieces.at(-1);
  if (last && !last.text) {
    last.text = text;
    last.steps.push(...steps);
  } else if (steps.length || answer.pieces.length) {
    answer.pieces.push({text, steps});
  }
}

/** How fast tokens come: without the first, which waits for the prompt. */
class Pace {
  constructor() {
    this.start = performance.now();
    this.tokens = 0;
  }

  count(tokens) {
    this.last = performance.now();
    this.first ??= this.last;
    this.tokens += tokens;
  }

  text() {
    if (!this.tokens) {
      return "";
    }
    const exact = this.usage?.completion_tokens;
    const tokens = exact ?? this.tokens;
    const seconds = (this.last - this.first) / 1000;
    const parts = [(exact === undefined ? "about " : "") + tokens + (tokens === 1 ? " token" : " tokens")];
    if (tokens > 1 && seconds > 0) {
      const rate = (tokens - 1) / seconds;
      parts.push(rate.toFixed(rate < 10 ? 1 : 0) + " tokens/s");
    }
    parts.push("first after " + ((this.first - this.start) / 1000).toFixed(2) + " s");
    if (this.usage) {
      const known = this.usage.prompt_tokens_details?.cached_tokens;
      parts.push("prompt " + this.usage.prompt_tokens + (known ? ", " + known + " of them cached" : ""));
    }
    return parts.join(" · ");
  }
}
