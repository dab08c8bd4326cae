// What is selected, which view is open, and the frame around them. The address keeps both: #group=12&view=memory.

const views = [graphView, memoryView, stepsView];
const page = { selected: null, related: related(null), view: "graph", code: null, columns: new Set(["ir", "cpp", "assembly"]) };
const isSame = (a, b) => a === b || (a && b && a.kind === b.kind && a.index === b.index);

// `stay`: the view that it was chosen in does not move.
function select(selection, options = {}) {
  if (!isSame(selection, page.selected)) page.code = null;
  page.selected = selection;
  page.related = related(selection);
  hideTip();
  showDetails();
  showCode();
  views.find((view) => view.name === page.view).update(options);
  writeAddress();
}

function openView(name) {
  page.view = name;
  for (const view of views) {
    view.panel.hidden = view.name !== name;
    view.tab.setAttribute("aria-selected", view.name === name);
    view.tab.tabIndex = view.name === name ? 0 : -1;
  }
  const view = views.find((each) => each.name === name);
  view.open();
  view.update({ stay: false });
  writeAddress();
}

// ---- the address

function writeAddress() {
  const parts = [];
  if (page.selected) parts.push(`${page.selected.kind}=${page.selected.index}`);
  if (page.view !== "graph") parts.push(`view=${page.view}`);
  if (graphView.mode() !== "groups") parts.push(`graph=${graphView.mode()}`);
  if (page.theme) parts.push(`theme=${page.theme}`);
  const hash = parts.length > 0 ? `#${parts.join("&")}` : "#";
  if (hash !== location.hash && !(hash === "#" && location.hash === "")) history.replaceState(null, "", hash);
}

function readAddress() {
  let selection = null;
  let view = "graph";
  let mode = "groups";
  for (const part of location.hash.slice(1).split("&")) {
    const [name, value] = part.split("=");
    if (name === "view" && views.some((each) => each.name === value)) view = value;
    if (name === "theme" && (value === "dark" || value === "light")) page.theme = value;
    if (name === "graph" && value === "layers") mode = value;
    const index = Number(value);
    if (value !== undefined && Number.isInteger(index) && index >= 0 && index < counts(name)) selection = { kind: name, index };
  }
  showTheme();
  page.selected = selection;
  page.related = related(selection);
  page.code = null;
  showDetails();
  showCode();
  openView(view);
  if (mode !== graphView.mode()) graphView.setMode(mode);
}

// ---- light and dark

const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (page.theme ? page.theme === "dark" : prefersDark.matches);

function showTheme() {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  document.getElementById("theme").textContent = isDark() ? "Light" : "Dark";
  graphView.theme();
}

function switchTheme() {
  page.theme = isDark() ? "light" : "dark";
  showTheme();
  writeAddress();
}

// ---- notes under the pointer

const tip = element("div", { id: "tip", hidden: true });
document.body.append(tip);

