// The steps of the program as a table that sorts, under a strip of where the time goes.

const stepsView = (() => {
  let table, strip;
  const sorting = { column: "number", isDown: false };
  const intensity = (step) => (step.bytes > 0 ? step.operations / step.bytes : 0);
  const rate = (step) => (step.time > 0 ? step.operations / step.time / 1000 : 0);
  const most = (value) => Math.max(...steps.map(value), 1e-12);

  const columns = [
    { name: "number", title: "#", value: (step, index) => index, text: (step, index) => `${index}`, isNumber: true },
    { name: "what", title: "Step", value: (step) => step.name, isText: true },
    { name: "operations", title: "Operations", value: (step) => step.operations, text: (step) => (step.operations ? countText(step.operations) : ""), isNumber: true, isMetered: !isTimed },
    { name: "bytes", title: "Bytes", value: (step) => step.bytes, text: (step) => (step.bytes ? bytesText(step.bytes) : ""), isNumber: true },
    { name: "intensity", title: "Op/byte", hint: "Operations for every byte that it reads or writes once", value: intensity, text: (step) => (step.operations ? intensity(step).toFixed(intensity(step) < 10 ? 2 : 0) : ""), isNumber: true },
  ];
  if (isTimed) {
    columns.push(
      { name: "time", title: "Time", value: (step) => step.time ?? 0, text: (step) => timeText(step.time ?? 0), isNumber: true, isMetered: true },
      { name: "share", title: "Share", value: (step) => step.time ?? 0, text: (step) => percentText((step.time ?? 0) / timedTotal), isNumber: true },
      { name: "rate", title: "Gop/s", hint: "Thousand million operations a second", value: rate, text: (step) => (rate(step) ? rate(step).toFixed(rate(step) < 10 ? 2 : 1) : ""), isNumber: true });
  }

  function sortBy(column) {
    sorting.isDown = sorting.column === column.name ? !sorting.isDown : Boolean(column.isNumber && column.name !== "number");
    sorting.column = column.name;
    draw();
  }

  function draw() {
    const column = columns.find((each) => each.name === sorting.column);
    const order = steps.map((step, index) => ({ step, index, key: column.value(step, index) }));
    order.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.index - b.index));
    if (sorting.isDown) order.reverse();
    const head = element("tr", {}, ...columns.map((each) =>
      element("th", { class: each.isNumber ? "number" : "", title: each.hint, "aria-sort": each.name === sorting.column ? (sorting.isDown ? "descending" : "ascending") : null },
        element("button", { onclick: () => sortBy(each) }, each.title, each.name === sorting.column ? (sorting.isDown ? " \u25be" : " \u25b4") : ""))));
    const rows = order.map(({ step, index }) => {
      const cells = columns.map((each) => {
        if (each.isText) {
          return element("td", { class: "what" }, element("div", {}, element("span", { class: `tag kind-${step.kind}` }, step.kind), " ", step.name), element("div", { class: "layer" }, layerOf(step)));
        }
        const cell = element("td", { class: `number${each.isMetered ? " meter" : ""}` }, each.text(step, index));
        if (each.isMetered) cell.append(element("i", {}, element("b", { style: `width:${((100 * each.value(step)) / most(each.value)).toFixed(1)}%` })));
        return cell;
      });
      return element("tr", { class: page.selected && page.related.steps.includes(index) ? "related" : "", "data-step": index, tabindex: 0, onclick: () => select({ kind: "step", index }, { stay: true }),
        onkeydown: (event) => event.key === "Enter" && select({ kind: "step", index }, { stay: true }) }, ...cells);
    });
    table.replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
  }

  function drawStrip() {
    const value = (step) => (isTimed ? step.time ?? 0 : step.operations);
    const total = isTimed ? timedTotal : operationsTotal;
    strip.replaceChildren(...(total > 0 ? steps : []).map((step, index) => element("button", {
      class: `kind-${step.kind}${page.selected && page.related.steps.includes(index) ? " related" : ""}`, style: `flex:${value(step) / total} 0 0`, tabindex: -1, "aria-label": `step ${index}`,
      onclick: () => select({ kind: "step", index }),
      onpointermove: (event) => showTip(event, element("b", {}, `${index}  ${step.name}`), element("div", {}, layerOf(step)),
        element("div", { class: "quiet" }, `${isTimed ? timeText(value(step)) : countText(value(step))}, ${percentText(value(step) / total)}`)),
      onpointerleave: hideTip,
    })));
  }

  function update(options = {}) {
    for (const row of table.querySelectorAll("tbody tr")) row.classList.toggle("related", Boolean(page.selected) && page.related.steps.includes(Number(row.dataset.step)));
    drawStrip();
    if (!options.stay) table.querySelector("tr.related")?.scrollIntoView({ block: "nearest" });
  }

  function create() {
    table = element("table", { class: "steps" });
    strip = element("div", { class: "strip", "aria-hidden": "true" });
    const { profile } = report;
    const note = isTimed
      ? `${timeText(profile.whole)} a run, ${timeText(timedTotal)} as the sum of its steps; medians of ${profile.rounds} runs`
      : profile?.note || "sizes of the strip are operations; with --profile, times";
    return element("div", { class: "view" },
      element("div", { class: "tools" }, element("span", { class: "quiet" }, note)), strip, element("div", { class: "scroll" }, table));
  }

  return { name: "steps", title: "Steps", create, open: () => { draw(); drawStrip(); }, update, onKey: () => false };
})();
