// Sort and filter the table of submissions. Every sort key is a number in data-sort, so sorting never reads text of a
// submission; filtering reads it and writes only the attribute `hidden`. In a very large class, only the first rows are
// laid out. The others are in a hidden table body until sorting or filtering moves them to the front, or the user shows
// all.
"use strict";
(() => {
  const table = document.getElementById("roster");
  if (!table) return;
  const body = table.tBodies[0];
  const rest = document.getElementById("rest");
  const note = document.getElementById("rest-note");
  const room = body.rows.length;
  const headings = Array.from(table.tHead.rows[0].cells);
  const announce = document.getElementById("sorted");
  let rows = [...body.rows, ...(rest ? rest.rows : [])];

  const arrange = () => {
    if (!rest || rest.classList.contains("shown")) return body.append(...rows);
    const found = rows.filter((row) => !row.hidden);
    body.append(...found.slice(0, room));
    rest.append(...found.slice(room), ...rows.filter((row) => row.hidden));
    note.hidden = found.length <= room;
    note.firstElementChild.textContent = `The first ${room} of ${found.length}; the filter finds all.`;
  };

  const sortBy = (column) => {
    const heading = headings[column];
    const descending = heading.getAttribute("aria-sort") === "ascending";
    const key = (row) => Number(row.cells[column].dataset.sort);
    const keyed = rows.map((row, place) => ({ row, place, key: key(row) }));
    keyed.sort((a, b) => (descending ? b.key - a.key : a.key - b.key) || a.place - b.place);
    rows = keyed.map((item) => item.row);
    arrange();
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
  let texts = null;
  const apply = () => {
    const wanted = filter.value.trim().toLowerCase();
    texts = texts || new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    let count = 0;
    for (const row of rows) {
      row.hidden = !texts.get(row).includes(wanted);
      if (!row.hidden) count += 1;
    }
    shown.textContent = wanted ? `${count} of ${rows.length}` : "";
    if (rest) arrange();
  };
  filter.addEventListener("input", apply);
  filter.closest("[hidden]").hidden = false;
  if (filter.value) apply();

  if (rest) {
    note.lastElementChild.addEventListener("click", () => {
      body.append(...rows);
      rest.classList.add("shown");
      note.hidden = true;
    });
    note.firstElementChild.textContent = `The first ${room} of ${rows.length}; the filter finds all.`;
    note.hidden = false;
  }
})();
