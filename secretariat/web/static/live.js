// Brings the page up to date when something has happened. Without this script it is as it was
// when it was opened, and everything else works the same.
(() => {
  const main = document.getElementById("main");
  const told = document.getElementById("told");
  if (!main || !told || !window.EventSource || !window.fetch) return;
  let stale = false, typed = false, waiting = null;

  const busy = () =>
    document.hidden || typed ||
    (main !== document.activeElement && main.contains(document.activeElement)) ||
    String(window.getSelection()) !== "";

  const opened = (root) => [...root.querySelectorAll("details")].map((each) => each.open);

  async function refresh() {
    waiting = null;
    if (!stale || busy()) return;
    let answer;
    try { answer = await fetch(location.href, { credentials: "same-origin" }); } catch { return; }
    if (!answer.ok || answer.redirected || busy()) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main");
    if (!fresh || busy()) return;
    stale = false;
    const was = opened(main), same = fresh.querySelectorAll("details").length === was.length;
    if (same) fresh.querySelectorAll("details").forEach((each, n) => { each.open = was[n]; });
    if (fresh.innerHTML === main.innerHTML) return;
    main.replaceChildren(...fresh.childNodes);
    told.textContent = told.dataset.words + " " + new Date().toLocaleTimeString();
  }

  // Everybody is told at once, so that not everybody asks at once.
  const soon = () => { if (stale && !waiting) waiting = setTimeout(refresh, 1000 + Math.random() * 2000); };

  main.addEventListener("input", () => { typed = true; });
  main.addEventListener("submit", () => { typed = true; });
  main.addEventListener("focusout", soon);
  document.addEventListener("visibilitychange", soon);

  const source = new EventSource("/events");
  source.addEventListener("changed", () => { stale = true; soon(); });
  window.addEventListener("pagehide", () => source.close());
})();
