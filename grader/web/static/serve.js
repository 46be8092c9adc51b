// What htmx does not do: points by keyboard, saved comments, and a word where the server did not answer.
"use strict";
(() => {
  const inputs = () => Array.from(document.querySelectorAll(".points-in"));

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

  // On to the next card at once, so that nothing that is typed meanwhile is lost; the requests wait for each other
  // (hx-sync), so the last count that comes is the newest. A card that was refused says so, and does not take the focus
  // from what is being typed elsewhere.
  document.addEventListener("submit", (event) => {
    if (event.target.classList.contains("mark")) go(inputs().indexOf(event.target.querySelector(".points-in")) + 1);
  });

  document.addEventListener("htmx:afterSettle", () => {
    const alert = document.querySelector("#desk [role=alert]");
    if (alert) alert.focus();
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
