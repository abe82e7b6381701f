"use strict";
// A map of settings: cells are drawn here, from the aggregates of each cell and checkpoint that the page carries.
const PhaseMap = (function () {
  const ARRAYS = { u2: Uint16Array, u4: Uint32Array, f4: Float32Array };
  const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#595959", "#56B4E9", "#000000"];
  const DASHES = ["solid", "dash", "dot", "dashdot"];
  const FEW = 8; // networks: of fewer a band holds all
  const MOST_WRITTEN = 360; // cells with their value written in

  function unpacked(array) {
    const bytes = Uint8Array.from(atob(array.data), (letter) => letter.charCodeAt(0));
    return new ARRAYS[array.kind](bytes.buffer);
  }

  function plain(value) {
    if (!Number.isFinite(value)) return "n/a";
    const short = Number(value.toPrecision(3));
    return Math.abs(short) >= 10000 ? short.toLocaleString("en") : String(short);
  }

  const safe = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const short = (share) => share.toFixed(2);

  // Everything that is known of a figure's map, its arrays as numbers.
  function read(figure) {
    const map = JSON.parse(figure.querySelector("script").textContent);
    map.cells = map.slice.length;
    for (const order of map.orders) {
      for (const name of ["value", "low", "high", "count"]) order[name] = unpacked(order[name]);
    }
    for (const each of [...map.coordinates, ...map.members.values, ...map.members.numbers]) each.value = unpacked(each.value);
    map.networks = unpacked(map.networks);
    map.diverged = unpacked(map.diverged);
    map.members.status = unpacked(map.members.status);
    map.members.ids = map.members.ids.split(" ");
    return map;
  }

  const nameOf = (map, cell) =>
    map.axes.map((axis, at) => axis.letters + " " + axis.ticks[map.place[at][cell]]).join(", ");

  // One order parameter of one cell at a checkpoint's row: value, interval and count.
  function valueOf(map, order, row, cell) {
    const at = row * map.cells + cell;
    // what a cell has as a whole has an interval at the last of its checkpoints alone
    const of = order.low.length === order.value.length ? at : row === order.rows.length - 1 ? cell : -1;
    return { value: order.value[at], low: order.low[of], high: order.high[of], count: order.count[at] };
  }

  function hover(map, order, row, checkpoint, cell) {
    const { value, low, high, count } = valueOf(map, order, row, cell);
    const of = order.verdict ? " learnt networks" : " networks";
    const lines = ["<b>" + safe(nameOf(map, cell)) + "</b>", safe(order.label) + " " + plain(value)];
    if (order.kind === "share") {
      const hits = Math.round(value * count);
      lines.push(hits + " of " + count + of + "; Wilson 95 % " + short(low) + "–" + short(high));
    } else if (order.kind === "mean") {
      const held = count < FEW ? "all" : "5–95 %";
      lines.push("mean of " + count + " networks; " + held + " of them " + plain(low) + " to " + plain(high));
    } else {
      const known = Number.isFinite(low) ? "; bootstrap 95 % " + plain(low) + " to " + plain(high) : "";
      lines.push("over " + count + " networks" + known);
    }
    const all = map.networks[checkpoint * map.cells + cell];
    const gone = map.diverged[checkpoint * map.cells + cell];
    if (gone) lines.push(gone + " of " + all + " networks diverged, left out");
    else if (count < all) lines.push(count + " of " + all + " networks have a value");
    for (const each of map.coordinates) lines.push(safe(each.label) + " " + plain(each.value[cell]));
    return lines.join("<br>");
  }

  function axisOf(axis, side) {
    const last = axis.ticks.length - 1;
    const step = Math.ceil(axis.ticks.length / (side === "x" ? 25 : 40));
    const shown = axis.ticks.map((_, at) => at).filter((at) => at % step === 0 || at === last);
    return {
      title: { text: safe(axis.label), standoff: 10, font: { size: 13 } },
      automargin: true,
      range: [-0.5, last + 0.5],
      tickvals: shown,
      ticktext: shown.map((at) => safe(axis.ticks[at])),
      showgrid: false,
      zeroline: false,
      showline: true,
      linecolor: "#999",
      ticks: "outside",
      tickcolor: "#999",
    };
  }

  const annotation = (text, more) => ({ text: text, showarrow: false, font: { size: 12, color: "#404040" }, ...more });

  // Steps that the construction puts there: dotted lines, and why.
  function marks(axis, side, shapes, notes) {
    axis.marks.forEach(([place, words], number) => {
      const across = side === "x";
      shapes.push({
        type: "line",
        xref: across ? "x" : "paper",
        yref: across ? "paper" : "y",
        x0: across ? place : 0,
        x1: across ? place : 1,
        y0: across ? 0 : place,
        y1: across ? 1 : place,
        line: { color: "#000", width: 1.5, dash: "dot" },
      });
      notes.push(
        across
          ? annotation(words, { x: place, xanchor: place > (axis.ticks.length - 1) * 0.6 ? "right" : "left", yref: "paper", y: 1, yanchor: "bottom", yshift: 18 * number })
          : annotation(words, { xref: "paper", x: 0.995, xanchor: "right", y: place, yanchor: "bottom", bgcolor: "rgba(255,255,255,.8)" })
      );
    });
  }

  function curve(points, name, width, dash, colour, shown) {
    const line = { x: points[0], y: points[1], mode: "lines", hoverinfo: "skip", legendgroup: name, name: name };
    return [
      { ...line, line: { color: "#000", width: width + 2, dash: dash }, showlegend: false },
      { ...line, line: { color: colour, width: width, dash: dash }, showlegend: shown },
    ];
  }

  function boundary(fit) {
    const poor = fit.poor ? " (poor fit)" : "";
    const traces = [];
    fit.value.forEach((line, at) => traces.push(...curve(line, "fitted P = ½" + poor, 2.5, "solid", "#fff", at === 0)));
    [...fit.low, ...fit.high].forEach((line, at) => traces.push(...curve(line, "its 95 % band", 1.2, "dash", "#fff", at === 0)));
    return traces;
  }

  // The map of one slice; `chosen` has the order parameter, its row at the checkpoint (-1: none), checkpoint and slice.
  function heatMap(map, colours, chosen) {
    const { order, row, checkpoint, slice } = chosen;
    const [across, up] = map.axes;
    const grid = () => up.ticks.map(() => new Array(across.ticks.length).fill(null));
    const [z, text, cells] = [grid(), grid(), grid()];
    const written = { x: [], y: [], text: [], colour: [] };
    const [low, high] = order.range;
    const digits = order.kind === "share" ? (value) => short(value).replace(/^0\./, ".") : plain;
    let some = 0;
    for (let cell = 0; cell < map.cells; cell++) {
      if (map.slice[cell] !== slice) continue;
      const [x, y] = [map.place[0][cell], map.place[1][cell]];
      cells[y][x] = cell;
      const value = row < 0 ? NaN : order.value[row * map.cells + cell];
      if (!Number.isFinite(value)) continue;
      some += 1;
      z[y][x] = value;
      text[y][x] = hover(map, order, row, checkpoint, cell);
      written.x.push(x);
      written.y.push(y);
      written.text.push(digits(value));
      written.colour.push(value - low < 0.55 * (high - low) ? "white" : "black");
    }
    const gap = map.cells > 2000 ? 0 : 1;
    const traces = [
      {
        type: "heatmap",
        z: z,
        hovertext: text,
        customdata: cells,
        hovertemplate: "%{hovertext}<extra></extra>",
        hoverongaps: false,
        zmin: low,
        zmax: high,
        colorscale: colours,
        xgap: gap,
        ygap: gap,
        colorbar: { title: { text: safe(order.label), side: "right", font: { size: 13 } }, thickness: 14 },
      },
    ];
    const fit = (map.boundaries[order.name] || {})[slice + "," + checkpoint];
    if (fit && fit.exists) traces.push(...boundary(fit));
    const longest = Math.max(0, ...written.text.map((each) => each.length));
    if (written.x.length <= MOST_WRITTEN && across.ticks.length * longest <= 110) {
      const { colour, ...places } = written;
      const font = { size: 11, color: colour, shadow: "auto" };
      traces.push({ ...places, mode: "text", textfont: font, hoverinfo: "skip", showlegend: false });
    }
    const point = map.paper.place && map.paper.slice === slice ? map.paper.place : null;
    if (point) {
      const star = { symbol: "star", size: 17, color: "#D55E00", line: { color: "#fff", width: 1.5 } };
      // beside the cell's middle, where its value is written
      const moved = [point[0] + (point[0] > 0 ? -0.3 : 0.3), point[1] + 0.27];
      const place = { x: [moved[0]], y: [moved[1]], mode: "markers", marker: star, hoverinfo: "skip" };
      traces.push({ ...place, name: "the paper's point", showlegend: true });
    }
    const [shapes, notes] = [[], []];
    marks(across, "x", shapes, notes);
    marks(up, "y", shapes, notes);
    if (!some) notes.push(nothing(map, chosen));
    const height = Math.min(Math.max(230 + 34 * up.ticks.length, 420), 1000);
    return { traces, layout: layout(map, chosen, height, axisOf(across, "x"), axisOf(up, "y"), shapes, notes) };
  }

  // One line a slice, where there is one axis.
  function lines(map, chosen) {
    const { order, row, checkpoint } = chosen;
    const across = map.axes[0];
    const [traces, shapes, notes] = [[], [], []];
    marks(across, "x", shapes, notes);
    let some = 0;
    map.slices.forEach((name, slice) => {
      const colour = COLOURS[slice % COLOURS.length];
      const dash = DASHES[Math.floor(slice / COLOURS.length) % DASHES.length];
      const own = [];
      for (let cell = 0; cell < map.cells; cell++) {
        if (map.slice[cell] === slice && row >= 0 && Number.isFinite(order.value[row * map.cells + cell])) own.push(cell);
      }
      if (!own.length) return;
      some += own.length;
      own.sort((a, b) => map.place[0][a] - map.place[0][b]);
      const [x, at] = [own.map((cell) => map.place[0][cell]), own.map((cell) => valueOf(map, order, row, cell))];
      const label = safe(name || order.label);
      const fit = (map.boundaries[order.name] || {})[slice + "," + checkpoint];
      const known = at.map((_, place) => place).filter((place) => Number.isFinite(at[place].low));
      const around = (places, values) => ({ x: places.concat(places.slice().reverse()), y: values });
      if (known.length > 1) {
        const ends = known.map((p) => at[p].high).concat(known.slice().reverse().map((p) => at[p].low));
        traces.push({ ...around(known.map((p) => x[p]), ends), fill: "toself", fillcolor: colour, opacity: 0.18, mode: "none", hoverinfo: "skip", legendgroup: label, showlegend: false });
      }
      traces.push({
        x: x,
        y: at.map((each) => each.value),
        customdata: own,
        hovertext: own.map((cell) => hover(map, order, row, checkpoint, cell)),
        hovertemplate: "%{hovertext}<extra></extra>",
        mode: "lines+markers",
        marker: { size: 9, color: colour },
        line: { color: colour, width: 2, dash: dash },
        legendgroup: label,
        name: label,
        showlegend: true,
      });
      if (fit && fit.exists && fit.centre) {
        const [low, centre, high] = fit.centre;
        shapes.push({ type: "rect", yref: "paper", x0: low, x1: high, y0: 0, y1: 1, fillcolor: colour, opacity: 0.12, line: { width: 0 } });
        shapes.push({ type: "line", yref: "paper", x0: centre, x1: centre, y0: 0, y1: 1, line: { color: colour, width: 1.5, dash: "dash" } });
        const [places, , middle] = fit.curve;
        traces.push({ x: places, y: middle, mode: "lines", line: { color: colour, width: 1, dash: "dash" }, hoverinfo: "skip", legendgroup: label, name: "fit of P; P = ½ shaded", showlegend: slice === 0 });
      }
    });
    if (map.paper.place) {
      shapes.push({ type: "line", yref: "paper", x0: map.paper.place[0], x1: map.paper.place[0], y0: 0, y1: 1, line: { color: "#404040", width: 1.5, dash: "longdashdot" } });
      const right = map.paper.place[0] > (across.ticks.length - 1) / 2;
      notes.push(annotation("★ the paper's point", { x: map.paper.place[0], xanchor: right ? "right" : "left", yref: "paper", y: 1, yanchor: "top", bgcolor: "rgba(255,255,255,.8)" }));
    }
    if (!some) notes.push(nothing(map, chosen));
    const [low, high] = order.range;
    const room = 0.06 * (high - low);
    const share = order.kind === "share";
    const y = { ...axisOf({ label: order.label, ticks: [] }, "y"), tickvals: undefined, ticktext: undefined, showgrid: true, gridcolor: "#e6e6e6" };
    y.range = share ? [-0.04, 1.04] : undefined;
    if (!share && room <= 0) delete y.range;
    return { traces, layout: layout(map, chosen, 440, axisOf(across, "x"), y, shapes, notes) };
  }

  function spans(clock) {
    return clock.endsWith("s") ? clock : clock + "s";
  }

  function moment(map, checkpoint) {
    const when = plain(map.epoch[checkpoint]);
    return map.clock.endsWith("s") ? when + " " + map.clock : map.clock + " " + when;
  }

  function nothing(map, { order, slice }) {
    const when = order.rows.map((at) => plain(map.epoch[at]));
    const words = when.length ? "was measured at " + spans(map.clock) + " " + (when.length > 8 ? when[0] + " to " + when[when.length - 1] : when.join(", ")) : "was not measured";
    return annotation(safe(order.label) + " " + words + ":<br>there is nothing at this checkpoint", { xref: "paper", yref: "paper", x: 0.5, y: 0.5, bgcolor: map.up ? "#ececec" : "#fff", font: { size: 14, color: "#404040" } });
  }

  function layout(map, { order, checkpoint, slice }, height, x, y, shapes, notes) {
    const levels = Math.max(map.axes[0].marks.length, 0);
    const where = map.up && map.slices[slice] ? map.slices[slice] + ", " : "";
    return {
      height: height + 18 * levels,
      font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif", size: 13, color: "#222" },
      paper_bgcolor: "white",
      plot_bgcolor: map.up ? "#ececec" : "white",
      title: { text: safe(order.label + " at " + where + moment(map, checkpoint) + " – " + map.networksWords), font: { size: 15 }, x: 0, xref: "paper", y: 1, yref: "container", yanchor: "top", pad: { t: 14 } },
      margin: { l: 80, r: 20, t: 42 + 18 * levels, b: 100 },
      hoverlabel: { font: { size: 12 }, align: "left", bgcolor: "#fff", bordercolor: "#444" },
      hovermode: "closest",
      legend: { orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom", bgcolor: map.up ? "#c9ced6" : "#fff" },
      showlegend: true,
      xaxis: x,
      yaxis: y,
      shapes: shapes,
      annotations: notes,
    };
  }

  // Lists the networks of a cell below the figure.
  function list(map, place, cell) {
    const { members } = map;
    const [from, to] = [members.start[cell], members.start[cell + 1]];
    const element = (kind, text) => {
      const made = document.createElement(kind);
      if (text !== undefined) made.textContent = text;
      return made;
    };
    const number = to - from;
    const heading = element("p", nameOf(map, cell) + ": " + number + (number === 1 ? " network. " : " networks, mirror networks first, then by SSI; values are the last that were measured. "));
    place.replaceChildren(heading);
    if (number) {
      heading.append("To look into one: ", element("code", "mirrorjax inspect RESULTS --member " + members.ids[from]));
    }
    const table = element("table");
    table.className = "numbers";
    const head = table.createTHead().insertRow();
    const columns = ["network", ...members.numbers.map((each) => each.label), "status", ...members.values.map((each) => each.label)];
    columns.forEach((label) => {
      const title = element("th", label);
      title.scope = "col";
      head.append(title);
    });
    const body = table.createTBody();
    for (let at = from; at < to; at++) {
      const row = body.insertRow();
      row.insertCell().append(element("code", members.ids[at]));
      members.numbers.forEach((each) => (row.insertCell().textContent = String(each.value[at])));
      row.insertCell().textContent = members.statuses[members.status[at]];
      members.values.forEach((each) => (row.insertCell().textContent = plain(each.value[at])));
    }
    const box = element("div");
    box.className = "scroll members-list";
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "networks of the chosen cell");
    box.append(table);
    place.append(box);
  }

  // What stands above the figure: what the order parameter is, and whether there is a boundary.
  function note(map, { order, checkpoint, slice }) {
    const fits = map.boundaries[order.name] || {};
    const said = (map.up ? [slice] : map.slices.map((_, number) => number)).map((number) => {
      const fit = fits[number + "," + checkpoint];
      if (!fit) return "";
      const poor = fit.poor ? " The fit is poor here (its deviance is too large): do not trust where it is." : "";
      const name = map.slices[number] && !map.up ? map.slices[number] + ": " : "";
      const words = name + fit.why + "." + poor;
      return words[0].toUpperCase() + words.slice(1);
    });
    return [order.note, ...said].filter((words) => words).join(" ");
  }

  // Draws a map and again whenever the reader chooses; a cell is chosen by a click or by its lists.
  function show(figure, options, answer) {
    const map = read(figure);
    const { colours } = figure.dataset;
    const plot = figure.querySelector(".plot");
    const slider = figure.querySelector("input[type=range]");
    const told = figure.querySelector("output");
    const place = figure.querySelector(".members");
    const order = figure.querySelector(".control.order");
    const slices = Array.from(figure.querySelectorAll(".control.slice"));
    const lists = Array.from(figure.querySelectorAll(".cell select"));
    const sizes = map.axes.slice(map.up ? 2 : 1).map((axis) => axis.ticks.length);

    function chosen() {
      const found = map.orders[Number(answer(order))];
      const checkpoint = Number(slider.value);
      const slice = slices.reduce((number, control, at) => number * sizes[at] + Number(answer(control)), 0);
      return { order: found, checkpoint: checkpoint, row: found.rows.indexOf(checkpoint), slice: slice };
    }

    function draw() {
      const state = chosen();
      const words = moment(map, state.checkpoint) + " (checkpoint " + map.checkpoint[state.checkpoint] + ")";
      told.textContent = words;
      slider.setAttribute("aria-valuetext", words);
      const made = map.up ? heatMap(map, colours, state) : lines(map, state);
      const { data, layout } = Narrow.fitted(plot, made.traces, made.layout);
      plot.style.minHeight = layout.height + "px";
      figure.querySelector(".note").textContent = note(map, state);
      return Plotly.react(plot, data, layout, options);
    }

    function tell(cell) {
      lists.forEach((each, at) => (each.value = String(map.place[at][cell])));
      list(map, place, cell);
    }

    function fromLists() {
      if (lists.some((each) => each.value === "")) return;
      const slice = map.up ? chosen().slice : null;
      for (let cell = 0; cell < map.cells; cell++) {
        const same = lists.every((each, at) => map.place[at][cell] === Number(each.value));
        if (same && (slice === null || map.slice[cell] === slice)) return tell(cell);
      }
      place.replaceChildren(Object.assign(document.createElement("p"), { textContent: "No networks were run there." }));
    }

    let waiting = false;
    slider.addEventListener("input", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        draw();
      });
    });
    [order, ...slices].forEach((control) => control.addEventListener("change", draw));
    slices.forEach((control) => control.addEventListener("change", fromLists));
    lists.forEach((each) => each.addEventListener("change", fromLists));
    let before = null;
    window.addEventListener("beforeprint", () => {
      before = slider.value;
      slider.value = slider.max;
      draw();
    });
    window.addEventListener("afterprint", () => {
      if (before !== null) slider.value = before;
      draw();
    });
    Narrow.onChange(plot, draw);
    return draw().then(() => {
      plot.on("plotly_click", (event) => {
        const cell = event.points[0].customdata;
        if (cell !== null && cell !== undefined) tell(cell);
      });
    });
  }

  return { show: show };
})();
