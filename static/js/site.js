(() => {
  "use strict";

  const say = (text) => {
    let region = document.getElementById("said");
    if (!region) {
      region = document.createElement("div");
      region.id = "said";
      region.className = "visually-hidden";
      region.setAttribute("role", "status");
      document.body.append(region);
    }
    region.textContent = "";
    setTimeout(() => (region.textContent = text), 60);
  };

  const textOf = (node) => ("value" in node ? node.value : node.textContent).trim();

  const copyText = async (node) => {
    const text = textOf(node);
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.readOnly = true;
      area.className = "visually-hidden";
      document.body.append(area);
      area.focus({ preventScroll: true });
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };

  const copy = async (button) => {
    const source = document.querySelector(button.dataset.copy);
    if (!source || !(await copyText(source))) return;
    const label = button.querySelector("span") || button;
    button.dataset.label ??= label.textContent;
    button.style.minWidth = `${button.offsetWidth}px`;
    label.textContent = button.dataset.copied;
    say(button.dataset.copied);
    clearTimeout(button.timer);
    button.timer = setTimeout(() => (label.textContent = button.dataset.label), 2200);
    button.focus({ preventScroll: true });
  };

  const share = (button) => {
    const { shareUrl, shareText, shareTitle } = button.closest("[data-share]").dataset;
    navigator
      .share({ url: shareUrl, text: shareText || undefined, title: shareTitle || undefined })
      .catch(() => undefined);
  };

  const preview = (field) => {
    const shown = document.querySelector(field.dataset.preview);
    if (shown) shown.textContent = field.value || shown.dataset.empty || "";
    const count = document.querySelector(field.dataset.count);
    if (count) count.textContent = `${[...field.value].length} / ${field.maxLength}`;
  };

  // Where the style's `scroll-initial-target` isn't known yet.
  const showCurrentTab = () => {
    for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
      const bar = tab.parentElement;
      const past = tab.offsetLeft + tab.offsetWidth - bar.offsetLeft - bar.clientWidth;
      if (past > bar.scrollLeft) bar.scrollLeft = past;
    }
  };

  const reveal = (root) => {
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
    if (navigator.share) {
      for (const button of root.querySelectorAll("[data-share-open][hidden]")) button.hidden = false;
    }
    for (const field of root.querySelectorAll("[data-preview], [data-count]")) preview(field);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-share-open]");
    if (button) (button.dataset.copy ? copy : share)(button);
    for (const menu of document.querySelectorAll(".menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll(".menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-preview], [data-count]")) preview(event.target);
  });

  document.addEventListener("htmx:load", (event) => reveal(event.target));
  reveal(document);
  showCurrentTab();
})();
