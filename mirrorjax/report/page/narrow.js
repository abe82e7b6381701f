"use strict";
// What a figure needs where the page is narrow: panels below each other, legend and colours below, titles in lines.
const Narrow = (function () {
  const WIDTH = 480; // pixels: below, a plot is narrow
  const LETTERS = 46; // of a line of text there

  const isNarrow = (plot) => plot.clientWidth > 0 && plot.clientWidth < WIDTH;

  const MOST_WRITTEN = 8; // cells beside each other with their value written in

  // A text in lines that fit.
  function wrapped(text, letters) {
    const lines = [""];
    for (const word of text.split(/ |<br>/)) {
      const longer = (lines[lines.length - 1] + " " + word).trim();
      if (longer.length > letters && lines[lines.length - 1]) lines.push(word);
      else lines[lines.length - 1] = longer;
    }
    return lines.join("<br>");
  }

  // Where each panel is: the axes across and upwards, with their parts of the paper.
  function panelsOf(layout) {
    const found = [];
    for (const name of Object.keys(layout).filter((key) => /^xaxis\d*$/.test(key))) {
      const across = layout[name];
      const up = layout["yaxis" + (across.anchor || "y").slice(1)];
      if (!up || !across.domain) return [];
      found.push({ across, up, x: across.domain, y: up.domain || [0, 1] });
    }
    return found;
  }

  // Panels that stand beside each other go below each other; their headings go with them.
  function stacked(layout) {
    const panels = panelsOf(layout);
    if (new Set(panels.map((panel) => panel.x[0])).size < 2) return;
    panels.sort((a, b) => b.y[1] - a.y[1] || a.x[0] - b.x[0]);
    const share = 1 / panels.length;
    const gap = 0.4 * share;
    panels.forEach((panel, place) => {
      const top = 1 - place * (share + gap / panels.length);
      const [left, head] = [panel.x[0], panel.y[1]];
      panel.across.domain = [0, 1];
      panel.up.domain = [Math.max(top - share + gap, 0), top];
      panel.up.showticklabels = panel.across.showticklabels = true;
      panel.up.automargin = true;
      for (const note of layout.annotations || []) {
        const own = note.xref === "paper" && note.yref === "paper" && Math.abs(note.x - left) < 1e-6 && Math.abs(note.y - head) < 1e-6;
        // beside long names the plot is too narrow for a heading that begins at its edge
        const side = panel.up.ticktext || panel.up.type === "category" ? { x: 1, xanchor: "right" } : { x: 0, xanchor: "left" };
        if (own && !note.moved) Object.assign(note, { ...side, y: top, moved: true });
      }
    });
    (layout.annotations || []).forEach((note) => delete note.moved);
    layout.height = Math.max(layout.height, 120 + 230 * panels.length);
  }

  // The figure as it fits its plot: itself where that is wide.
  function fitted(plot, data, layout) {
    if (!isNarrow(plot)) return { data, layout };
    [data, layout] = JSON.parse(JSON.stringify([data, layout]));
    stacked(layout);
    const margin = layout.margin || {};
    const title = layout.title && layout.title.text ? wrapped(layout.title.text, LETTERS) : "";
    const lines = title ? title.split("<br>").length : 0;
    for (const note of layout.annotations || []) {
      note.text = wrapped(note.text, LETTERS);
      note.align = "left";
      if (note.xref === "paper" && note.x > 1) Object.assign(note, { x: 1, xanchor: "right", yanchor: "bottom" });
    }
    const above = (layout.annotations || []).filter((note) => note.yref === "paper" && note.y >= 1 && note.yanchor === "bottom");
    const top = 24 + 17 * lines + 16 * Math.max(0, ...above.map((note) => note.text.split("<br>").length));
    const named = data.filter((trace) => trace.name && trace.showlegend !== false && layout.showlegend !== false);
    named.forEach((trace) => (trace.name = wrapped(trace.name, LETTERS - 6)));
    const rows = named.reduce((sum, trace) => sum + trace.name.split("<br>").length, 0);
    const below = named.length > 1 ? 60 + 17 * rows : 55;
    layout.margin = { ...margin, l: Math.min(margin.l || 50, 56), r: 12, t: title || above.length ? top : margin.t || 15, b: below };
    if (plot.closest(".shown")) {
      const rows = (layout.yaxis && layout.yaxis.ticktext) || [];
      const lines = rows.length * Math.max(0, ...rows.map((row) => row.split("<br>").length));
      layout.height = Math.min(layout.height, Math.max(260, 150 + 15 * lines));
    }
    for (const key of Object.keys(layout).filter((name) => /^legend\d*$/.test(name) || name === "legend")) delete layout[key];
    data.forEach((trace) => delete trace.legend);
    layout.legend = { orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom", tracegroupgap: 0, font: { size: 11 } };
    data.filter((trace) => trace.colorbar).forEach((trace) => {
      trace.colorbar = { ...trace.colorbar, thickness: 10, title: { text: "" } };
    });
    for (const [name, axis] of Object.entries(layout)) {
      if (!/^[xy]axis\d*$/.test(name)) continue;
      axis.automargin = true;
      axis.tickfont = { size: 11 };
      if (!axis.tickvals) axis.nticks = 6;
      if (axis.title) axis.title = { ...axis.title, font: { size: 12 } };
    }
    if (title) {
      // plotly lifts a title of several lines by all but the last
      const y = 1 - (12 + 17 * (lines - 1)) / layout.height;
      layout.title = { text: title, font: { size: 13 }, x: 0, xref: "paper", y: y, yanchor: "top", yref: "container" };
    }
    data = data.filter((trace) => trace.mode !== "text" || new Set(trace.x).size <= MOST_WRITTEN);
    return { data, layout };
  }

  // Draws again when a plot becomes narrow or wide.
  function onChange(plot, draw) {
    let before = isNarrow(plot);
    window.addEventListener("resize", () => {
      if (!plot.clientWidth || isNarrow(plot) === before) return;
      before = isNarrow(plot);
      draw();
    });
  }

  return { fitted, onChange };
})();
