"use strict";
(function () {
  // Buttons are listed, not removed: plotly's own set has one that sends the figure to a server.
  const options = {
    displaylogo: false,
    responsive: true,
    plotlyServerURL: "",
    modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
  };

  function valueOf(control) {
    const checked = control.querySelector("input:checked");
    const list = control.querySelector("select");
    return checked ? checked.value : list ? list.value : control.dataset.value;
  }

  // Draws a figure and again whenever the reader chooses.
  function show(figure) {
    if (figure.dataset.kind === "map") return PhaseMap.show(figure, options, valueOf);
    const variants = JSON.parse(figure.querySelector("script").textContent);
    const plot = figure.querySelector(".plot");
    const controls = Array.from(figure.querySelectorAll(".control"));
    const draw = () => {
      const chosen = variants[controls.map(valueOf).join(",")];
      const { data, layout } = Narrow.fitted(plot, chosen.data, chosen.layout);
      plot.style.minHeight = layout.height + "px";
      return Plotly.react(plot, data, layout, options);
    };
    controls.forEach((control) => control.addEventListener("change", draw));
    Narrow.onChange(plot, draw);
    return draw();
  }

  // Sorts a table by a column; empty cells stay last.
  function sortable(table) {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = Array.from(table.tBodies[0].rows);
        const value = (row) => row.cells[column].dataset.value;
        const numeric = rows.every((row) => value(row) === "" || !Number.isNaN(Number(value(row))));
        rows.sort((a, b) => {
          const [x, y] = [value(a), value(b)];
          if (x === "" || y === "") return (x === "") - (y === "");
          const order = numeric ? Number(x) - Number(y) : x.localeCompare(y);
          return down ? -order : order;
        });
        table.tBodies[0].append(...rows);
      });
    });
  }

  document.querySelectorAll("table.sortable").forEach(sortable);

  // A figure is drawn when it can be seen: in a closed part it would have no width.
  const waiting = new Set(document.querySelectorAll("[data-figure]"));
  const isFolded = (figure) => figure.closest("details:not([open])") !== null;
  let busy = false;

  // One after the other, so that the page can be read and scrolled meanwhile; data-drawn tells when all in sight are.
  function next() {
    const figure = Array.from(waiting).find((each) => !isFolded(each));
    busy = figure !== undefined;
    document.documentElement.dataset.drawn = busy ? "some" : "all";
    if (!busy) return;
    waiting.delete(figure);
    Promise.resolve(show(figure)).then(() => setTimeout(next, 0));
  }

  function unfolded(part) {
    part.querySelectorAll(".js-plotly-plot").forEach((plot) => {
      if (!isFolded(plot)) Plotly.Plots.resize(plot); // the window may have changed meanwhile
    });
    if (!busy) next();
  }
  document.addEventListener("toggle", (event) => event.target.open && unfolded(event.target), true);

  // Whatever a link leads to is unfolded.
  function follow() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => event.target.closest("a[href^='#']") && setTimeout(follow, 0));

  // Print has everything, unfolded and drawn, and the page is as before when it is done.
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = Array.from(document.querySelectorAll("details:not([open])"));
    folded.forEach((part) => (part.open = true));
    waiting.forEach(show);
    waiting.clear();
  });
  window.addEventListener("afterprint", () => folded.forEach((part) => (part.open = false)));

  next();
  follow();
})();
