// Zoom, reading under the pointer, and sorting. The page is complete without any of it.
(() => {
  "use strict";
  const body = document.body, start = +body.dataset.start, end = +body.dataset.end, length = end - start;
  const busy = body.dataset.from ? [+body.dataset.from, +body.dataset.to] : null;
  const minute = 60e3, hour = 60 * minute, day = 24 * hour;
  const spans = [1e3, 5e3, 15e3, 3e4, minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour,
    2 * hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day, 14 * day, 30 * day, 90 * day, 365 * day];
  const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const two = n => String(n).padStart(2, "0");
  const date = t => { const d = new Date(t); return d.getUTCDate() + " " + months[d.getUTCMonth()]; };
  const clock = (t, seconds) => {
    const d = new Date(t);
    return two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + (seconds ? ":" + two(d.getUTCSeconds()) : "");
  };
  const label = (t, span) => t % day === 0 || span >= day ? date(t) : clock(t, span < minute);
  const figure = v => {
    const a = Math.abs(v), [s, u] = a >= 1e9 ? [v / 1e9, " bn"] : a >= 1e6 ? [v / 1e6, " M"] : [v, ""];
    return s.toLocaleString("en-US", { maximumSignificantDigits: u ? 4 : 6 }) + u;
  };
  const make = (tag, name, parent) => {
    const e = document.createElement(tag);
    e.className = name;
    if (parent) parent.append(e);
    return e;
  };
  document.documentElement.classList.add("js");

  const plots = [...document.querySelectorAll(".chart")].map(chart => ({
    paper: chart.querySelector(".paper"),
    box: chart.querySelector(".box"),
    times: chart.querySelector(".times"),
    marks: [...chart.querySelectorAll(".mark")].map(e => ({ e, x: +e.dataset.x, span: +e.dataset.span })),
    series: JSON.parse(chart.querySelector("script")?.textContent ?? "[]"),
  }));
  let from = start, to = end;

  const ticks = () => {
    const span = spans.find(s => s > (to - from) / 8) ?? 365 * day, found = [];
    for (let t = Math.ceil(from / span) * span; t <= to; t += span) found.push([t, label(t, span)]);
    return found;
  };
  const show = (a, b) => {
    [from, to] = [Math.max(start, a), Math.min(end, b)];
    const left = (from - start) / length, part = (to - from) / length, labels = ticks();
    for (const plot of plots) {
      plot.box.setAttribute("viewBox", `${left * 1000} 0 ${part * 1000} 1000`);
      for (const mark of plot.marks) {
        const x = (mark.x - left) / part;
        mark.e.style.display = x < 0 || x > 1 ? "none" : "";
        mark.e.setAttribute("x", x * 100 + "%");
      }
      plot.times.replaceChildren(...labels.map(([t, text]) => {
        const e = make("span", "");
        e.textContent = text;
        e.style.left = (t - from) / (to - from) * 100 + "%";
        return e;
      }));
    }
    const whole = from === start && to === end, is = (z) => z && from === z[0] && to === z[1];
    document.querySelector("[data-zoom=all]").setAttribute("aria-pressed", whole);
    document.querySelector("[data-zoom=busy]")?.setAttribute("aria-pressed", !whole && !!is(busy));
    document.querySelector(".toolbar output").textContent =
      `${date(from)} ${clock(from)} to ${date(to)} ${clock(to)} UTC`;
    const text = [from, to].map(t => `${date(t)} ${clock(t)}`);
    document.dispatchEvent(new CustomEvent("plimsoll:shown", { detail: { from, to, text } }));
  };
  document.querySelectorAll("[data-zoom]").forEach(button => button.addEventListener("click", () =>
    button.dataset.zoom === "busy" ? show(...busy) : show(start, end)));

  const tip = make("div", "tip");
  tip.hidden = true;
  tip.setAttribute("role", "status");
  body.append(tip);
  const at = (series, time) => {
    const { t, v, span } = series;
    let low = 0, high = t.length;
    while (low < high) { const mid = (low + high) >> 1; if (t[mid] <= time) low = mid + 1; else high = mid; }
    if (!low) return span ? 0 : null;
    return span && time >= t[low - 1] + span ? 0 : v[low - 1];
  };
  const row = (name, value, look) => {
    const line = make("div", "", tip);
    make("span", look ? "named" : "", line).textContent = name;
    if (look) line.firstChild.prepend(Object.assign(make("i", "key " + look), { ariaHidden: "true" }));
    if (value !== undefined) make("span", "", line).textContent = value;
  };
  const read = (plot, event) => {
    const place = plot.paper.getBoundingClientRect();
    const f = Math.min(1, Math.max(0, (event.clientX - place.left) / place.width));
    const time = from + f * (to - from), seconds = to - from < hour;
    for (const other of plots) {
      other.cross ??= make("div", "cross", other.paper);
      other.cross.style.left = f * 100 + "%";
      other.cross.hidden = false;
    }
    tip.replaceChildren();
    make("b", "", tip).textContent = `${date(time)} ${clock(time, seconds)}`;
    const values = [...plot.series].reverse().map(series => [series, at(series, time - start)]);
    if (values[0]?.[0].pattern) values.sort((a, b) => b[1] - a[1]);
    for (const [series, value] of values) {
      if (value !== null) row(series.name, (series.pattern ?? "#").replace("#", figure(value)), series.class);
    }
    const near = Math.max(plot.marks[0]?.span / 2 || 0, 4 / place.width * (to - from) / length);
    const x = (time - start) / length;
    const marks = plot.marks.filter(mark => Math.abs(mark.x - x) <= near);
    for (const mark of marks.slice(0, 6)) row(mark.e.querySelector("title").textContent);
    if (marks.length > 6) row(`and ${marks.length - 6} more marks`);
    tip.hidden = false;
    const right = event.clientX + 16 + tip.offsetWidth < innerWidth;
    tip.style.left = Math.max(4, right ? event.clientX + 16 : event.clientX - 16 - tip.offsetWidth) + "px";
    tip.style.top = Math.max(4, Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 4)) + "px";
  };
  const hide = () => {
    tip.hidden = true;
    for (const plot of plots) if (plot.cross) plot.cross.hidden = true;
  };
  for (const plot of plots) {
    let down = null, pick = null;
    const fraction = event => {
      const place = plot.paper.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - place.left) / place.width));
    };
    const drop = () => { pick?.remove(); down = pick = null; };
    plot.paper.addEventListener("pointerdown", event => {
      if (event.button !== 0) return;
      down = fraction(event);
      pick = make("div", "pick", plot.paper);
      plot.paper.setPointerCapture(event.pointerId);
    });
    plot.paper.addEventListener("pointermove", event => {
      if (down !== null) {
        const f = fraction(event);
        pick.style.left = Math.min(down, f) * 100 + "%";
        pick.style.width = Math.abs(f - down) * 100 + "%";
      }
      read(plot, event);
    });
    plot.paper.addEventListener("pointerup", event => {
      if (down === null) return;
      const ends = [down, fraction(event)].sort((a, b) => a - b).map(f => from + f * (to - from));
      const dragged = Math.abs(fraction(event) - down) > .02;
      drop();
      if (!dragged || ends[1] - ends[0] < 1e3) return;
      hide();
      show(ends[0], ends[1]);
    });
    plot.paper.addEventListener("pointercancel", drop);
    plot.paper.addEventListener("pointerleave", hide);
  }
  addEventListener("scroll", hide, { passive: true });
  // `report.html#busy` opens on the busiest part.
  if (busy && (location.hash === "#busy" || body.dataset.open === "busy")) show(...busy); else show(start, end);

  for (const table of document.querySelectorAll(".sortable")) {
    const rows = table.tBodies[0], heads = [...[...table.tHead.rows].at(-1).cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const number = head.classList.contains("n");
      const now = head.getAttribute("aria-sort");
      const down = now ? now === "ascending" : number;
      const key = tr => tr.cells[column].dataset.v ?? tr.cells[column].textContent;
      const missing = tr => tr.cells[column].dataset.v === "";
      const order = (a, b) => { const x = +key(a), y = +key(b); return isNaN(x) || isNaN(y) ? key(a).localeCompare(key(b), "en") : x - y; };
      const sorted = [...rows.rows].sort((a, b) => missing(a) - missing(b) || (down ? order(b, a) : order(a, b)));
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.append(...sorted);
    }));
  }
  // Older browsers print closed details closed.
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(d => { d.open = true; }));
})();
