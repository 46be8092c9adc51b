// What htmx does not do: points by keyboard, saved comments, and a word where the server did not answer.
"use strict";
(() => {
  const inputs = () => Array.from(document.querySelectorAll(".points-in"));
  let next = null; // the place of the input that is to have the focus when the points are kept

  const go = (place) => {
    const input = inputs()[place];
    if (!input) return;
    input.focus();
    input.select();
    input.closest(".card").scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    if (!event.target.classList.contains("points-in")) return;
    const place = inputs().indexOf(event.target);
    if (event.key === "ArrowDown") go(place + 1);
    else if (event.key === "ArrowUp") go(place - 1);
    else return;
    event.preventDefault();
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.classList.contains("mark")) next = inputs().indexOf(event.target.querySelector(".points-in"));
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const alert = document.querySelector("#content [role=alert]");
    if (next !== null) go(alert ? next : next + 1);
    else if (alert) alert.focus();
    next = null;
  });

  for (const name of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(name, () => {
      document.getElementById("failed").hidden = false;
    });
  }

  document.addEventListener("change", (event) => {
    const into = event.target.dataset.into && document.getElementById(event.target.dataset.into);
    if (into && event.target.value) into.value = event.target.value;
  });

  if (document.body.classList.contains("question")) go(0);
})();
