(() => {
  "use strict";

  const form = document.querySelector("[data-continue]");

  const go = () => {
    if (document.prerendering || document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", go);
    document.removeEventListener("prerenderingchange", go);
    form.requestSubmit();
  };

  document.addEventListener("visibilitychange", go);
  document.addEventListener("prerenderingchange", go);
  go();
})();
