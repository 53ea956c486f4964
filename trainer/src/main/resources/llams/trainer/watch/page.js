(() => {
  const { element, style } = llams;
  const runs = JSON.parse(document.getElementById("runs").textContent);
  const place = document.getElementById("charts");
  const colors = ["#2a78d0", "#d1495b", "#2f9e5f", "#b8860b", "#8a5fd0", "#0e9aa7", "#c2579b", "#7a7a7a"];
  const color = run => colors[run % colors.length];
  document.querySelectorAll(".key").forEach(key => key.style.background = color(key.dataset.run));

  // What is asked of the page outlives its reloading.
  const store = name => "llams." + location.pathname + "." + name;
  const remember = (name, value) => { try { sessionStorage.setItem(store(name), value); } catch { /* not allowed */ } };
  const recall = (name, usual) => { try { return sessionStorage.getItem(store(name)) ?? usual; } catch { return usual; } };

  const pairs = runs.some(run => run.curves.rewardMargin);
  const inGib = runs.some(run => run.curves.memoryBytes?.y.some(bytes => bytes >= 2 ** 30));
  const known = {
    loss: ["Loss", pairs ? "" : "nats per token"],
    rewardAccuracy: ["Accuracy", "share of pairs whose chosen answer has the higher reward"],
    rewardMargin: ["Margin", "reward of the chosen answer less that of the rejected one"],
    rewardChosen: ["Reward of chosen answers", ""], rewardRejected: ["Reward of rejected answers", ""],
    crossEntropy: ["Cross entropy", "nats per token, of the data alone"],
    teacherDivergence: ["Distance from the teacher", "nats per token"],
    lr: ["Learning rate", ""],
    gradNorm: ["Gradient norm", "before clipping"], tokensPerSecond: ["Speed", "tokens per second"],
    memoryBytes: ["Memory", (inGib ? "GiB" : "MiB") + " of this process"],
  };
  const axes = { step: ["step", null], tokens: ["tokens", "tokens"], time: ["seconds", "elapsedSeconds"] };
  /// The curve of held-out data for one of training, in whose chart it is drawn.
  const heldOut = name => "eval" + name[0].toUpperCase() + name.slice(1);
  const hidden = new Set(["tokens", "elapsedSeconds", ...runs.flatMap(run => ["loss", ...Object.keys(run.curves)].map(heldOut))]);
  const unsmoothed = new Set(["lr", "tokensPerSecond", "memoryBytes"]);
  const names = Object.keys(known);
  runs.forEach(run => Object.keys(run.curves).forEach(name => names.includes(name) || hidden.has(name) || names.push(name)));
  const each = "each" in place.dataset;
  const shown = each ? runs.map((run, i) => i) : names.filter(name => runs.some(run => run.curves[name] || name === "loss" && run.curves.evalLoss));
  const follow = () => setInterval(() => live && !document.hidden && location.reload(), 20000);

  let over = recall("over", "step"), smooth = Number(recall("smooth", 5)), log = recall("log", "true") === "true";
  let live = recall("live", "true") === "true";
  if (!axes[over]) over = "step";
  if (shown.length === 0) {
    place.textContent = "No steps yet.";
    if ("running" in place.dataset) follow();
    return;
  }


  /// A mean that forgets, from both ends, so that it does not lag behind.
  const smoothed = values => {
    const kept = 1 - 1 / 2 ** (smooth / 2);
    const forgetting = () => {
      let mean = 0, weight = 0;
      return value => {
        if (value === null) return null;
        mean = kept * mean + value;
        weight = kept * weight + 1;
        return [mean, weight];
      };
    };
    const there = values.map(forgetting()), back = values.toReversed().map(forgetting()).reverse();
    return values.map((value, i) => value === null ? null
      : (there[i][0] + back[i][0] - value) / (there[i][1] + back[i][1] - 1));
  };

  /// Steps as tokens or seconds: between the points of the run's own curve.
  const along = (run, steps) => {
    const curve = run.curves[axes[over][1]];
    if (!curve) return steps;
    let at = 0;
    return steps.map(step => {
      while (at + 2 < curve.x.length && curve.x[at + 1] < step) at++;
      const next = Math.min(at + 1, curve.x.length - 1), span = curve.x[next] - curve.x[at];
      const part = span > 0 ? (step - curve.x[at]) / span : 0;
      return curve.y[at] + part * (curve.y[next] - curve.y[at]);
    });
  };

  const plain = value => value === null || value === undefined ? "" :
    Math.abs(value) >= 1e5 || value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) :
    String(Number(value.toPrecision(5)));

  const linear = (low, high, most) => {
    const raw = (high - low) / most, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map(digit => digit * power).find(size => size >= raw);
    const ticks = [];
    for (let i = Math.ceil(low / step); i * step <= high * (1 + 1e-9); i++) ticks.push(Number((i * step).toPrecision(12)));
    return ticks;
  };

  /// Ticks of a logarithmic axis that also serve a loss between 2.3 and 2.6.
  const logarithmic = (low, high) => {
    if (high / low < 8) return linear(low, high, 5);
    const ticks = [], digits = high / low > 1e4 ? [1] : [1, 2, 5];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      digits.forEach(digit => digit * 10 ** power >= low && digit * 10 ** power <= high && ticks.push(digit * 10 ** power));
    }
    return ticks;
  };


  /// The curves of a figure: `[xs, ys]` and how each is drawn.
  const lines = (name, which, title) => {
    const newest = values => values.findLast(value => value !== null && value !== undefined);
    // Where nothing is pointed at, the newest figures.
    const value = (plot, value, series, at) => plain(at === null ? newest(plot.data[series]) : value);
    const tables = [], series = [{ label: axes[over][0], value }];
    const tone = run => alone ? style("--training") : color(run);
    const add = (run, curve, label, options, change = values => values) => {
      tables.push([along(runs[run], curve.x), change(curve.y)]);
      series.push({ label: alone ? label : runs[run].name + " " + label, stroke: tone(run), width: 2,
        spanGaps: true, points: { show: curve.x.length < 3 }, value, ...options });
    };
    const alone = which.length === 1;
    which.forEach(i => {
      const run = runs[i];
      const curve = run.curves[name], scaled = name === "memoryBytes"
        ? values => values.map(value => value === null ? null : value / 2 ** (inGib ? 30 : 20)) : values => values;
      if (curve && smooth > 0 && !unsmoothed.has(name)) {
        add(i, curve, "each step", { stroke: tone(i) + "77", width: 1 }, scaled);
        add(i, curve, "smoothed", {}, values => smoothed(scaled(values)));
      } else if (curve) {
        add(i, curve, name === "loss" ? "training" : alone ? title : "", {}, scaled);
      }
      const measured = run.curves[heldOut(name)];
      if (measured) {
        const held = alone ? style("--heldout") : color(i);
        add(i, measured, "held out", { stroke: held, dash: alone ? undefined : [6, 4],
          points: { show: true, size: 7, stroke: held, fill: held } });
      }
    });
    return { data: tables.length > 0 ? uPlot.join(tables) : [[]], series };
  };

  const plots = [];
  const draw = () => {
    plots.splice(0).forEach(plot => plot.destroy());
    place.querySelectorAll("figure").forEach(figure => figure.remove());
    shown.forEach(what => {
      const name = each ? "loss" : what;
      const [title, unit] = each ? [runs[what].name, ""] : known[name] ?? [name, ""];
      const isLarge = name === "loss" && !each;
      const figure = element("figure", { className: isLarge ? "large" : "" },
        element("figcaption", {}, element("b", {}, title), " " + unit));
      const box = element("div", { className: "plot", tabIndex: 0, role: "img" });
      box.setAttribute("aria-label", title + " by " + axes[over][0] + "; arrow keys move along it, Escape shows all of it");
      figure.append(box);
      place.append(figure);
      const { data, series } = lines(name, each ? [what] : runs.map((_, i) => i), title);
      const positive = data.slice(1).every(values => values.every(value => value === null || value === undefined || value > 0));
      const logY = log && (name === "loss" || name === "gradNorm") && positive;
      const axis = { stroke: style("--text"), grid: { stroke: style("--grid"), width: 1 }, ticks: { stroke: style("--grid") },
        font: "12px system-ui, sans-serif", values: (_, ticks) => ticks.map(plain) };
      const plot = new uPlot({
        width: box.clientWidth, height: isLarge ? 320 : 200, series, cursor: each ? {} : { sync: { key: "all" } },
        legend: { live: true },
        scales: {
          x: { time: false },
          y: logY ? { distr: 3, range: (_, low, high) => [low / 1.03, high * 1.03] }
            : { range: (_, low, high) => { const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
                return [low >= 0 && low < high / 3 ? 0 : low - room, high + room]; } },
        },
        axes: [axis, { ...axis, size: 62, ...(logY ? { splits: (_, _axis, low, high) => logarithmic(low, high) } : {}) }],
      }, data, box);
      box.addEventListener("keydown", event => move(plot, event));
      plots.push(plot);
    });
  };

  /// The keyboard's way along a curve.
  const move = (plot, event) => {
    const last = plot.data[0].length - 1, at = plot.cursor.idx ?? last, jump = event.shiftKey ? Math.ceil(last / 20) : 1;
    const to = { ArrowLeft: at - jump, ArrowRight: at + jump, Home: 0, End: last }[event.key];
    if (event.key === "Escape") {
      plot.setScale("x", { min: plot.data[0][0], max: plot.data[0][last] });
    } else if (to !== undefined) {
      event.preventDefault();
      const index = Math.min(last, Math.max(0, to));
      plot.setCursor({ left: plot.valToPos(plot.data[0][index], "x"), top: plot.over.clientHeight / 2 });
    }
  };

  const chosen = element("select", { value: over }, ...Object.keys(axes).map(name =>
    element("option", { value: name, selected: name === over }, name)));
  chosen.addEventListener("change", () => { over = chosen.value; remember("over", over); draw(); });
  const slider = element("input", { type: "range", min: 0, max: 14, value: smooth });
  slider.addEventListener("input", () => { smooth = Number(slider.value); remember("smooth", smooth); draw(); });
  const box = element("input", { type: "checkbox", checked: log });
  box.addEventListener("change", () => { log = box.checked; remember("log", log); draw(); });
  const controls = element("div", { className: "controls" }, element("label", {}, "over ", chosen),
    element("label", {}, "smoothing ", slider), element("label", {}, box, " logarithmic"));
  if ("running" in place.dataset) {
    const reload = element("input", { type: "checkbox", checked: live });
    reload.addEventListener("change", () => { live = reload.checked; remember("live", live); });
    controls.append(element("label", {}, reload, " follow the run"));
    follow();
  }
  const state = document.querySelector(".state.running");
  const minutes = state ? Math.floor((Date.now() - Number(state.dataset.written)) / 60000) : 0;
  if (minutes > 4) state.textContent += ", but nothing was heard of it for " + minutes + " minutes";
  place.append(controls);
  draw();

  let width = place.clientWidth;
  addEventListener("resize", () => { if (place.clientWidth !== width) { width = place.clientWidth; draw(); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
