(() => {
  "use strict";

  // The seller's own time zone, if the store's market has it and nobody has chosen yet.
  const zone = document.getElementById("id_timezone");
  if (zone && "own" in zone.dataset) {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if ([...zone.options].some((option) => option.value === here)) zone.value = here;
  }

  // Enter in a search must not send the whole form.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("form.p-form input[type=search]")) {
      event.preventDefault();
    }
  });

  // The theme looks for a text field of its own beside each file input; ours has none.
  document.addEventListener(
    "change",
    (event) => {
      if (event.target.matches(".promo input[type=file]")) event.stopPropagation();
    },
    true,
  );

  // An answer to what stood there before: what was typed since stays, and its own answer comes.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig } = event.detail;
    if (target.id !== "preview") return;
    const asked = requestConfig.parameters;
    const isLate = [...target.querySelectorAll("input.p-quantity")].some(
      ({ name, value }) => asked[name] !== undefined && asked[name] !== value,
    );
    if (isLate) event.detail.shouldSwap = false;
  });

  // After a refusal, begin where it is told.
  document.getElementById("errors")?.focus();
})();
