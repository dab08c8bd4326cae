// The drawn graph: groups with the layers that they carry out, or the layers as they were written.

const graphView = (() => {
  const boxWidth = 236;
  const headHeight = 25;
  const rowHeight = 19;
  const mostRows = 5;
  const labelFont = 6.35;
  const state = { mode: "groups", collapsed: new Set(), expanded: new Set(), drawings: new Map(), x: 0, y: 0, zoom: 1 };
  let canvas, svg, scene, minimap, current;

  const shapeOf = (type) => (type.length > 34 ? `${type.slice(0, 33)}\u2026` : type);
  const measureContext = document.createElement("canvas").getContext("2d");
  function fitted(text, width, font) {
    measureContext.font = font;
    if (measureContext.measureText(text).width <= width) return text;
    let least = 0;
    let most = text.length;
    while (least < most) {
      const middle = (least + most + 1) >> 1;
      if (measureContext.measureText(`${text.slice(0, middle)}\u2026`).width <= width) least = middle;
      else most = middle - 1;
    }
    return `${text.slice(0, least)}\u2026`;
  }
  // Names differ at their ends.
  function fittedEnd(text, width, font) {
    measureContext.font = font;
    if (measureContext.measureText(text).width <= width) return text;
    let least = 0;
    let most = text.length;
    while (least < most) {
      const middle = (least + most) >> 1;
      if (measureContext.measureText(`\u2026${text.slice(middle)}`).width <= width) most = middle;
      else least = middle + 1;
    }
    return `\u2026${text.slice(least)}`;
  }
  const sans = (size, weight = 400) => `${weight} ${size}px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif`;
  const mono = (size) => `${size}px "DejaVu Sans Mono", Menlo, Consolas, monospace`;

  function rowsOf(node) {
    if (node.kind !== "group" || state.collapsed.has(node.index)) return [];
    const all = groups[node.index].layers;
    return state.expanded.has(node.index) || all.length <= mostRows + 1 ? all : all.slice(0, mostRows);
  }

  // Nodes and edges of the mode, with sizes.
  function build() {
    const isFused = state.mode === "groups";
    const nodes = [];
    const byName = new Map();
    const add = (name, node) => {
      byName.set(name, nodes.length);
      nodes.push({ width: boxWidth, ...node });
    };
    report.model.inputs.forEach((_, index) => add(`i${index}`, { kind: "input", index, height: headHeight }));
    (isFused ? groups : layers).forEach((_, index) => {
      const node = { kind: isFused ? "group" : "layer", index };
      if (isFused) {
        node.rows = rowsOf(node);
        node.hidden = state.collapsed.has(index) ? 0 : groups[index].layers.length - node.rows.length;
        const extra = node.hidden > 0 ? 1 : 0;
        node.height = headHeight + (node.rows.length + extra) * rowHeight + (node.rows.length + extra > 0 ? 5 : 0);
      } else {
        node.height = headHeight + 18;
      }
      add(`n${index}`, node);
    });
    report.model.outputs.forEach((_, index) => add(`o${index}`, { kind: "output", index, height: headHeight }));
    const edges = (isFused ? report.group_edges : report.layer_edges).map(([from, to, type, value]) => ({
      from: byName.get(from), to: byName.get(to), type, value, width: shapeOf(type).length * labelFont + 8,
    }));
    // An input that nothing reads, and layers that nothing needs, stand by themselves.
    return { nodes, edges, ...layout(nodes, edges) };
  }

  function drawing() {
    const key = state.mode;
    if (!state.drawings.has(key)) state.drawings.set(key, build());
    return state.drawings.get(key);
  }

  function drawNode(node, id) {
    const { kind, index } = node;
    const x = node.x - node.width / 2;
    const result = drawn("g", {
      class: `node kind-${kindClass(node)}`, id: `node-${id}`, transform: `translate(${x.toFixed(1)} ${node.y.toFixed(1)})`, role: "treeitem",
      "aria-label": `${kind} ${titleOf(node)}`,
    });
    result.append(drawn("rect", { class: "box", width: node.width, height: node.height, rx: 6 }));
    result.append(drawn("path", { class: "head", d: headPath(node) }));
    result.append(drawn("rect", { class: "side", width: 4, height: node.height - 2, x: 1, y: 1, rx: 2 }));
    const time = kind === "group" ? groupTime(index) : 0;
    const operations = kind === "group" ? groupOperations(index) : 0;
    let right = "";
    let rightClass = "count";
    if (kind === "group" && isTimed && time > 0) [right, rightClass] = [percentText(time / timedTotal), "share"];
    else if (operations > 0) right = countText(operations);
    else if (kind === "group" && groups[index].steps.length === 0) right = "view";
    else if (kind === "input" || kind === "output") right = kind;
    else if (kind === "layer" && layers[index].groups.length === 0) right = "gone";
    const hasToggle = kind === "group" && groups[index].layers.length > 0;
    const title = kind === "layer" ? layers[index].op : titleOf(node);
    measureContext.font = sans(11, 600);
    const rightWidth = right === "" ? 0 : measureContext.measureText(right).width + 8;
    const left = hasToggle ? 24 : 12;
    result.append(drawn("text", { class: "title", x: left, y: 16.5 }, fitted(title, node.width - left - rightWidth - 10, sans(12, 600))));
    if (right !== "") result.append(drawn("text", { class: rightClass, x: node.width - 9, y: 16.5 }, right));
    if (hasToggle) {
      const isOpen = node.rows.length > 0;
      const toggle = drawn("path", { d: isOpen ? "M10 10h9l-4.5 6z" : "M12 8.5v9l6-4.5z", fill: "var(--ink)", "data-toggle": "1" });
      toggle.append(drawn("title", {}, isOpen ? "Hide its layers" : "Show its layers"));
      result.append(toggle);
    }
    if (kind === "layer") result.append(drawn("text", { class: "name", x: 12, y: headHeight + 12.5, style: "font:10.5px var(--mono);fill:var(--quiet)" }, fittedEnd(layers[index].name, node.width - 22, mono(10.5))));
    (node.rows ?? []).forEach((layer, row) => result.append(drawRow(layer, headHeight + 2 + row * rowHeight, node.width)));
    if (node.hidden > 0) {
      const y = headHeight + 2 + node.rows.length * rowHeight;
      result.append(drawn("text", { class: "count", x: node.width - 9, y: y + 13, "data-toggle": "more" }, `and ${node.hidden} more layers`));
    }
    if (time > 0) {
      const share = time / Math.max(...groups.map((_, each) => groupTime(each)));
      result.append(drawn("rect", { class: "heat", x: 5, y: node.height - 3, width: Math.max((node.width - 10) * share, 1).toFixed(1), height: 3, rx: 1.5 }));
    }
    result.append(drawn("title", {}, tooltip(node)));
    return result;
  }

  function headPath(node) {
    const w = node.width - 0.5;
    const isWhole = node.height <= headHeight;
    const h = isWhole ? node.height - 0.5 : headHeight;
    return isWhole
      ? `M6 .5H${w - 5.5}a5.5 5.5 0 0 1 5.5 5.5V${h - 5.5}a5.5 5.5 0 0 1 -5.5 5.5H6a5.5 5.5 0 0 1 -5.5 -5.5V6a5.5 5.5 0 0 1 5.5 -5.5z`
      : `M6 .5H${w - 5.5}a5.5 5.5 0 0 1 5.5 5.5V${h}H.5V6a5.5 5.5 0 0 1 5.5 -5.5z`;
  }

  function drawRow(layer, y, width) {
    const { op, name, outputs } = layers[layer];
    const result = drawn("g", { class: "row", "data-layer": layer, transform: `translate(8 ${y})` });
    result.append(drawn("rect", { width: width - 14, height: rowHeight - 1, rx: 4 }));
    const opText = fitted(op, 120, sans(11));
    measureContext.font = sans(11);
    const opWidth = measureContext.measureText(opText).width;
    result.append(drawn("text", { class: "op", x: 8, y: 13 }, opText));
    const nameText = fittedEnd(name, width - opWidth - 40, mono(10.5));
    result.append(drawn("text", { class: "name", x: opWidth + 16, y: 13 }, nameText));
    result.append(drawn("title", {}, `${op} ${name}\n${outputs.join("\n")}`));
    return result;
  }

  function tooltip({ kind, index }) {
    if (kind === "layer") return `${layers[index].op} ${layers[index].name}\n${layers[index].where}`;
    if (kind !== "group") return `${kind} ${titleOf({ kind, index })}`;
    const group = groups[index];
    const lines = [group.ops.join(" + "), ...group.layers.slice(0, 12).map((layer) => `${layers[layer].op}  ${layers[layer].name}`)];
    if (group.steps.length === 0) lines.push("no step: another way to look at memory that is there");
    return lines.join("\n");
  }

  function draw() {
    current = drawing();
    scene.replaceChildren();
    const trunks = drawn("g");
    const labels = drawn("g");
    const nodes = drawn("g");
    for (const edge of current.edges) {
      trunks.append(drawn("path", { class: "edge", d: routePath(edge.route) }));
      const [x, y] = edge.route[edge.route.length - 1];
      trunks.append(drawn("path", { class: "arrow", d: `M${(x - 3.6).toFixed(1)} ${(y - 7).toFixed(1)}h7.2L${x.toFixed(1)} ${y.toFixed(1)}z` }));
      const label = drawn("text", { class: "label", x: edge.labelAt[0].toFixed(1), y: (edge.labelAt[1] + 3.5).toFixed(1) }, shapeOf(edge.type));
      if (shapeOf(edge.type) !== edge.type) label.append(drawn("title", {}, edge.type));
      labels.append(label);
    }
    current.nodes.forEach((node, id) => nodes.append(drawNode(node, id)));
    scene.append(trunks, drawn("g", { class: "marked" }), labels, nodes);
    mark();
    move();
  }

  // Shows what belongs to the selection.
  function mark() {
    if (!current) return;
    const near = page.related;
    const isRelated = (node) =>
      (node.kind === "group" && near.groups.includes(node.index)) || (node.kind === "layer" && near.layers.includes(node.index));
    const isSelected = (node) => page.selected && node.kind === page.selected.kind && node.index === page.selected.index;
    const strong = scene.querySelector(".marked");
    strong.replaceChildren();
    current.nodes.forEach((node, id) => {
      const shape = scene.querySelector(`#node-${id}`);
      shape.classList.toggle("related", isRelated(node));
      shape.classList.toggle("selected", Boolean(isSelected(node)));
      for (const row of shape.querySelectorAll(".row")) {
        row.classList.toggle("selected", page.selected?.kind === "layer" && Number(row.dataset.layer) === page.selected.index);
      }
    });
    for (const edge of current.edges) {
      if (![edge.from, edge.to].some((end) => isSelected(current.nodes[end]) || isRelated(current.nodes[end]))) continue;
      const [x, y] = edge.route[edge.route.length - 1];
      strong.append(drawn("path", { class: "edge strong", d: routePath(edge.route) }));
      strong.append(drawn("path", { class: "arrow strong", d: `M${x - 4.2} ${y - 8}h8.4L${x} ${y}z` }));
    }
  }

  // ---- moving about

  function move() {
    scene.setAttribute("transform", `translate(${state.x.toFixed(2)} ${state.y.toFixed(2)}) scale(${state.zoom.toFixed(4)})`);
    svg.classList.toggle("far", state.zoom < 0.42);
    svg.classList.toggle("tiny", state.zoom < 0.22);
    drawMinimap();
  }

  const size = () => ({ width: canvas.clientWidth || 600, height: canvas.clientHeight || 500 });

  function zoomTo(zoom, x = size().width / 2, y = size().height / 2) {
    const next = Math.min(Math.max(zoom, 0.03), 3);
    state.x = x - ((x - state.x) * next) / state.zoom;
    state.y = y - ((y - state.y) * next) / state.zoom;
    state.zoom = next;
    move();
  }

  function fit() {
    const { width, height } = size();
    state.zoom = Math.min((width - 40) / current.width, (height - 40) / current.height, 1.2);
    state.x = (width - current.width * state.zoom) / 2;
    state.y = (height - current.height * state.zoom) / 2;
    move();
  }

  // Readable from the start: the top of the graph at full size, unless all of it fits.
  function home() {
    fit();
    if (state.zoom >= 0.8) return;
    const { width } = size();
    state.zoom = Math.min(Math.max((width - 30) / current.width, 0.75), 1);
    const first = current.nodes[0];
    state.x = width / 2 - first.x * state.zoom;
    state.y = 18;
    move();
  }

  function nodeOf(selection) {
    const wanted = state.mode === "groups" ? page.related.groups[page.related.groups.length - 1] : page.related.layers[0];
    return current.nodes.findIndex((node) =>
      selection.kind === "input" || selection.kind === "output"
        ? node.kind === selection.kind && node.index === selection.index
        : (node.kind === "group" || node.kind === "layer") && node.index === wanted);
  }

  function show(selection) {
    const node = current.nodes[nodeOf(selection)];
    if (!node) return;
    const { height } = size();
    const width = size().width - (minimap.hidden ? 0 : minimap.offsetWidth + 14);
    if (state.zoom < 0.5) state.zoom = 0.85;
    const x = node.x * state.zoom + state.x;
    const top = node.y * state.zoom + state.y;
    const bottom = top + node.height * state.zoom;
    if (current.width * state.zoom <= width - 20) state.x = (width - current.width * state.zoom) / 2;
    else if (Math.abs(x - width / 2) > width / 2 - (node.width / 2) * state.zoom) state.x = width / 2 - node.x * state.zoom;
    if (top < 20 || bottom > height - 30) state.y = height * 0.42 - (node.y + node.height / 2) * state.zoom;
    move();
  }

  function drawMinimap() {
    const { width, height } = size();
    const scale = Math.min(96 / current.width, Math.min(0.7 * height, 300) / current.height, 0.12);
    const across = Math.max(scale, 34 / current.width);
    const w = Math.round(current.width * across);
    const h = Math.round(current.height * scale);
    const ratio = window.devicePixelRatio || 1;
    minimap.width = w * ratio;
    minimap.height = h * ratio;
    minimap.style.width = `${w}px`;
    minimap.style.height = `${h}px`;
    const fitsAlready = current.width * state.zoom <= width && current.height * state.zoom <= height;
    minimap.hidden = fitsAlready;
    if (fitsAlready) return;
    const context = minimap.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    context.scale(ratio * across, ratio * scale);
    const ink = { call: style.getPropertyValue("--call"), kernel: style.getPropertyValue("--kernel"), view: style.getPropertyValue("--view"), port: style.getPropertyValue("--port") };
    const near = page.related;
    for (const node of current.nodes) {
      const isMarked = node.kind === "group" ? near.groups.includes(node.index) : node.kind === "layer" && near.layers.includes(node.index);
      context.fillStyle = isMarked ? style.getPropertyValue("--time") : ink[kindClass(node)];
      context.globalAlpha = isMarked ? 1 : 0.6;
      const grow = isMarked ? 2 / scale : 0;
      context.fillRect(node.x - node.width / 2 - grow, node.y - grow, node.width + 2 * grow, node.height + 2 * grow);
    }
    context.globalAlpha = 1;
    context.strokeStyle = style.getPropertyValue("--text");
    context.lineWidth = 1.5 / across;
    context.strokeRect(-state.x / state.zoom, -state.y / state.zoom, width / state.zoom, height / state.zoom);
    minimap.scale = { x: across, y: scale };
  }

  // ---- what a person does

  function onPointer(event) {
    if (event.button !== 0) return;
    const start = { x: event.clientX, y: event.clientY, left: state.x, top: state.y };
    let isDrag = false;
    const onMove = (moved) => {
      isDrag ||= Math.abs(moved.clientX - start.x) + Math.abs(moved.clientY - start.y) > 4;
      if (!isDrag) return;
      svg.classList.add("dragging");
      state.x = start.left + moved.clientX - start.x;
      state.y = start.top + moved.clientY - start.y;
      move();
    };
    const onUp = () => {
      window.removeEventListener("pointermove", onMove);
      svg.classList.remove("dragging");
      if (!isDrag) onClick(event.target);
    };
    window.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp, { once: true });
  }

  function onClick(target) {
    const shape = target.closest(".node");
    if (!shape) return;
    const node = current.nodes[Number(shape.id.slice(5))];
    if (target.dataset.toggle === "more") {
      state.expanded.add(node.index);
      return redraw();
    }
    if (target.dataset.toggle) return toggle(node.index);
    const row = target.closest(".row");
    select(row ? { kind: "layer", index: Number(row.dataset.layer) } : { kind: node.kind, index: node.index }, { stay: true });
  }

  // Draws again with the node under the eye where it was.
  function redraw(anchor = page.selected ? nodeOf(page.selected) : -1) {
    const before = anchor >= 0 ? current.nodes[anchor] : null;
    const at = before ? { x: before.x, y: before.y } : null;
    state.drawings.delete(state.mode);
    current = drawing();
    if (at) {
      const after = current.nodes[anchor];
      state.x += (at.x - after.x) * state.zoom;
      state.y += (at.y - after.y) * state.zoom;
    }
    draw();
  }

  function toggle(group) {
    if (!state.collapsed.delete(group)) state.collapsed.add(group);
    redraw(current.nodes.findIndex((node) => node.kind === "group" && node.index === group));
  }

  function setAll(isCollapsed) {
    state.collapsed = new Set(isCollapsed ? groups.keys() : []);
    state.expanded = new Set(isCollapsed ? [] : groups.keys());
    redraw();
  }

  function setMode(mode) {
    state.mode = mode;
    for (const button of document.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", button.dataset.mode === mode);
    draw();
    home();
    if (page.selected) show(page.selected);
    writeAddress();
  }

  // Walks along the edges, or to what stands beside.
  function walk(key) {
    const from = page.selected ? nodeOf(page.selected) : -1;
    if (from < 0) return choose(0);
    const here = current.nodes[from];
    if (key === "ArrowDown" || key === "ArrowUp") {
      const isDown = key === "ArrowDown";
      const next = current.edges.filter((edge) => (isDown ? edge.from : edge.to) === from).map((edge) => (isDown ? edge.to : edge.from));
      if (next.length > 0) choose(next.reduce((best, each) => (Math.abs(current.nodes[each].x - here.x) < Math.abs(current.nodes[best].x - here.x) ? each : best)));
      return;
    }
    const sign = key === "ArrowRight" ? 1 : -1;
    let best = -1;
    current.nodes.forEach((node, id) => {
      if (id === from || (node.x - here.x) * sign < 20 || Math.abs(node.y - here.y) > 120) return;
      const far = (each) => Math.abs(each.x - here.x) + 3 * Math.abs(each.y - here.y);
      if (best < 0 || far(node) < far(current.nodes[best])) best = id;
    });
    if (best >= 0) choose(best);
  }

  function choose(id) {
    const { kind, index } = current.nodes[id];
    select({ kind, index }, { stay: true });
    show(page.selected);
  }

  function onKey(event) {
    const actions = {
      "+": () => zoomTo(state.zoom * 1.25), "=": () => zoomTo(state.zoom * 1.25), "-": () => zoomTo(state.zoom / 1.25),
      f: fit, 0: home, c: () => setAll(true), e: () => setAll(false),
      Enter: () => page.related.groups.length > 0 && toggle(page.related.groups[page.related.groups.length - 1]),
    };
    if (event.key.startsWith("Arrow")) walk(event.key);
    else if (actions[event.key]) actions[event.key]();
    else return false;
    return true;
  }

  function create() {
    const modeButton = (mode, text, title) =>
      element("button", { class: "plain", "data-mode": mode, "aria-pressed": mode === state.mode, title, onclick: () => setMode(mode) }, text);
    const action = (text, title, run) => element("button", { class: "plain", title, onclick: run }, text);
    svg = drawn("svg", { role: "tree", tabindex: 0, "aria-label": "Graph; arrow keys walk along its edges, drag or scroll to move, Ctrl and scroll to zoom" });
    scene = drawn("g");
    svg.append(scene);
    minimap = element("canvas", { class: "minimap", "aria-hidden": "true" });
    canvas = element("div", { class: "canvas" }, svg, minimap);
    svg.addEventListener("pointerdown", onPointer);
    svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const bounds = svg.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) return zoomTo(state.zoom * Math.exp(-event.deltaY * 0.004), event.clientX - bounds.left, event.clientY - bounds.top);
      state.x -= event.shiftKey ? event.deltaY : event.deltaX;
      state.y -= event.shiftKey ? 0 : event.deltaY;
      move();
    }, { passive: false });
    const jump = (event) => {
      if (event.buttons === 0) return;
      const bounds = minimap.getBoundingClientRect();
      state.x = size().width / 2 - ((event.clientX - bounds.left) / minimap.scale.x) * state.zoom;
      state.y = size().height / 2 - ((event.clientY - bounds.top) / minimap.scale.y) * state.zoom;
      move();
    };
    minimap.addEventListener("pointerdown", jump);
    minimap.addEventListener("pointermove", jump);
    new ResizeObserver(() => current && move()).observe(canvas);
    return element("div", { class: "view" },
      element("div", { class: "tools" },
        modeButton("groups", `${groups.length} groups`, "After the passes: what is lowered as one, with the layers in it"),
        modeButton("layers", `${layers.length} layers`, "The model as it was written"),
        action("Collapse", "Hide the layers in all groups (c)", () => setAll(true)),
        action("Expand", "Show the layers in all groups (e)", () => setAll(false)),
        element("span", { class: "gap" }),
        action("\u2212", "Smaller (-)", () => zoomTo(state.zoom / 1.25)), action("+", "Larger (+)", () => zoomTo(state.zoom * 1.25)),
        action("Fit", "All of it (f)", fit), action("Top", "The top at a size to read (0)", home)),
      canvas);
  }

  return {
    name: "graph", title: "Graph", create, onKey, mark, show, theme: () => current && drawMinimap(),
    open: () => {
      if (current) return;
      draw();
      home();
    },
    fit,
    update: (options) => {
      mark();
      drawMinimap();
      if (page.selected && !options.stay) show(page.selected);
    },
    setMode,
    mode: () => state.mode,
  };
})();
