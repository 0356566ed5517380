"use strict";
(() => {
  const root = document.documentElement;
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.getElementById("theme").addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; });

  // A cell sorts by data-sort where it has one, as a number where both are numbers, else as text.
  const valueOf = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
  const compare = (a, b) => {
    const x = Number.parseFloat(a), y = Number.parseFloat(b);
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) === Number.isNaN(y) ? a.localeCompare(b) : Number.isNaN(x) ? 1 : -1;
    return x - y;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      header.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = header.getAttribute("aria-sort") === "ascending";
        headers.forEach((other) => other.removeAttribute("aria-sort"));
        header.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows].sort((a, b) => compare(valueOf(a, column), valueOf(b, column)) * (down ? -1 : 1));
        table.tBodies[0].append(...rows);
      });
    });
  }

  for (const tools of document.querySelectorAll(".tools")) {
    const items = [...document.querySelectorAll(tools.dataset.items)];
    const text = tools.querySelector("input"), selects = [...tools.querySelectorAll("select")], count = tools.querySelector("output");
    const apply = () => {
      const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const item of items) {
        const content = item.textContent.toLowerCase();
        const fits = words.every((word) => content.includes(word)) && selects.every((s) => !s.value || item.dataset[s.name] === s.value);
        item.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      count.textContent = `${shown} of ${items.length}`;
    };
    text.addEventListener("input", apply);
    selects.forEach((select) => select.addEventListener("change", apply));
    apply();
  }

  // On paper the summary and the figures are unfolded; proofs stay folded, or they would fill hundreds of pages.
  const folded = "#summary details:not([open]), #figures details:not([open])";
  let opened = [];
  addEventListener("beforeprint", () => { opened = [...document.querySelectorAll(folded)]; opened.forEach((d) => { d.open = true; }); });
  addEventListener("afterprint", () => { opened.forEach((d) => { d.open = false; }); });
  // A link into a folded block opens it.
  const unfold = () => {
    for (let node = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))); node; node = node.parentElement) {
      if (node instanceof HTMLDetailsElement) node.open = true;
    }
  };
  addEventListener("hashchange", unfold);
  unfold();
})();
