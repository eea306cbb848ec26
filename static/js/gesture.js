// Confirms an invitation where the round's rules allow it: only after the page has been visible
// for a while and a person has really touched it or pressed a key on it.
(() => {
  "use strict";

  const form = document.querySelector("[data-confirm-on-gesture]");
  if (!form) return;
  const seenLongEnough = 1500; // milliseconds
  let visibleSince = document.visibilityState === "visible" ? performance.now() : Infinity;

  document.addEventListener("visibilitychange", () => {
    visibleSince = document.visibilityState === "visible" ? performance.now() : Infinity;
  });

  const confirm = (event) => {
    const isHuman = event.isTrusted && !navigator.webdriver;
    if (!isHuman || performance.now() - visibleSince < seenLongEnough) return;
    if (event.target.closest("a, button, summary, input, select")) return;
    document.removeEventListener("pointerup", confirm);
    document.removeEventListener("keydown", confirm);
    form.requestSubmit();
  };

  document.addEventListener("pointerup", confirm);
  document.addEventListener("keydown", confirm);
})();
