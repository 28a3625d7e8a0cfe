// What follows the choice of time beside the charts: labels at their right edges, small drawings.
(() => {
  "use strict";
  const body = document.body, start = +body.dataset.start, length = +body.dataset.end - start;
  const three = v => {
    const a = Math.abs(v), [s, u] = a >= 1e9 ? [v / 1e9, "\u00a0bn"] : a >= 1e6 ? [v / 1e6, "\u00a0M"] : a >= 1e4 ? [v / 1e3, "\u00a0k"] : [v, ""];
    return s.toLocaleString("en-US", { maximumSignificantDigits: 3 }) + u;
  };
  const until = ({ t, v }, time) => {
    let low = 0, high = t.length;
    while (low < high) { const mid = (low + high) >> 1; if (t[mid] <= time) low = mid + 1; else high = mid; }
    return v[Math.max(0, low - 1)];
  };
  const apart = (asked, gap) => {
    const order = asked.map((_, i) => i).sort((a, b) => asked[a] - asked[b] || a - b), places = [...asked];
    let least = -Infinity, most = 100;
    for (const i of order) { places[i] = Math.max(places[i], least); least = places[i] + gap; }
    for (const i of order.reverse()) { places[i] = Math.min(places[i], most); most = places[i] - gap; }
    return places;
  };
  const charts = [...document.querySelectorAll(".views .chart")].map(chart => ({
    ends: chart.querySelector(".ends"),
    series: JSON.parse(chart.querySelector("script")?.textContent ?? "[]"),
  })).filter(chart => chart.ends);
  const boxes = [...document.querySelectorAll(".small .box")], times = [...document.querySelectorAll(".ends-of-time")];
  document.addEventListener("plimsoll:shown", event => {
    const { from, to, text } = event.detail;
    const left = (from - start) / length, part = (to - from) / length;
    for (const box of boxes) box.setAttribute("viewBox", `${left * 1000} 0 ${part * 1000} 1000`);
    for (const line of times) line.replaceChildren(...text.map(t => Object.assign(document.createElement("span"), { textContent: t })));
    for (const { ends, series } of charts) {
      const low = +ends.dataset.low, high = +ends.dataset.high;
      const labels = [...ends.querySelectorAll("span")], lines = [...ends.querySelectorAll("path")];
      const found = labels.map(label => series.find(s => s.name === label.firstChild.textContent));
      const values = found.map(s => s ? until(s, to - start) : low);
      const asked = values.map(v => Math.min(1, Math.max(0, (high - v) / (high - low))) * 100);
      apart(asked, +ends.dataset.gap).forEach((place, i) => {
        labels[i].style.top = place + "%";
        labels[i].lastChild.textContent = (found[i]?.pattern ?? "#").replace("#", three(values[i]));
        lines[i].setAttribute("d", `M0 ${asked[i]}L100 ${place}`);
      });
    }
  });
})();
