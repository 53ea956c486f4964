// The server's API: OpenAI's, with what this server says beyond it about its models.

class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

async function request(path, key, options = {}) {
  let response;
  try {
    response = await fetch(path, {cache: "no-store", ...options,
      headers: {...options.headers, ...(key ? {"Authorization": "Bearer " + key} : {})}});
  } catch (problem) {
    throw options.signal?.aborted ? problem : new ApiError("The server does not answer. Is it still running?");
  }
  if (response.ok) {
    return response;
  }
  const text = await response.text();
  let message;
  try {
    message = JSON.parse(text).error.message;
  } catch {
    message = "the server answered " + response.status + " " + response.statusText;
  }
  throw new ApiError(message, response.status);
}

/** The models that are served, in the server's order. */
async function listModels(key) {
  const list = await (await request("v1/models", key)).json();
  return list.data.map(({id, meta = {}}) => ({
    name: id,
    // Where a server does not say, it is told what it makes of a conversation when it is asked.
    format: "chat_template" in meta ? meta.chat_template : "model",
    sampling: meta.sampling ?? {},
  }));
}

/**
 * Asks for an answer and reports it as it comes.
 *
 * @param body with `messages` for a chat, or `prompt` for a text to be continued
 * @param report is given {text, steps}, {finish} and {usage}
 */
async function streamAnswer(body, key, signal, report) {
  const path = body.messages ? "v1/chat/completions" : "v1/completions";
  const response = await request(path, key, {method: "POST", signal, headers: {"Content-Type": "application/json"},
    body: JSON.stringify({...body, stream: true, stream_options: {include_usage: true}})});
  for await (const event of events(response, signal)) {
    const choice = event.choices?.[0];
    if (choice) {
      const text = choice.delta?.content ?? choice.text ?? "";
      const steps = choice.logprobs ? stepsOf(choice.logprobs) : [];
      if (text || steps.length) {
        report({text, steps});
      }
      if (choice.finish_reason) {
        report({finish: choice.finish_reason});
      }
    }
    if (event.usage) {
      report({usage: event.usage});
    }
  }
}

async function* events(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch (problem) {
      throw signal.aborted ? problem : new ApiError("The connection broke off in the middle of the answer.");
    }
    if (part.done) {
      throw new ApiError("The connection ended in the middle of the answer.");
    }
    const lines = (rest + part.value).split("\n");
    rest = lines.pop();
    for (const line of lines.filter(line => line.startsWith("data: "))) {
      const data = line.slice("data: ".length);
      if (data === "[DONE]") {
        return;
      }
      const event = JSON.parse(data);
      if (event.error) {
        throw new ApiError(event.error.message);
      }
      yield event;
    }
  }
}

/** Tokens with their probabilities and the likeliest in their place, in either form of the API. */
function stepsOf(logprobs) {
  const probability = logarithm => Number(Math.exp(logarithm).toPrecision(4));
  const step = (token, logarithm, top) => ({token, p: probability(logarithm),
    top: top.map(([other, score]) => [other, probability(score)]).sort((one, two) => two[1] - one[1])});
  if (logprobs.content) {
    return logprobs.content.map(chosen => step(tokenText(chosen), chosen.logprob,
        chosen.top_logprobs.map(other => [tokenText(other), other.logprob])));
  }
  return (logprobs.tokens ?? []).map((token, at) =>
      step(token, logprobs.token_logprobs[at], Object.entries(logprobs.top_logprobs[at] ?? {})));
}

/** A part of a character has no text; its bytes are shown. */
function tokenText({token, bytes}) {
  return bytes && token.includes("\ufffd")
    ? "<" + bytes.map(byte => byte.toString(16).toUpperCase().padStart(2, "0")).join("-") + ">" : token;
}
