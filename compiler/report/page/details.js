// The right side: the overview, or what is selected with everything it leads to; and the code below.

const section = (title, note, ...content) =>
  element("section", {}, element("h3", {}, title, note ? element("span", { class: "note" }, note) : null), ...content);
const factList = (rows) => element("dl", { class: "facts" }, ...rows.filter((row) => row && row[1] !== "" && row[1] !== null)
  .flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
const codeText = (text, language, isWrapped) => element("pre", { class: `text${isWrapped ? " wrap" : ""}`, tabindex: 0 }, highlighted(text, language));
const chipLine = (kind, indices) => element("div", { class: "chips-line" }, ...indices.map((index) => chip({ kind, index })));

// ---- nothing selected

function bars(rows, text, kind = "kernel") {
  const most = Math.max(...rows.map((row) => row[1]), 1e-9);
  return element("div", {}, ...rows.map(([name, value]) => element("div", { class: "stage" }, element("span", {}, name),
    element("span", { class: `track kind-${kind}` }, element("i", { style: `width:${((100 * value) / most).toFixed(1)}%` })), element("span", { class: "number" }, text(value)))));
}

function passBars() {
  const sums = new Map();
  for (const [name, time, changes] of report.passes) {
    const row = sums.get(name) ?? [name, 0, 0];
    row[1] += time;
    row[2] += changes;
    sums.set(name, row);
  }
  return [...sums.values()].map(([name, time, changes]) => [`${name}`, time, changes]).sort((a, b) => b[1] - a[1]);
}

function costliest() {
  const value = (step) => (isTimed ? step.time ?? 0 : step.operations);
  const total = isTimed ? timedTotal : operationsTotal;
  const rows = steps.map((step, index) => [value(step), index]).filter(([cost]) => cost > 0).sort((a, b) => b[0] - a[0]).slice(0, 6);
  if (rows.length === 0) return null;
  return section(isTimed ? "Where the time goes" : "Most operations", isTimed ? `${timeText(timedTotal)} in ${steps.length} steps` : `${countText(operationsTotal)} in ${steps.length} steps`,
    ...rows.map(([cost, index]) => element("div", { class: "stage", style: "grid-template-columns: minmax(0, 1.5fr) 1fr 96px" },
      chip({ kind: "step", index }, `${index}  ${ending(steps[index].layer || steps[index].name, 30)}`),
      element("span", { class: `track kind-${steps[index].kind}` }, element("i", { style: `width:${((100 * cost) / rows[0][0]).toFixed(1)}%` })),
      element("span", { class: "number" }, `${isTimed ? timeText(cost) : countText(cost)}  ${percentText(cost / total)}`))));
}

function overview() {
  const { model } = report;
  const types = (ports) => element("div", {}, ...ports.map(([name, type]) => element("div", { class: "mono" }, `${name}: ${type}`)));
  const total = report.stages.reduce((sum, [, time]) => sum + time, 0);
  const key = (keys, text) => [element("span", {}, ...keys.map((each) => element("kbd", {}, each))), element("span", {}, text)];
  return [
    element("h2", {}, model.name),
    element("p", { class: "sub" }, `${model.file}, compiled by Lathe ${report.lathe}${report.target ? ` for ${report.target}` : ""}`),
    section("Model", null, factList([
      ["Inputs", types(model.inputs)], ["Outputs", types(model.outputs)],
      ["Sizes", model.symbols.length === 0 ? "" : element("div", {}, ...model.symbols.map(([name, lower, upper, value]) =>
        element("div", { class: "mono" }, `${name} in [${lower}, ${upper}]`, element("span", { class: "quiet" }, `   figures are for ${name} = ${value}`))))],
      ["Weights", bytesText(model.weights)],
      ["Arena", `${bytesText(report.arena.bytes)}${/[a-z]/i.test(report.arena.formula) ? ` = ${report.arena.formula}` : ""}`],
      ["Operations", countText(operationsTotal)],
      ["Program", `${layers.length} layers became ${groups.length} groups, ${steps.length} steps, ${kernels.length} generated kernels`],
      ["Options", report.options.length === 0 ? "" : element("span", { class: "mono" }, report.options.map(([name, value]) => (value === "" ? name : `${name}=${value}`)).join("  "))],
    ])),
    costliest(),
    section("Compilation", millisecondsText(total), bars(report.stages, millisecondsText, "call"),
      report.passes.length === 0 ? null : element("details", { style: "margin-top:6px" }, element("summary", {}, `passes: ${report.passes.length} runs`),
        element("div", { style: "margin-top:5px" }, bars(passBars().map(([name, time, changes]) => [`${name}${changes ? ` (${changes})` : ""}`, time]), millisecondsText, "view")))),
    section("Keys", null, element("div", { class: "keys" },
      ...key(["/"], "find"), ...key(["Esc"], "overview"), ...key(["\u2190", "\u2191", "\u2192", "\u2193"], "walk the graph"), ...key(["Enter"], "open or close a group"),
      ...key(["g"], "graph"), ...key(["m"], "memory"), ...key(["s"], "steps"), ...key(["l"], "layers or groups"),
      ...key(["f", "0"], "fit, top"), ...key(["+", "\u2212"], "zoom"), ...key(["c", "e"], "collapse, expand all"), ...key(["t"], "light or dark"))),
  ];
}

// ---- something selected

function walkStrip(near) {
  const column = (title, kind, indices) => element("div", {}, element("h3", {}, `${title}${indices.length > 1 ? ` (${indices.length})` : ""}`),
    element("div", { class: "chips" }, ...(indices.length === 0 ? [element("span", { class: "quiet" }, kind === "kernel" ? "runtime only" : "none")] : indices.slice(0, 60).map((index) =>
      chip({ kind, index }, kind === "layer" ? element("span", {}, layers[index].op, element("span", { class: "name" }, ending(layers[index].name, 16))) : undefined)))));
  return element("div", { class: "walk" }, column("Layer", "layer", near.layers), column("Group", "group", near.groups), column("Step", "step", near.steps), column("Kernel", "kernel", near.kernels));
}

function layerSection(index) {
  const layer = layers[index];
  const into = report.layer_edges.filter(([, to]) => to === `n${index}`);
  return section("Layer", "as it was written", factList([
    ["Operation", layer.op], ["Name", element("span", { class: "mono" }, layer.name)], ["Where", layer.where],
    ["Reads", into.length === 0 ? "" : element("div", {}, ...into.map(([from, , type]) => element("div", { class: "mono" }, type, " from ", endLink(from, "layer"))))],
    ["Gives", layer.outputs.length === 0 ? "" : element("div", { class: "mono" }, layer.outputs.join(", "))],
    layer.groups.length === 0 ? ["Became", "nothing: it was folded into constants, or needs no computation"] : null,
  ]), layer.line ? element("code", { class: "source" }, layer.line) : null);
}

function endLink(end, kind) {
  const index = Number(end.slice(1));
  const selection = { kind: end[0] === "i" ? "input" : end[0] === "o" ? "output" : kind, index };
  return link(selection, titleOf(selection));
}

function groupSection(index, isWhole) {
  const group = groups[index];
  const into = report.group_edges.filter(([, to]) => to === `n${index}`);
  const out = report.group_edges.filter(([from]) => from === `n${index}`);
  const list = (edges, end, word) => element("div", {}, ...edges.map((edge) => element("div", { class: "mono" }, edge[2], ` ${word} `, endLink(edge[end], "group"))));
  return section("Group", "what is lowered as one", factList([
    ["Reads", isWhole && into.length > 0 ? list(into, 0, "from") : ""], ["Gives", isWhole && out.length > 0 ? list(out, 1, "to") : element("span", { class: "mono" }, group.outputs.join(", "))],
    ["Costs", costText(group.steps)],
    group.steps.length === 0 ? ["Steps", "none: its result is another way to look at memory that is there"] : null,
  ]), element("div", { style: "height:7px" }), codeText(group.text.replace(/^  /gm, "").trimEnd(), "ir"));
}

function costText(indices) {
  const operations = indices.reduce((sum, index) => sum + steps[index].operations, 0);
  const bytes = indices.reduce((sum, index) => sum + steps[index].bytes, 0);
  const time = indices.reduce((sum, index) => sum + (steps[index].time ?? 0), 0);
  const parts = [];
  if (operations > 0) parts.push(`${countText(operations)} operations`);
  if (bytes > 0) parts.push(`${bytesText(bytes)} read and written`);
  if (operations > 0 && bytes > 0) parts.push(`${(operations / bytes).toFixed(operations / bytes < 10 ? 2 : 0)} operations a byte`);
  if (time > 0) parts.push(`${timeText(time)} (${percentText(time / timedTotal)})`);
  if (time > 0 && operations > 0) parts.push(`${(operations / time / 1000).toFixed(1)} Gop/s`);
  return parts.join(", ");
}

function stepSection(index) {
  const step = steps[index];
  return section(`Step ${index}`, step.kind === "call" ? "a call of the runtime" : step.kind === "kernel" ? "runs a generated kernel" : "checks sizes once a run", factList([
    ["Costs", costText([index])],
    ["Memory", step.storages.length === 0 ? "" : chipLine("storage", step.storages)],
  ]), element("div", { style: "height:7px" }), codeText(brokenStep(step.text), "ir", true));
}

function storageSection(index) {
  const storage = storages[index];
  return section("Storage", { arena: "in the arena", input: "of the caller", output: "of the caller", data: "weights and tables" }[storage.place], factList([
    ["Elements", element("span", { class: "mono" }, storage.type)], ["Bytes", bytesText(storage.bytes)], ["Offset", storage.formula ?? ""],
    ["Written for", storageLabel(storage) === storage.name ? "" : element("span", { class: "mono" }, storageLabel(storage))],
    ["Lives", storage.first === undefined ? "" : `from step ${storage.first} to step ${storage.last}`],
    ["Used by", storage.steps.length === 0 ? "" : chipLine("step", storage.steps.slice(0, 40))],
  ]));
}

function portSection({ kind, index }) {
  const [name, type] = report.model[`${kind}s`][index];
  const isInput = kind === "input";
  const end = `${isInput ? "i" : "o"}${index}`;
  const ends = (edges, of) => edges.filter((edge) => edge[isInput ? 0 : 1] === end).map((edge) => element("div", {}, endLink(edge[isInput ? 1 : 0], of)));
  return section(isInput ? "Input" : "Output", null, factList([
    ["Name", element("span", { class: "mono" }, name)], ["Type", element("span", { class: "mono" }, type)],
    [isInput ? "Read by layers" : "Made by layer", element("div", {}, ...ends(report.layer_edges, "layer"))],
    [isInput ? "Read by groups" : "Made by group", element("div", {}, ...ends(report.group_edges, "group"))],
  ]));
}

function showDetails() {
  const details = document.getElementById("details");
  const { selected, related: near } = page;
  if (!selected) {
    details.replaceChildren(...overview().filter(Boolean));
    return;
  }
  const { kind, index } = selected;
  const content = [
    element("h2", {}, kind === "layer" ? `${layers[index].op} ${layers[index].name}` : titleOf(selected)),
  ];
  if (kind === "input" || kind === "output") {
    content.push(portSection(selected));
  } else {
    content.push(walkStrip(near));
    if (kind === "storage") content.push(storageSection(index));
    if (kind === "layer") content.push(layerSection(index));
    if (kind === "kernel") content.push(section("Kernel", "generated", factList([["Run by", `${kernels[index].steps.length} ${kernels[index].steps.length === 1 ? "step" : "steps"}`], ["Costs", costText(kernels[index].steps)],
      kernels[index].same === undefined ? null : ["Same code as", link({ kind: "kernel", index: kernels[index].same }, kernels[kernels[index].same].name)]])));
    const most = 4;
    const shown = kind === "step" ? [index] : near.steps.slice(0, most);
    if (kind === "group") content.push(groupSection(index, true));
    if (kind === "step") content.push(stepSection(index));
    if (kind !== "group" && near.groups.length <= most) content.push(...near.groups.map((group) => groupSection(group, false)));
    if (kind !== "step") content.push(...shown.map((step) => stepSection(step)));
    if (kind !== "step" && near.steps.length > most) content.push(element("p", { class: "sub" }, `and ${near.steps.length - most} more steps`));
    if (kind !== "layer") content.push(...near.layers.slice(0, kind === "kernel" ? 3 : 6).map((layer) => layerSection(layer)));
  }
  details.replaceChildren(...content);
  details.scrollTop = 0;
}

// ---- code

// What has code among what is selected: kernels first, then the steps in the program that calls them.
function codeChoices() {
  const { selected, related: near } = page;
  if (!selected || selected.kind === "input" || selected.kind === "output") return [];
  const stepChoices = near.steps.slice(0, 24).map((index) => ({ kind: "step", index }));
  const kernelChoices = near.kernels.slice(0, 24).map((index) => ({ kind: "kernel", index }));
  return selected.kind === "step" && steps[selected.index].kind !== "kernel" ? [...stepChoices, ...kernelChoices] : [...kernelChoices, ...stepChoices];
}

function showCode() {
  const dock = document.getElementById("code");
  const choices = codeChoices();
  if (!choices.some((choice) => page.code && choice.kind === page.code.kind && choice.index === page.code.index)) page.code = choices[0] ?? null;
  dock.hidden = choices.length === 0;
  if (dock.hidden) return;
  const { kind, index } = page.code;
  const choose = (choice) => {
    page.code = choice;
    showCode();
  };
  document.getElementById("code-bar").replaceChildren(
    ...choices.map((choice) => element("button", { class: `chip kind-${kindClass(choice)}${choice.kind === kind && choice.index === index ? " selected" : ""}`, onclick: () => choose(choice), title: `${choice.kind} ${titleOf(choice)}` },
      choice.kind === "kernel" ? titleOf(choice) : `step ${titleOf(choice)}`)),
    element("span", { class: "gap" }),
    ...["ir", "cpp", "assembly"].map((name) => element("button", { class: "plain", "aria-pressed": page.columns.has(name), title: `Show or hide ${columnTitles[name]}`, onclick: () => {
      if (!page.columns.delete(name)) page.columns.add(name);
      showCode();
    } }, columnTitles[name])));
  const isKernel = kind === "kernel";
  const texts = {
    ir: isKernel ? kernels[index].ir : brokenStep(steps[index].text),
    cpp: isKernel ? codeOf(index, "cpp") : steps[index].cpp,
    assembly: isKernel ? codeOf(index, "assembly") : steps[index].assembly,
  };
  const missing = {
    ir: "", cpp: "This part of the program has no C++ of its own.",
    assembly: report.target ? "This part of the program has no assembly of its own." : "There is no assembly: this Lathe was built without LLVM.",
  };
  document.getElementById("code-columns").replaceChildren(...["ir", "cpp", "assembly"].filter((name) => page.columns.has(name)).map((name) => {
    const text = texts[name];
    const lines = text ? text.trimEnd().split("\n").length : 0;
    return element("div", { class: "column" }, element("h3", {}, columnTitles[name], element("span", { class: "note" }, lines ? `${lines} ${lines === 1 ? "line" : "lines"}` : "")),
      text ? element("pre", { tabindex: 0, "aria-label": columnTitles[name] }, highlighted(text, name)) : element("p", { class: "empty" }, missing[name]));
  }));
}

const columnTitles = { ir: "Kernel IR", cpp: "C++", assembly: "Assembly" };
