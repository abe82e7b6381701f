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
      plot.style.minHeight = chosen.layout.height + "px";
      return Plotly.react(plot, chosen.data, chosen.layout, options);
    };
    controls.forEach((control) => control.addEventListener("change", draw));
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
  // one after the other, so that the page can be read and scrolled meanwhile
  const waiting = Array.from(document.querySelectorAll("[data-figure]"));
  (function next() {
    const figure = waiting.shift();
    if (!figure) {
      document.documentElement.dataset.drawn = "all";
      return;
    }
    Promise.resolve(show(figure)).then(() => setTimeout(next, 0));
  })();
})();
