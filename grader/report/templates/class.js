// Sorting and filtering of the table of submissions. Every sort key is a number in data-sort, so sorting never reads
// text of a submission; filtering reads it and writes only the attribute `hidden`.
"use strict";
(() => {
  const table = document.getElementById("roster");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const headings = Array.from(table.tHead.rows[0].cells);
  const announce = document.getElementById("sorted");

  const sortBy = (column) => {
    const heading = headings[column];
    const descending = heading.getAttribute("aria-sort") === "ascending";
    const key = (row) => Number(row.cells[column].dataset.sort);
    const keyed = rows.map((row, place) => ({ row, place, key: key(row) }));
    keyed.sort((a, b) => (descending ? b.key - a.key : a.key - b.key) || a.place - b.place);
    body.append(...keyed.map((item) => item.row));
    for (const other of headings) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    announce.textContent = `Sorted by ${heading.textContent.trim()}, ${descending ? "descending" : "ascending"}.`;
  };

  headings.forEach((heading, column) => {
    if (!("sortable" in heading.dataset)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sortBy(column));
    heading.append(button);
  });

  const filter = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const apply = () => {
    const wanted = filter.value.trim().toLowerCase();
    let count = 0;
    rows.forEach((row, index) => {
      row.hidden = !texts[index].includes(wanted);
      if (!row.hidden) count += 1;
    });
    shown.textContent = wanted ? `${count} of ${rows.length}` : "";
  };
  filter.addEventListener("input", apply);
  filter.closest("[hidden]").hidden = false;
  apply();
})();
