"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const charts = JSON.parse(document.getElementById("charts").textContent);

  // Charts carry no colours of text or background: they take those of the page.
  function draw() {
    const ink = getComputedStyle(document.body).color;
    const text = { labelColor: ink, titleColor: ink };
    const config = { axis: { ...text, domainColor: "#888", tickColor: "#888" }, legend: text, text: { color: ink } };
    for (const [name, { $schema, ...spec }] of Object.entries(charts)) {  // the runtime here may be of a later version
      const place = document.getElementById(name);
      const options = {
        mode: "vega-lite",
        renderer: "svg",
        ast: true,
        config,
        actions: { export: true, source: false, compiled: false, editor: false },
        tooltip: { theme: dark.matches ? "dark" : "light" },
      };
      vegaEmbed(place, spec, options).catch((error) => {
        place.textContent = `This chart could not be drawn: ${error.message}`;
      });
    }
  }

  // A click on a heading sorts the rows by the values behind the text; unknown ones stay last.
  function sort(heading) {
    const table = heading.closest("table");
    const column = heading.cellIndex;
    const down = heading.getAttribute("aria-sort") === "ascending";
    const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
      return down ? -order : order;
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  }

  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => sort(button.parentElement));
  }
  dark.addEventListener("change", draw);
  draw();
})();
