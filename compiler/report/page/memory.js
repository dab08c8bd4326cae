// The memory plan over time: steps to the right, offsets in the arena upwards, a rectangle for the life of a storage.

const memoryView = (() => {
  const inArena = storages.map((storage, index) => ({ ...storage, index })).filter((storage) => storage.place === "arena" && storage.first !== undefined);
  const margin = { left: 74, right: 16, top: 14, bottom: 30, between: 34, live: 64 };
  let body, scale = 1;

  // Bytes in use at every step, and where they are most.
  const live = new Array(Math.max(steps.length, 1)).fill(0);
  for (const storage of inArena) for (let step = storage.first; step <= storage.last; ++step) live[step] += storage.bytes;
  const most = live.reduce((best, bytes, step) => (bytes > live[best] ? step : best), 0);
  const arena = report.arena.bytes;

  function draw() {
    const width = Math.max((body.clientWidth || 640) - 4, 300) * scale;
    const height = Math.max((body.clientHeight || 500) - 6, 260);
    const planTop = margin.top + margin.live + margin.between;
    const planHeight = height - planTop - margin.bottom;
    const x = (step) => margin.left + ((width - margin.left - margin.right) * step) / steps.length;
    const y = (offset) => planTop + planHeight * (1 - offset / Math.max(arena, 1));
    const svg = drawn("svg", { width, height, role: "img", "aria-label": `Memory plan: ${inArena.length} storages in ${bytesText(arena)}` });

    // Bytes in use.
    const liveY = (bytes) => margin.top + margin.live * (1 - bytes / Math.max(arena, 1));
    let path = `M${x(0)} ${liveY(0)}`;
    live.forEach((bytes, step) => (path += `V${liveY(bytes).toFixed(1)}H${x(step + 1).toFixed(1)}`));
    svg.append(drawn("path", { class: "live", d: `${path}V${liveY(0)}Z` }));
    svg.append(drawn("text", { x: 8, y: margin.top + 10 }, "in use"));
    svg.append(drawn("text", { x: 8, y: margin.top + 24 }, bytesText(live[most])));
    svg.append(drawn("text", { x: 8, y: margin.top + 38 }, "at most"));

    // The grid.
    for (let i = 0; i <= 4; ++i) {
      const offset = (arena * i) / 4;
      svg.append(drawn("line", { class: "grid", x1: margin.left, x2: width - margin.right, y1: y(offset), y2: y(offset) }));
      svg.append(drawn("text", { x: margin.left - 8, y: y(offset) + 3.5, "text-anchor": "end" }, bytesText(offset)));
    }
    const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((each) => x(each) - x(0) >= 34) ?? 2000;
    for (let step = 0; step < steps.length; step += every) {
      svg.append(drawn("text", { x: (x(step) + x(step + 1)) / 2, y: height - margin.bottom + 15, "text-anchor": "middle" }, `${step}`));
    }
    svg.append(drawn("text", { x: margin.left - 8, y: height - margin.bottom + 15, "text-anchor": "end" }, "step"));
    for (const step of page.selected ? page.related.steps : []) {
      svg.append(drawn("rect", { class: "now", x: x(step), width: Math.max(x(step + 1) - x(step), 1), y: margin.top, height: height - margin.bottom - margin.top }));
    }

    // Lives.
    const texts = drawn("g");
    for (const storage of inArena) {
      const left = x(storage.first);
      const right = x(storage.last + 1);
      const top = y(storage.offset + storage.bytes);
      const bottom = y(storage.offset);
      const isSelected = page.selected?.kind === "storage" && page.selected.index === storage.index;
      const isRelated = !isSelected && page.selected && page.related.storages.includes(storage.index);
      const shape = drawn("rect", {
        class: `lives${isSelected ? " selected" : isRelated ? " related" : ""}`,
        x: (left + 0.5).toFixed(1), y: top.toFixed(1), width: Math.max(right - left - 1, 1).toFixed(1), height: Math.max(bottom - top, 1).toFixed(1), rx: 2, "data-storage": storage.index,
      });
      svg.append(shape);
      const room = right - left - 8;
      if (bottom - top > 13 && room > 24) {
        const label = storageLabel(storage);
        const text = label.length * 6.1 <= room ? label : `\u2026${label.slice(-Math.max(Math.floor(room / 6.1) - 1, 1))}`;
        texts.append(drawn("text", { class: `inside${isSelected ? " selected" : ""}`, x: left + 4, y: Math.min((top + bottom) / 2 + 3.5, bottom - 3) }, text));
      }
    }
    svg.append(texts);

    // The peak.
    const peak = (x(most) + x(most + 1)) / 2;
    svg.append(drawn("line", { class: "peak", x1: peak, x2: peak, y1: margin.top, y2: height - margin.bottom }));
    const isRight = peak > width * 0.6;
    svg.append(drawn("text", { class: "peak-text", x: peak + (isRight ? -6 : 6), y: planTop - 9, "text-anchor": isRight ? "end" : "start" }, `peak at step ${most}: ${bytesText(live[most])} of ${bytesText(arena)}`));

    svg.addEventListener("pointermove", (event) => {
      const index = event.target.dataset?.storage;
      if (index === undefined) return hideTip();
      const storage = storages[index];
      showTip(event, element("b", {}, storage.name), element("div", {}, storageLabel(storage)), element("div", {}, `${storage.type}, ${bytesText(storage.bytes)} at ${storage.formula ?? storage.offset}`),
        element("div", { class: "quiet" }, `steps ${storage.first} to ${storage.last}`));
    });
    svg.addEventListener("pointerleave", hideTip);
    svg.addEventListener("click", (event) => {
      const index = event.target.dataset?.storage;
      if (index !== undefined) select({ kind: "storage", index: Number(index) }, { stay: true });
    });
    body.replaceChildren(svg);
  }

  function create() {
    body = element("div", { class: "plan", tabindex: 0, "aria-label": "Memory plan" });
    const resize = (factor) => {
      scale = Math.min(Math.max(scale * factor, 1), 16);
      draw();
    };
    new ResizeObserver(() => page.view === "memory" && draw()).observe(body);
    const waste = arena === 0 ? 0 : 1 - live[most] / arena;
    return element("div", { class: "view" },
      element("div", { class: "tools" },
        element("span", {}, `${inArena.length} storages in an arena of ${bytesText(arena)}`),
        element("span", { class: "quiet" }, waste > 0.0005 ? `${percentText(waste)} more than is in use at the peak` : "all of it in use at the peak"),
        element("span", { class: "gap" }),
        element("button", { class: "plain", title: "Narrower steps", onclick: () => resize(1 / 1.6) }, "\u2212"),
        element("button", { class: "plain", title: "Wider steps", onclick: () => resize(1.6) }, "+")),
      body);
  }

  return { name: "memory", title: "Memory", create, open: draw, update: draw, onKey: () => false };
})();
