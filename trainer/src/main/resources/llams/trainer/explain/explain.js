(() => {
  const { element, style } = llams;
  const explained = JSON.parse(document.getElementById("explained").textContent);
  const place = document.getElementById("programs");
  const scaled = (value, units, step) => {
    let unit = 0;
    while (value >= step * 0.9995 && unit < units.length - 1) { value /= step; unit++; }
    return (unit === 0 ? String(value) : value.toPrecision(3)) + " " + units[unit];
  };
  const bytes = value => scaled(value, ["B", "KiB", "MiB", "GiB"], 1024).replace(/e\+\d+/, "");
  const flops = value => value === 0 ? "0" : scaled(value, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"], 1000);
  const time = seconds => seconds === undefined ? "" : seconds >= 1 ? seconds.toFixed(2) + " s"
    : seconds >= 1e-3 ? (seconds * 1e3).toFixed(2) + " ms" : (seconds * 1e6).toFixed(1) + " µs";
  const sum = (list, value) => list.reduce((all, one) => all + value(one), 0);
  const tile = (name, value, note) => element("div", { className: "tile" }, element("b", {}, name), element("span", {}, value),
    note ? element("i", {}, note) : "");
  const short = name => name.replace(/^(base_model\.model\.|gradient\.)?(base_model\.model\.)?model\./, "$1").replace(/^base_model\.model\./, "").replace(/\.weight$/, "");

  const lifeOf = (life, groups, phase) => {
    const box = element("div", { className: "life", title: `groups ${life.from} to ${life.to} of ${groups}` });
    const bar = element("i", { className: phase });
    bar.style.left = 100 * life.from / groups + "%";
    bar.style.width = 100 * (life.to - life.from + 1) / (groups + 1) + "%";
    box.append(bar);
    return box;
  };

  const cell = (tag, className, ...children) => element(tag, { className }, ...children);

  const table = (program, section, measured) => {
    const body = element("table", { className: "rows" });
    const heads = ["#", "operation", "makes", "reads", "FLOP", "moves", "lives in the slab", "kernel"];
    if (measured) heads.push("time");
    body.append(element("tr", {}, ...heads.map((head, i) => cell("th", i > 0 && i < 4 || i > 5 && i < 8 ? "text" : "", head))));
    for (const row of section.rows) {
      const line = element("tr", { id: `r${program.index}-${row.number}` });
      const makes = row.results.map(result => result.type).join(", ") || "changes its state";
      line.append(cell("th", "", String(row.number)));
      line.append(cell("td", "text", row.op, row.isRemade ? element("small", {}, " again") : "",
        row.fused.length ? element("small", {}, element("br"), "fused: " + row.fused.join(" and ")) : ""));
      line.append(cell("td", "text", short(row.name), element("br"), element("small", {}, makes)));
      line.append(cell("td", "text", ...row.reads.flatMap((read, i) => [i ? element("br") : "", short(read.name), element("small", {}, " " + read.type)])));
      line.append(cell("td", "", flops(row.flops)), cell("td", "", bytes(row.readBytes + row.writtenBytes)));
      const own = row.lives.filter(life => !life.isWorkspace), work = row.lives.filter(life => life.isWorkspace);
      const lives = cell("td", "text", ...own.map(life => lifeOf(life, program.groups, section.phase)));
      if (work.length) lives.append(element("small", {}, bytes(sum(work, life => life.bytes)) + " to work in"));
      line.append(lives);
      const file = row.kernel.split("/");
      line.append(element("td", { className: "text", title: row.kernel }, file.at(-1), element("br"),
        element("small", {}, file.slice(0, -1).join("/"))));
      if (measured) line.append(cell("td", "", row.seconds === undefined ? element("small", {}, "with the one above") : time(row.seconds)));
      body.append(line);
    }
    return element("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: section.title }, body);
  };

  const draw = (program, canvas, chosen) => {
    const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const x = group => width * group / program.groups, y = offset => height - height * offset / program.slabBytes;
    for (const life of program.lives) {
      pen.fillStyle = style("--" + (life.isWorkspace ? "work" : life.phase));
      pen.globalAlpha = 0.75;
      const left = x(life.from), top = y(life.offset + life.bytes);
      const wide = Math.max(1, x(Math.min(program.groups, life.to + 1)) - left), tall = Math.max(0.7, y(life.offset) - top);
      pen.fillRect(left, top, wide - (wide > 4 ? 0.6 : 0), tall - (tall > 3 ? 0.6 : 0));
    }
    pen.globalAlpha = 0.5;
    pen.fillStyle = style("--text");
    let last = 0;
    for (const section of program.sections) {
      const at = x(section.rows[0].group);
      if (section.rows[0].group > 0 && at - last > 3) pen.fillRect(at, height - 5, 1, 5);
      last = at;
    }
    pen.globalAlpha = 1;
    if (chosen !== null) {
      pen.fillStyle = style("--text");
      pen.fillRect(x(chosen + 0.5) - 0.75, 0, 1.5, height);
    }
  };

  explained.programs.forEach((program, index) => {
    program.index = index;
    const measured = program.sections.some(section => section.seconds !== undefined);
    const all = program.sections.flatMap(section => section.rows);
    program.lives = program.sections.flatMap(section => section.rows.flatMap(row =>
      row.lives.map(life => ({ ...life, row, section, phase: section.phase }))));
    const most = Math.max(0, ...program.liveBytes), seconds = sum(program.sections, section => section.seconds ?? 0);
    place.append(element("h2", {}, program.name[0].toUpperCase() + program.name.slice(1)));
    const tiles = element("div", { className: "tiles" }, tile("instructions", all.length.toLocaleString("en"), "one kernel each; some run together"),
      tile("computes", flops(program.flops), "additions, multiplications"), tile("weights", bytes(program.weightBytes), "only read"),
      tile("state", bytes(program.stateBytes), "changed, and kept between steps"), tile("slab", bytes(program.slabBytes), "all values between, at most " + bytes(most) + " at once"));
    if (measured) tiles.append(tile("time", time(seconds), flops(program.flops / seconds) + "/s on this machine"));
    place.append(tiles);

    let chosen = null;
    const details = [];
    if (program.slabBytes > 0 && program.groups > 1) {
      place.append(element("h3", {}, "Memory over time"));
      place.append(element("p", {}, "From left to right, one instruction after the other; from bottom to top, the slab. Each block is a value: it begins where"
        + " it is made, and ends where it is last read. Then its memory goes to others. Ticks at the bottom are where a section of the list below begins."));
      const canvas = element("canvas", { className: "map", tabIndex: 0, role: "slider", ariaLabel: "Memory over time; arrow keys move from instruction to instruction, Enter shows it in the list" });
      canvas.setAttribute("aria-valuemin", "0");
      canvas.setAttribute("aria-valuemax", String(program.groups - 1));
      const at = element("p", { className: "at" }, "Point at it, or use the arrow keys.");
      const legend = element("div", { className: "legend" });
      const names = { forward: "made in the forward pass", backward: "made in the backward pass", update: "made in the update", work: "memory that a kernel works in" };
      for (const kind of Object.keys(names)) {
        if (program.lives.some(life => (life.isWorkspace ? "work" : life.phase) === kind)) {
          legend.append(element("span", {}, element("i", { className: kind }), names[kind]));
        }
      }
      const choose = group => {
        chosen = Math.min(program.groups - 1, Math.max(0, group));
        canvas.setAttribute("aria-valuenow", String(chosen));
        draw(program, canvas, chosen);
        const running = all.filter(row => row.group === chosen);
        const section = program.sections.find(one => one.rows.includes(running[0]));
        const seen = new Map(program.lives.filter(life => life.from <= chosen && chosen <= life.to).map(life => [life.offset, life]));
        const largest = [...seen.values()].sort((a, b) => b.bytes - a.bytes).slice(0, 4);
        at.replaceChildren(element("b", {}, running.map(row => `#${row.number} ${row.op}`).join(", ")), ` (${section.title}). `,
          `In use: ${bytes(program.liveBytes[chosen])}. Largest: `,
          largest.map(life => `${short(life.name)} ${bytes(life.bytes)}`).join(", "), ".");
      };
      const show = () => {
        if (chosen === null) return;
        const row = all.find(one => one.group === chosen);
        const at = program.sections.findIndex(section => section.rows.includes(row));
        details[at].open = true;
        fill(at);
        document.querySelectorAll("tr.chosen").forEach(line => line.classList.remove("chosen"));
        all.filter(one => one.group === chosen).forEach(one => document.getElementById(`r${index}-${one.number}`).classList.add("chosen"));
        document.getElementById(`r${index}-${row.number}`).scrollIntoView({ block: "center" });
      };
      const pointed = event => Math.floor((event.clientX - canvas.getBoundingClientRect().left) / canvas.clientWidth * program.groups);
      canvas.addEventListener("pointermove", event => choose(pointed(event)));
      canvas.addEventListener("click", event => { choose(pointed(event)); show(); });
      canvas.addEventListener("keydown", event => {
        const now = chosen ?? 0, jump = event.shiftKey ? Math.ceil(program.groups / 20) : 1;
        const to = { ArrowLeft: now - jump, ArrowRight: now + jump, Home: 0, End: program.groups - 1 }[event.key];
        if (to !== undefined) { event.preventDefault(); choose(to); }
        if (event.key === "Enter") show();
      });
      place.append(canvas, legend, at);
      const redraw = () => draw(program, canvas, chosen);
      addEventListener("resize", redraw);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
      requestAnimationFrame(redraw);
    }

    place.append(element("h3", {}, "Instructions"));
    const greatest = Math.max(...program.sections.map(section => measured ? section.seconds : section.flops));
    place.append(element("div", { className: "heads" }, element("span"), element("span", {}, "section"),
      element("span", { className: "share" }, measured ? "time" : "FLOP"), element("span", {}, "computes"), element("span", { className: "moved" }, "moves"),
      element("span", {}, measured ? "time" : "ops")));
    const fill = at => {
      if (details[at].childElementCount === 1) details[at].append(table(program, program.sections[at], measured));
    };
    program.sections.forEach((section, at) => {
      const bar = element("div", { className: "bar " + section.phase });
      bar.style.width = 100 * (measured ? section.seconds : section.flops) / (greatest || 1) + "%";
      const one = element("details", { className: "section" }, element("summary", {}, element("b", {}, section.title),
        element("div", { className: "share" }, bar), element("span", {}, flops(section.flops)), element("span", { className: "moved" }, bytes(section.movedBytes)),
        element("span", {}, measured ? time(section.seconds) : String(section.rows.length))));
      one.addEventListener("toggle", () => one.open && fill(at));
      details.push(one);
      place.append(one);
    });
  });
})();
