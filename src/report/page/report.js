"use strict";
// Sorting, filtering and the lightbox. Text goes to the page as text only.
(() => {
  // Megabytes of text, read when the first chip is wanted.
  let films = null;
  const filmOf = (row) => {
    films ??= JSON.parse(document.getElementById("films").textContent);
    return films[row.dataset.n];
  };
  const titles = ["before", "capture", "background", "difference"];
  const box = document.getElementById("lightbox");
  const element = (name, klass, text) => {
    const made = document.createElement(name);
    if (klass) made.className = klass;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  // Chips in the table are loaded when they come into view.
  const load = (chip) => {
    const film = filmOf(chip.closest("tr"));
    if (!film) return;
    const strip = chip.firstElementChild;
    strip.style.aspectRatio = `${film.to - film.from} / ${film.across}`;
    strip.style.backgroundImage = `url(${film.src})`;
  };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      load(entry.target);
      seen.unobserve(entry.target);
    }
  }, { rootMargin: "300px" });
  for (const chip of document.querySelectorAll(".chip")) seen.observe(chip);
  const PRINTED = 400;
  addEventListener("beforeprint", () => {
    [...document.querySelectorAll(".chip")].slice(0, PRINTED).forEach(load);
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
  });

  const rowOf = (n) => document.querySelector(`.trains tr[data-n="${n}"]`);

  // What is under the pointer, in words: charts draw all marks of a kind at once.
  const days = JSON.parse(document.getElementById("days").textContent).map((told) => Object.entries(told));
  const toldIn = (shape) => days[shape.closest(".crossing").id.replace("crossing-", "") - 1];
  const DAY_MS = 86400000;
  const NEAR_PX = 5;
  const nearest = (told, day, within) => {
    const far = ([date]) => Math.abs(Date.parse(date) / DAY_MS - day);
    const best = told.reduce((a, b) => (far(b) < far(a) ? b : a));
    return far(best) <= within ? best[1] : "";
  };
  const say = (shape, words) => {
    let title = shape.querySelector("title");
    if (!title) shape.append(title = document.createElementNS("http://www.w3.org/2000/svg", "title"));
    if (title.textContent !== words) title.textContent = words;
  };
  const share = (shape, event) => {
    const box = shape.getBoundingClientRect();
    return (event.clientX - box.left) / box.width;
  };
  document.addEventListener("pointermove", (event) => {
    const shape = event.target.closest(".captures, .days, .train[data-number]");
    if (!shape) return;
    if (shape.matches(".train")) {
      const row = rowOf(shape.dataset.number);
      say(shape, `${row.cells[1].textContent}: ${row.cells[2].textContent}`);
    } else if (shape.matches(".days")) {
      const first = Date.UTC(shape.ownerSVGElement.dataset.year, shape.dataset.month - 1, 1);
      const count = new Date(Date.UTC(shape.ownerSVGElement.dataset.year, shape.dataset.month, 0)).getUTCDate();
      say(shape, nearest(toldIn(shape), first / DAY_MS + Math.floor(share(shape, event) * count), 0));
    } else {
      const span = Number(shape.dataset.days);
      const at = Date.parse(shape.dataset.start) / DAY_MS + share(shape, event) * span - 0.5;
      say(shape, nearest(toldIn(shape), at, Math.max(0.5, NEAR_PX * span / shape.getBoundingClientRect().width)));
    }
  });

  // Sorting: numbers as numbers, the rest as text.
  const keyOf = (row, key) => {
    const value = row.dataset[key];
    if (value === undefined) return row.cells[key === "sensor" ? 7 : 8].textContent;
    return key === "change" || key === "decision" ? value : Number(value);
  };
  const sort = (head) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = head.closest("table").tBodies[0];
    const rows = [...body.rows].map((row) => [keyOf(row, head.dataset.key), row]);
    const order = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b));
    rows.sort((a, b) => (up ? 1 : -1) * order(a[0], b[0]) || a[1].dataset.when - b[1].dataset.when);
    body.append(...rows.map((row) => row[1]));
  };
  for (const head of document.querySelectorAll(".trains th[data-key]")) {
    head.firstElementChild.addEventListener("click", () => sort(head));
  }

  // Filtering.
  const words = new WeakMap();
  const fits = (row, wanted) => {
    if (!words.has(row)) words.set(row, row.textContent.toLowerCase());
    return wanted.words.every((word) => words.get(row).includes(word))
      && Number(row.dataset.length) >= wanted.least
      && (!wanted.change || row.dataset.change === wanted.change)
      && (!wanted.track || row.dataset.track === wanted.track)
      && (!wanted.decision || row.dataset.decision === wanted.decision);
  };
  const filter = (form) => {
    const value = (name) => (form.elements[name] ? form.elements[name].value : "");
    const wanted = {
      words: value("words").toLowerCase().split(/\s+/).filter(Boolean),
      least: Number(value("least")) || 0,
      change: value("change"),
      track: value("track"),
      decision: value("decision"),
    };
    const table = document.getElementById(form.dataset.table);
    const rows = [...table.tBodies[0].rows];
    let shown = 0;
    for (const row of rows) {
      const keep = fits(row, wanted);
      if (row.hidden === keep) row.hidden = !keep;
      shown += keep ? 1 : 0;
    }
    const noun = rows.length === 1 ? "train" : "trains";
    form.querySelector("output").textContent = shown === rows.length ? `${shown} ${noun}` : `${shown} of ${rows.length} ${noun}`;
    table.parentElement.nextElementSibling.hidden = shown > 0;
  };
  for (const form of document.querySelectorAll(".filters")) {
    form.addEventListener("input", () => filter(form));
    form.addEventListener("reset", () => setTimeout(() => filter(form)));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  // The lightbox.
  let now = null;
  const caption = (row, film, k) => {
    if (k === 0) return film.before ? film.before.slice(0, 16).replace("T", " ") : "no earlier capture shows this place";
    if (k === 1) return row.cells[1].textContent;
    if (k === 2) return film.shown[2] ? "what the other captures predict for this moment" : "not predicted";
    return `orange brighter, blue darker than predicted; full at ${film.range}`;
  };
  const percent = (value) => `${(100 * value).toFixed(3)}%`;
  const panel = (row, film, k) => {
    const figure = element("figure", "panel");
    const text = element("figcaption", "", "");
    text.append(element("b", "", titles[k]), caption(row, film, k));
    const view = element("div", "view");
    const along = film.to - film.from;
    view.style.aspectRatio = `${along} / ${film.across}`;
    if (film.shown[k]) {
      const image = element("img");
      image.alt = "";
      image.src = film.src;
      image.style.top = `${-100 * k}%`;
      view.append(image);
    }
    const mark = element("div", k % 2 ? "mark" : "mark ends");
    const [start, end] = [Number(row.dataset.start), Number(row.dataset.end)];
    const high = Math.min(0.5, 18 / film.across + 0.12);
    mark.style.left = percent((start - film.from) / along);
    mark.style.width = percent((end - start) / along);
    mark.style.top = percent(0.5 - high / 2);
    mark.style.height = percent(high);
    view.append(mark);
    figure.append(text, view);
    return figure;
  };
  const axis = (film, width) => {
    const scale = element("div", "axis");
    const along = film.to - film.from;
    const most = Math.max(2, Math.min(12, Math.floor(width / 72)));
    const step = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((s) => along / s <= most) || 10000;
    for (let at = Math.ceil(film.from / step) * step; at <= film.to; at += step) {
      const share = (at - film.from) / along;
      if (share < 0.03 || share > 0.97) continue;
      const tick = element("span", "", `${at} m`);
      tick.style.left = percent(share);
      scale.append(tick);
    }
    return scale;
  };
  const mark = (row, on) => {
    for (const dot of document.querySelectorAll(`.train[data-number="${row.dataset.n}"]`)) dot.classList.toggle("now", on);
  };
  const show = (row) => {
    const film = filmOf(row);
    if (!film) return;
    if (now) mark(now, false);
    now = row;
    mark(row, true);
    document.getElementById("lightbox-title").textContent = `${row.cells[1].textContent} UTC, ${row.cells[2].textContent}`;
    document.getElementById("lightbox-facts").textContent =
      [3, 4, 5, 7, 8].map((k) => `${k === 4 ? "strength " : k === 3 ? "chainage " : ""}${row.cells[k].textContent}`).filter(Boolean).join(" · ");
    const panels = document.getElementById("panels");
    // All four panels fit into the window, as far as they stay readable.
    const room = (innerHeight - 260) / (4 * film.across) * (film.to - film.from);
    const width = Math.min(Math.max(300, Math.round(room)), innerWidth - 40);
    panels.style.maxWidth = `${width}px`;
    panels.replaceChildren(...titles.map((_, k) => panel(row, film, k)), axis(film, width));
    if (!box.open) box.showModal();
    document.getElementById("previous").disabled = !beside(-1);
    document.getElementById("next").disabled = !beside(1);
  };
  const beside = (step) => {
    let row = now;
    do {
      row = step < 0 ? row.previousElementSibling : row.nextElementSibling;
    } while (row && (row.hidden || !filmOf(row)));
    return row;
  };
  const go = (step) => {
    const row = now && beside(step);
    if (row) show(row);
  };
  document.addEventListener("click", (event) => {
    const chip = event.target.closest(".chip");
    if (chip) show(chip.closest("tr"));
    const dot = event.target.closest(".train[data-number]");
    if (dot) {
      const row = rowOf(dot.dataset.number);
      if (row) show(row);
    }
    if (event.target === box) box.close();
  });
  document.getElementById("previous").addEventListener("click", () => go(-1));
  document.getElementById("next").addEventListener("click", () => go(1));
  document.getElementById("close").addEventListener("click", () => box.close());
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") box.close();
    if (event.key === "ArrowLeft") go(-1);
    if (event.key === "ArrowRight") go(1);
  });
  box.addEventListener("close", () => {
    if (!now) return;
    mark(now, false);
    const chip = now.querySelector(".chip");
    now = null;
    if (chip) chip.focus();
  });
  document.documentElement.dataset.ready = "yes";
})();