function showTip(event, ...content) {
  tip.replaceChildren(...content);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - width - 8)}px`;
  tip.style.top = `${event.clientY + 18 + height > window.innerHeight ? event.clientY - height - 10 : event.clientY + 18}px`;
}

function hideTip() {
  tip.hidden = true;
}

// ---- finding

const search = (() => {
  const input = document.getElementById("search");
  const list = document.getElementById("found");
  const rows = [
    ...layers.map((layer, index) => ({ kind: "layer", index, text: `${layer.op} ${layer.name}` })),
    ...groups.map((group, index) => ({ kind: "group", index, text: group.ops.join(" + ") })),
    ...steps.map((step, index) => ({ kind: "step", index, text: `${index}  ${step.name} ${step.layer}` })),
    ...kernels.map((kernel, index) => ({ kind: "kernel", index, text: kernel.name })),
    ...storages.map((storage, index) => ({ kind: "storage", index, text: storage.name })),
    ...report.model.inputs.map(([name], index) => ({ kind: "input", index, text: name })),
    ...report.model.outputs.map(([name], index) => ({ kind: "output", index, text: name })),
  ].map((row) => ({ ...row, key: `${row.kind} ${row.text}`.toLowerCase() }));
  const mostFound = 60;
  let found = [];
  let chosen = 0;

  function show() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = words.length === 0 ? [] : rows.filter((row) => words.every((word) => row.key.includes(word))).slice(0, mostFound);
    chosen = 0;
    list.hidden = words.length === 0;
    input.setAttribute("aria-expanded", !list.hidden);
    list.replaceChildren(...(found.length === 0 ? [element("li", { class: "none" }, "nothing of that name")] : found.map((row, position) =>
      element("li", { role: "option", id: `found-${position}`, "aria-selected": position === 0, onpointerdown: (event) => { event.preventDefault(); choose(position); } },
        element("span", { class: `tag kind-${kindClass(row)}` }, row.kind), element("span", {}, row.text)))));
  }

  function mark(position) {
    if (found.length === 0) return;
    list.children[chosen].setAttribute("aria-selected", false);
    chosen = (position + found.length) % found.length;
    list.children[chosen].setAttribute("aria-selected", true);
    list.children[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", `found-${chosen}`);
  }

  function choose(position) {
    const { kind, index } = found[position];
    close();
    input.blur();
    select({ kind, index });
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", false);
  }

  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(chosen + 1);
    else if (event.key === "ArrowUp") mark(chosen - 1);
    else if (event.key === "Enter" && found.length > 0) choose(chosen);
    else if (event.key === "Escape") {
      input.value = "";
      input.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return { focus: () => { input.focus(); input.select(); } };
})();

// ---- keys and dividers

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
  const actions = {
    "/": search.focus, Escape: () => select(null), t: switchTheme,
    g: () => openView("graph"), m: () => openView("memory"), s: () => openView("steps"),
    l: () => {
      openView("graph");
      graphView.setMode(graphView.mode() === "groups" ? "layers" : "groups");
    },
  };
  const isWalk = event.key.startsWith("Arrow") || event.key === "Enter";
  const isElsewhere = event.target.closest("#details, #code, #tabs, .divider, .plan, .scroll") !== null || (event.key === "Enter" && event.target.matches("button"));
  if (actions[event.key]) actions[event.key]();
  else if ((isWalk && isElsewhere) || !views.find((view) => view.name === page.view).onKey(event)) return;
  event.preventDefault();
}

function divide(divider, resize) {
  divider.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    divider.setPointerCapture(event.pointerId);
    divider.onpointermove = (moved) => resize(moved);
    divider.onpointerup = () => (divider.onpointermove = null);
  });
}

function build() {
  const { model } = report;
  document.title = `${model.name}: Lathe report`;
  document.getElementById("model").textContent = model.name;
  document.getElementById("model").title = model.file;
  const fact = (value, name) => element("div", { class: "fact" }, element("b", {}, value), element("span", {}, name));
  const compiled = report.stages.reduce((sum, [, time]) => sum + time, 0);
  document.getElementById("facts").append(
    fact(`${layers.length} \u2192 ${groups.length}`, "layers \u2192 groups"), fact(`${steps.length}, ${kernels.length}`, "steps, kernels"), fact(bytesText(model.weights), "weights"),
    fact(bytesText(report.arena.bytes), "arena"), isTimed ? fact(timeText(report.profile.whole), "a run") : fact(countText(operationsTotal), "operations"), fact(millisecondsText(compiled), "compilation"));
  for (const view of views) {
    view.tab = element("button", { role: "tab", id: `tab-${view.name}`, "aria-controls": `view-${view.name}`, onclick: () => openView(view.name) }, view.title);
    view.panel = view.create();
    view.panel.id = `view-${view.name}`;
    view.panel.setAttribute("role", "tabpanel");
    view.panel.setAttribute("aria-labelledby", `tab-${view.name}`);
    document.getElementById("tabs").append(view.tab);
    document.getElementById("views").append(view.panel);
  }
  const legend = (kind, text) => element("span", { class: `kind-${kind}` }, element("i"), text);
  document.getElementById("tabs").append(element("div", { class: "legend", role: "presentation" },
    legend("call", "runtime kernel"), legend("kernel", "generated"), legend("view", "no code"), legend("port", "input, output"), isTimed ? legend("time", "time") : ""));
  document.getElementById("home").addEventListener("click", () => select(null));
  document.getElementById("theme").addEventListener("click", switchTheme);
  document.addEventListener("keydown", onKey);
  window.addEventListener("hashchange", readAddress);
  prefersDark.addEventListener("change", showTheme);
  const details = document.getElementById("details");
  const code = document.getElementById("code");
  const percent = (part, whole) => `${Math.min(Math.max((100 * part) / whole, 15), 80).toFixed(1)}%`;
  divide(document.getElementById("divider"), (event) => (details.style.width = percent(window.innerWidth - event.clientX, window.innerWidth)));
  divide(document.getElementById("code-divider"), (event) => (code.style.height = percent(window.innerHeight - event.clientY, window.innerHeight)));
  const byKey = (divider, box, side, less, more) => divider.addEventListener("keydown", (event) => {
    const sign = event.key === more ? 1 : event.key === less ? -1 : 0;
    if (sign === 0) return;
    const whole = side === "width" ? window.innerWidth : window.innerHeight;
    box.style[side] = percent((side === "width" ? box.offsetWidth : box.offsetHeight) + 24 * sign, whole);
    event.preventDefault();
    event.stopPropagation();
  });
  byKey(document.getElementById("divider"), details, "width", "ArrowRight", "ArrowLeft");
  byKey(document.getElementById("code-divider"), code, "height", "ArrowDown", "ArrowUp");
  readAddress();
}

build();
