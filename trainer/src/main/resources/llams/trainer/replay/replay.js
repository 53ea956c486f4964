(() => {
  const { element, style } = llams;
  const seen = JSON.parse(document.getElementById("replayed").textContent);
  const place = document.getElementById("seen");
  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const floats = text => text === null ? null : new Float32Array(bytes(text).buffer);
  const ints = text => new Int32Array(bytes(text).buffer);
  const number = value => value === 0 ? "0" : Math.abs(value) >= 1e4 || Math.abs(value) < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
  /// Small ones keep a digit: 0.003% is about the guess of a model that knows nothing.
  const percent = value => (value >= 0.00095 || value === 0 ? (100 * value).toFixed(value >= 0.0995 ? 0 : 1) : value < 1e-8 ? "under 0.000001"
    : (100 * value).toFixed(Math.ceil(-Math.log10(100 * value)))) + "%";

  const texts = seen.tokens.texts, count = texts.length;
  const ids = ints(seen.tokens.ids), labels = ints(seen.tokens.labels), first = ints(seen.tokens.first), documents = ints(seen.tokens.document);
  const residual = seen.residual.map(floats), gradients = seen.residualGradient.map(floats);
  const places = residual.length;
  const lens = { ids: ints(seen.lens.ids), logp: floats(seen.lens.logp), loss: floats(seen.lens.loss) };
  const attention = seen.attention.map(bytes);
  const starts = new Int32Array(count);
  let pairs = 0;
  for (let t = 0; t < count; t++) { starts[t] = pairs; pairs += t - first[t] + 1; }
  const code = (layer, head, t, s) => s < first[t] || s > t ? 0 : attention[layer][head * pairs + starts[t] + s - first[t]];
  const probability = (layer, head, t, s) => (code(layer, head, t, s) / 255) ** 2;
  /// How unexpected a token was; nothing is known of a document's first.
  const surprise = t => t > 0 && documents[t] === documents[t - 1] ? lossOf(t - 1) : 0;
  const lossOf = t => labels[t] < 0 ? 0 : lens.loss[(places - 1) * count + t];

  /// Blanks and line ends can be seen.
  const visible = text => text.replace(/\n/g, "⏎").replace(/\t/g, "⇥").replace(/^ +| +$/g, blanks => "␣".repeat(blanks.length)) || "∅";
  const name = id => seen.lens.texts[id] ?? String(id);
  const word = t => texts[t] === "" ? name(ids[t]) : visible(texts[t]);
  const placeName = at => at === 0 ? "embedding" : "layer " + (at - 1);

  let chosen = Math.max(0, labels.findIndex((label, t) => label >= 0 && t >= count / 3)), layer = Math.min(1, seen.layers - 1), head = 0, colour = "loss", kind = "rms";
  const wide = child => element("div", { className: "wide", tabIndex: 0 }, child);
  /// What the lightest and the darkest colour stand for.
  const scale = (tone, low, high) => {
    const bar = element("i");
    bar.style.background = `linear-gradient(to right, rgba(${style(tone)}, 0.06), rgba(${style(tone)}, 1))`;
    return element("span", { className: "scale" }, low, " ", bar, " ", high);
  };
  const heading = (title, ...about) => place.append(element("h2", {}, title), element("p", { className: "note" }, ...about));

  // Documents
  if (seen.documents.length > 0 && seen.parameters) {
    if (seen.pairs) {
      heading("Answers", "What the step compared: of each pair the chosen answer, then the rejected one. The loss is how improbable the answer is, per token; the step's own loss comes from their differences.");
    } else {
      heading("Documents", "What the step learned from, and how much of its loss each document makes. A document with a high loss pulls hardest at the weights.");
    }
    const table = element("table", {}, element("tr", {}, ...[seen.pairs ? "answer" : "document", seen.pairs ? "" : "share", "loss", "tokens", "counted", "begins with"].map((name, i) =>
      element("th", { className: i < 2 || i > 4 ? "text" : "" }, name))));
    const greatest = Math.max(...seen.documents.map(one => one.share ?? 0));
    seen.documents.forEach((one, i) => {
      const bar = element("span", { className: "share" });
      bar.style.width = 6 * (one.share ?? 0) / (greatest || 1) + "rem";
      table.append(element("tr", {}, element("td", { className: "text", title: one.origin }, one.origin.split("/").at(-1), seen.pairs ? [" chosen", " rejected"][i % 2] : ""),
        element("td", { className: "text" }, ...(one.share === undefined ? [] : [bar, " " + percent(one.share)])), element("td", {}, one.loss === undefined ? "" : one.loss.toFixed(4)),
        element("td", {}, one.tokens.toLocaleString("en")), element("td", {}, one.counted.toLocaleString("en")), element("td", { className: "text words", title: one.text }, one.text.replace(/\s*\n\s*/g, " ⏎ "))));
    });
    const box = wide(table);
    box.classList.add("documents");
    place.append(box);
  }

  // Tokens
  heading("The text, token by token", `The first ${count.toLocaleString("en")} tokens. Choose one by a click or with the arrow keys; all pictures below follow it.`
    + (texts.includes("") ? " Tokens may be smaller than a character: … is the rest of the one before it." : ""));
  const colours = { loss: "how surprising each token was (its loss)", attention: "attention of the chosen token, in the chosen head" };
  if (gradients.some(one => one)) colours.gradient = "length of the gradient at the embedding or the lowest trained layer";
  const choice = element("select", {}, ...Object.entries(colours).map(([value, label]) => element("option", { value }, label)));
  choice.addEventListener("change", () => { colour = choice.value; paintTokens(); });
  const tokenScale = element("span");
  place.append(element("div", { className: "controls" }, element("label", {}, "colour: ", choice), tokenScale));
  const flow = element("div", { id: "tokens", tabIndex: 0, role: "listbox", ariaLabel: "Tokens; the left and right arrow keys choose one" });
  const chips = texts.map((text, t) => {
    const chip = element("span", { className: text === "" ? "token part" : "token", id: "t" + t, role: "option" }, text === "" ? "…" : text.replace(/\n/g, "⏎\n"));
    chip.addEventListener("click", () => choose(t));
    if (t === 0 || documents[t] !== documents[t - 1]) {
      const origin = seen.documents[documents[t]]?.origin;
      if (origin) flow.append(element("span", { className: "doc" }, origin.split("/").at(-1)));
    }
    flow.append(chip);
    return chip;
  });
  flow.addEventListener("keydown", event => {
    const to = { ArrowLeft: chosen - 1, ArrowRight: chosen + 1, Home: 0, End: count - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); choose(to); chips[chosen].scrollIntoView({ block: "nearest" }); }
  });
  place.append(flow);

  const paintTokens = () => {
    let values, tone = "--accent", high = "100%";
    if (colour === "loss") {
      const most = Math.max(1e-9, ...texts.map((_, t) => surprise(t)));
      values = texts.map((_, t) => surprise(t) / most);
      tone = "--warm";
      high = number(most) + " nats";
    } else if (colour === "attention") {
      values = texts.map((_, s) => code(layer, head, chosen, s) / 255);
    } else {
      const lowest = gradients.find(one => one), most = Math.max(...lowest) || 1;
      values = texts.map((_, t) => lowest[t] / most);
      tone = "--warm";
      high = number(most);
    }
    chips.forEach((chip, t) => {
      chip.style.background = `rgba(${style(tone)}, ${0.75 * values[t]})`;
      chip.classList.toggle("chosen", t === chosen);
      chip.setAttribute("aria-selected", String(t === chosen));
      chip.title = `token ${t}` + (surprise(t) > 0 ? `, loss ${surprise(t).toFixed(3)}` : "");
    });
    tokenScale.replaceChildren(scale(tone, "0", high));
    flow.setAttribute("aria-activedescendant", "t" + chosen);
  };

  // Lens
  heading("What the model would say next, layer by layer", "The logit lens: if the model ended after a layer, these would be its best guesses for the token after the chosen one. The right one is framed.");
  const lensTitle = element("p", { className: "said" });
  const lensTable = element("table", { id: "lens" });
  place.append(lensTitle, wide(lensTable));
  const paintLens = () => {
    const label = labels[chosen];
    lensTitle.replaceChildren("After ", element("b", {}, `“${word(chosen)}”`), ` (token ${chosen})`, ...(label < 0 ? [" nothing is predicted."]
      : [" comes ", element("b", {}, `“${visible(name(label))}”`), `: loss ${lossOf(chosen).toFixed(4)}, probability ${percent(Math.exp(-lossOf(chosen)))}.`]));
    lensTable.replaceChildren(element("tr", {}, element("th", {}, "after"), ...Array.from({ length: seen.lens.count }, (_, i) => element("th", { className: "text" }, ["best", "second", "third", "fourth", "fifth"][i])),
      ...(label < 0 ? [] : [element("th", {}, "the right one")])));
    for (let at = 0; at < places; at++) {
      const row = at * count + chosen, line = element("tr", {}, element("th", {}, placeName(at)));
      for (let i = 0; i < seen.lens.count; i++) {
        const id = lens.ids[row * seen.lens.count + i], p = Math.exp(lens.logp[row * seen.lens.count + i]);
        const cell = element("td", { className: id === label ? "text right" : "text" }, element("span", { className: "word" }, visible(name(id))), " ", element("small", {}, percent(p)));
        cell.style.background = `rgba(${style("--accent")}, ${0.6 * Math.sqrt(p)})`;
        line.append(cell);
      }
      if (label >= 0) line.append(element("td", {}, percent(Math.exp(-lens.loss[row]))));
      lensTable.append(line);
    }
  };

  // Attention
  heading("Attention", "A row is a token, a column what it looks at: itself and the tokens before it. Shown is the document of the chosen token. Small pictures: a row for each layer, a column for each head. The large one is the chosen head: click, or the arrow keys and Enter."
    + (seen.kvHeads < seen.heads ? ` Each ${seen.heads / seen.kvHeads} heads share keys and values.` : ""));
  /// The chosen token's document: its first token in the window, and how many it has there.
  let start = -1, length = 0;
  const image = (l, h) => {
    const canvas = element("canvas", { width: length, height: length }), pen = canvas.getContext("2d"), data = pen.createImageData(length, length);
    const tone = style("--accent").split(",").map(Number);
    for (let t = 0; t < length; t++) {
      for (let s = 0; s <= t; s++) data.data.set([...tone, code(l, h, start + t, start + s)], 4 * (t * length + s));
    }
    pen.putImageData(data, 0, 0);
    return canvas;
  };
  const grid = element("div", { className: "heads" });
  grid.style.gridTemplateColumns = `2.2rem repeat(${seen.heads}, minmax(0, 1fr))`;
  grid.append(element("span", {}, "layer"), ...Array.from({ length: seen.heads }, (_, h) => element("span", {}, h === 0 ? "head 0" : String(h))));
  const buttons = [];
  for (let l = 0; l < seen.layers; l++) {
    grid.append(element("span", {}, String(l)));
    for (let h = 0; h < seen.heads; h++) {
      // One of them is reached by Tab, the others by arrow keys.
      const button = element("button", { ariaLabel: `layer ${l}, head ${h}`, tabIndex: l === layer && h === head ? 0 : -1 });
      button.addEventListener("focus", () => buttons.forEach(one => { one.tabIndex = one === button ? 0 : -1; }));
      button.addEventListener("click", () => { layer = l; head = h; paintAttention(); paintTokens(); });
      button.addEventListener("keydown", event => {
        const to = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -seen.heads, ArrowDown: seen.heads }[event.key];
        if (to !== undefined) { event.preventDefault(); buttons[buttons.indexOf(button) + to]?.focus(); }
      });
      buttons.push(button);
      grid.append(button);
    }
  }
  const large = element("canvas", { className: "large", tabIndex: 0, role: "img", ariaLabel: "Attention of the chosen head; the arrow keys choose a token" });
  const said = element("p", { className: "said" });
  const attentionScale = element("p", { className: "axes" });
  place.append(element("div", { className: "twice" }, element("div", {}, grid), element("div", {}, large, attentionScale, said)));
  const thumbnails = () => buttons.forEach((button, i) => button.replaceChildren(image(Math.floor(i / seen.heads), i % seen.heads)));
  const frame = (canvas, height) => {
    const ratio = devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = (height ?? canvas.clientHeight) * ratio;
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    return pen;
  };
  const paintAttention = () => {
    if (first[chosen] !== start) {
      start = first[chosen];
      length = first.filter(one => one === start).length;
      thumbnails();
    }
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === layer * seen.heads + head)));
    const pen = frame(large), size = large.width, cell = size / length;
    pen.drawImage(image(layer, head), 0, 0, size, size);
    pen.strokeStyle = style("--text");
    pen.lineWidth = Math.max(1, size / 500);
    pen.strokeRect(0, (chosen - start) * cell, (chosen - start + 1) * cell, Math.max(cell, 1));
    const most = Array.from({ length: chosen - first[chosen] + 1 }, (_, i) => [first[chosen] + i, probability(layer, head, chosen, first[chosen] + i)])
      .sort((a, b) => b[1] - a[1]).slice(0, 5);
    attentionScale.replaceChildren("down: the tokens that look; across: what they look at ", scale("--accent", "0", "100%"));
    said.replaceChildren(element("b", {}, `Layer ${layer}, head ${head}`), `: “${word(chosen)}” (token ${chosen}) looks at `,
      most.map(([s, p]) => `“${word(s)}” (token ${s}) ${percent(p)}`).join(", "), ".");
  };
  const pointed = (canvas, event) => start + Math.min(length - 1, Math.max(0, Math.floor((event.clientY - canvas.getBoundingClientRect().top) / canvas.clientHeight * length)));
  large.addEventListener("click", event => choose(pointed(large, event)));
  const arrows = event => {
    const to = { ArrowLeft: chosen - 1, ArrowRight: chosen + 1, ArrowUp: chosen - 1, ArrowDown: chosen + 1, Home: 0, End: count - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); choose(to); }
  };
  large.addEventListener("keydown", arrows);

  // Residual stream
  heading("The residual stream", "What the layers add to, token by token: how long its vector is after each layer. The stronger the colour, the longer, on a logarithmic scale.");
  const strips = [];
  const strip = (title, rows, tone) => {
    const canvas = element("canvas", { className: "strip", tabIndex: 0, role: "img", ariaLabel: title + "; the arrow keys choose a token" });
    const axes = element("p", { className: "axes" }), line = element("p", { className: "said" });
    canvas.addEventListener("keydown", arrows);
    canvas.addEventListener("click", event => choose(Math.min(count - 1, Math.floor((event.clientX - canvas.getBoundingClientRect().left) / canvas.clientWidth * count))));
    place.append(element("h3", {}, title), canvas, axes, line);
    const logs = rows.map(row => row && row.map(value => Math.log(Math.max(1e-30, value)))), there = logs.filter(row => row);
    const low = Math.min(...there.map(row => Math.min(...row.filter(value => value > -60)))), high = Math.max(...there.map(row => Math.max(...row)));
    strips.push(() => {
      const picture = element("canvas", { width: count, height: rows.length }), pen = picture.getContext("2d"), data = pen.createImageData(count, rows.length);
      const rgb = style(tone).split(",").map(Number);
      logs.forEach((row, at) => row && row.forEach((value, t) => data.data.set([...rgb, value > -60 ? 15 + 240 * (value - low) / (high - low || 1) : 0], 4 * ((rows.length - 1 - at) * count + t))));
      pen.putImageData(data, 0, 0);
      const shown = frame(canvas);
      shown.drawImage(picture, 0, 0, canvas.width, canvas.height);
      shown.strokeStyle = style("--text");
      shown.lineWidth = Math.max(1, canvas.width / 900);
      shown.strokeRect(chosen * canvas.width / count, 0, Math.max(1.5, canvas.width / count), canvas.height);
      axes.replaceChildren(`across: the tokens; up: from the ${placeName(0)} to ${placeName(places - 1)} `, scale(tone, number(Math.exp(low)), number(Math.exp(high))));
      line.replaceChildren(`“${word(chosen)}” (token ${chosen}): `, rows.map((row, at) => row ? `${placeName(at)} ${number(row[chosen])}` : null).filter(part => part).join(", "), ".");
    });
  };
  strip("Length, forward", residual, "--accent");
  if (gradients.some(one => one)) strip("Length of its gradient, backward", gradients, "--warm");

  // Values
  heading("Every value in a layer", "The size of all its numbers, over all tokens of the micro-batch. Colours compare a column from layer to layer.");
  const kinds = { rms: "root mean square", max: "largest" };
  if (seen.values.some(value => value.gradientRms !== undefined)) Object.assign(kinds, { gradientRms: "gradient, root mean square", gradientMax: "gradient, largest" });
  const which = element("select", {}, ...Object.entries(kinds).map(([value, label]) => element("option", { value }, label)));
  which.addEventListener("change", () => { kind = which.value; paintValues(); });
  const values = element("table", { className: "heat" });
  place.append(element("div", { className: "controls" }, element("label", {}, "show: ", which)), wide(values));
  const heat = (table, columns, rows, value, text, tone) => {
    table.replaceChildren(element("tr", {}, element("th"), ...columns.map(column => element("th", {}, column))));
    const most = new Map(columns.map(column => [column, Math.max(...rows.map(row => value(row, column) ?? 0))]));
    rows.forEach(row => table.append(element("tr", {}, element("th", {}, typeof row === "number" ? placeName(row + 1) : row), ...columns.map(column => {
      const size = value(row, column), cell = element("td", {}, size === undefined || Number.isNaN(size) ? "" : text(size));
      if (size > 0) cell.style.background = `rgba(${style(tone)}, ${0.6 * size / most.get(column)})`;
      return cell;
    }))));
  };
  const inLayers = seen.values.filter(value => value.layer >= 0);
  const paintValues = () => {
    const by = new Map(inLayers.map(value => [value.layer + " " + value.name, value]));
    heat(values, [...new Set(inLayers.map(value => value.name))], [...new Set(inLayers.map(value => value.layer))],
      (row, column) => by.get(row + " " + column)?.[kind], number, kind.startsWith("gradient") ? "--warm" : "--accent");
  };

  // Parameters
  const parameterTables = [];
  if (seen.parameters) {
    const parsed = seen.parameters.map(one => {
      const match = /layers\.(\d+)\.(.*)$/.exec(one.name);
      const part = (match ? match[2] : one.name).replace(/^base_model\.model\./, "").replace(/^(model|self_attn|mlp)\./, "").replace(/_proj\b/, "").replace(/\.weight$/, "").replace("_layernorm", " norm");
      return { ...one, row: match ? "layer " + match[1] : "others", part };
    });
    const relative = one => one.weight === 0 ? one.change > 0 ? 1 : 0 : one.change / one.weight;
    const layersOf = parsed.filter(one => one.row !== "others"), others = parsed.filter(one => one.row === "others");
    const show = (title, about, value, text, tone) => {
      heading(title, about);
      const table = element("table", { className: "heat" });
      place.append(wide(table));
      const by = new Map(layersOf.map(one => [one.row + " " + one.part, one]));
      parameterTables.push(() => heat(table, [...new Set(layersOf.map(one => one.part))], [...new Set(layersOf.map(one => one.row))], (row, column) => {
        const one = by.get(row + " " + column);
        return one && value(one);
      }, text, tone));
      if (others.length) place.append(element("p", { className: "said" }, "Beside the layers: ", others.map(one => `${one.part} ${text(value(one))}`).join(", "), "."));
    };
    show("Gradients", "The length of each weight's gradient, before clipping.", one => one.gradient, number, "--warm");
    show("What the optimizer changed", "How far each weight moved, as a part of its own length. Weights that were 0, as B of a new adapter is, count as changed by all of it.", relative, value => (100 * value).toPrecision(2) + "%", "--accent");
    if (seen.movedTokens.length) {
      heading("Tokens that moved furthest", "Rows of the tables of tokens, by how far they moved.");
      for (const table of new Set(seen.movedTokens.map(one => one.table))) {
        place.append(element("h3", {}, table.startsWith("lm_head") ? "Output head" : "Embedding"),
          element("div", { className: "moved" }, ...seen.movedTokens.filter(one => one.table === table).map(one =>
            element("span", { title: "id " + one.id }, visible(one.text), element("small", {}, " " + number(one.change))))));
      }
    }
  }

  const choose = t => {
    chosen = Math.min(count - 1, Math.max(0, t));
    paintTokens();
    paintLens();
    paintAttention();
    strips.forEach(paint => paint());
  };
  const all = () => { start = -1; paintValues(); parameterTables.forEach(paint => paint()); choose(chosen); };
  all();
  flow.scrollTop = chips[chosen].offsetTop - flow.offsetTop - flow.clientHeight / 2;
  let width = place.clientWidth;
  addEventListener("resize", () => { if (place.clientWidth !== width) { width = place.clientWidth; choose(chosen); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
})();
