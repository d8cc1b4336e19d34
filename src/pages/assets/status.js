// Keeps the page fresh without reloading it: fetches it again, changes only what is different,
// and says so when that fails. Without this script everything works by links and forms.
"use strict";

(() => {
  const INTERVAL = 3000; // milliseconds between an answer and the next request
  const PATIENCE = 5000; // for an answer
  const LIVE = ["main", "shown", "foot"];

  const byId = (id) => document.getElementById(id);
  const pause = byId("pause");
  const script = (page) => page.querySelector("script").getAttribute("src");

  let paused = false;
  let timer = 0;
  let request = null; // the one under way
  let freshAt = Date.now();
  let trouble = "";

  const takeAttributes = (live, fresh) => {
    for (const { name } of [...live.attributes]) {
      if (!fresh.hasAttribute(name)) live.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (live.getAttribute(name) !== value) live.setAttribute(name, value);
    }
  };

  const alike = (live, fresh) =>
    live && live.nodeName === fresh.nodeName && !live.id && !fresh.id;

  // Makes `live` like `fresh`. What has an id stays the same element wherever it goes.
  const morph = (live, fresh) => {
    if (live.nodeType !== Node.ELEMENT_NODE) {
      if (live.data !== fresh.data) live.data = fresh.data;
      return;
    }
    takeAttributes(live, fresh);
    const wanted = new Set([...fresh.children].map((child) => child.id));
    const named = new Map();
    for (const child of [...live.children]) {
      if (!child.id) continue;
      if (wanted.has(child.id)) named.set(child.id, child);
      else child.remove();
    }
    let next = live.firstChild;
    for (const child of fresh.childNodes) {
      const same = child.id ? named.get(child.id) : alike(next, child) && next;
      if (!same) {
        live.insertBefore(document.importNode(child, true), next);
        continue;
      }
      if (same === next) next = next.nextSibling;
      else live.insertBefore(same, next);
      morph(same, child);
    }
    while (next) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
  };

  const show = (page) => {
    const focused = document.activeElement.id;
    document.title = page.title;
    for (const id of LIVE) morph(byId(id), page.getElementById(id));
    // What is moved loses the focus.
    if (focused && document.activeElement.id !== focused && byId(focused)) {
      byId(focused).focus({ preventScroll: true });
    }
    const search = byId("q");
    if (search && search !== document.activeElement) search.value = search.defaultValue;
  };

  const fetchPage = async (signal) => {
    let response;
    let text;
    try {
      // An address with a password in it, which the page may have been opened by, is refused.
      const address = location.origin + location.pathname + location.search;
      response = await fetch(address, { cache: "no-store", signal });
      text = await response.text();
    } catch (error) {
      throw new Error(
        error.name === "TimeoutError" ? "The exporter does not answer" : "The exporter cannot be reached",
      );
    }
    if (!response.ok && response.status !== 404) {
      throw new Error(`The exporter answers with HTTP ${response.status}`);
    }
    const page = new DOMParser().parseFromString(text, "text/html");
    if (!LIVE.every((id) => page.getElementById(id))) {
      throw new Error("Something else than the exporter answers");
    }
    return page;
  };

  const tell = () => {
    document.documentElement.classList.toggle("outage", trouble !== "");
    const seconds = Math.round((Date.now() - freshAt) / 1000);
    const message = trouble && `${trouble}. Everything below is old.`;
    // The message is read out when it changes; the age, which changes all the time, is not.
    if (byId("outage").textContent !== message) byId("outage").textContent = message;
    byId("outage-age").textContent = trouble && `${byId("shown").textContent}, ${seconds} s ago.`;
  };

  const plan = () => {
    clearTimeout(timer);
    if (!paused && !document.hidden) timer = setTimeout(refresh, INTERVAL);
  };

  const refresh = async () => {
    clearTimeout(timer);
    if (request) request.abort();
    const mine = new AbortController();
    request = mine;
    const patience = setTimeout(() => mine.abort(new DOMException("", "TimeoutError")), PATIENCE);
    try {
      const page = await fetchPage(mine.signal);
      if (request !== mine) return;
      // Another version of the exporter: its page needs its own script and style.
      if (script(page) !== script(document)) location.reload();
      show(page);
      freshAt = Date.now();
      trouble = "";
    } catch (error) {
      if (request !== mine) return;
      trouble = error.message;
    } finally {
      clearTimeout(patience);
    }
    tell();
    plan();
  };

  // Another view of the page that is open, in place.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("main a[href^='./']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const target = new URL(link.href);
    if (target.pathname !== location.pathname) return;
    event.preventDefault();
    const turnsPage = link.closest(".pages");
    history.pushState(null, "", target);
    await refresh();
    if (turnsPage) byId("connections").scrollIntoView();
  });
  window.addEventListener("popstate", refresh);

  const search = (form) => {
    const values = new URLSearchParams(new FormData(form));
    if (!values.get("q")) values.delete("q");
    history.replaceState(null, "", `./?${values}`);
    refresh();
  };
  let typing = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "q") return;
    clearTimeout(typing);
    typing = setTimeout(search, 250, event.target.form);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "search") return;
    event.preventDefault();
    clearTimeout(typing);
    search(event.target);
  });

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Resume" : "Pause";
    if (paused) clearTimeout(timer);
    else refresh();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !paused) refresh();
  });
  setInterval(() => trouble && tell(), 1000);
  plan();
})();
