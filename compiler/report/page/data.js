// The data of the report, what belongs to what, and how numbers are written.
"use strict";

const report = JSON.parse(document.getElementById("data").textContent);
const { layers, groups, steps, kernels, storages } = report;

for (const kernel of kernels) kernel.steps = [];
for (const storage of storages) storage.steps = [];
steps.forEach((step, index) => {
  for (const kernel of step.kernels) kernels[kernel].steps.push(index);
  for (const storage of step.storages) storages[storage].steps.push(index);
});

const timedTotal = steps.reduce((sum, step) => sum + (step.time ?? 0), 0);
const isTimed = timedTotal > 0;
const operationsTotal = steps.reduce((sum, step) => sum + step.operations, 0);

const unique = (values) => [...new Set(values)];
const groupTime = (group) => groups[group].steps.reduce((sum, step) => sum + (steps[step].time ?? 0), 0);
const groupOperations = (group) => groups[group].steps.reduce((sum, step) => sum + steps[step].operations, 0);

// What runs a group: the runtime's kernels, generated ones, or nothing.
function groupKind(group) {
  const kinds = groups[group].steps.map((step) => steps[step].kind);
  return kinds.includes("call") ? "call" : kinds.includes("kernel") ? "kernel" : "view";
}

function layerKind(layer) {
  const kinds = layers[layer].groups.map(groupKind);
  return kinds.includes("call") ? "call" : kinds.includes("kernel") ? "kernel" : "view";
}

// Everything that a selected thing leads to, in both directions.
function related(selection) {
  const result = { layers: [], groups: [], steps: [], kernels: [], storages: [] };
  if (!selection) return result;
  const { kind, index } = selection;
  if (kind === "layer") result.groups = layers[index].groups;
  if (kind === "group") result.groups = [index];
  if (kind === "step") result.steps = [index];
  if (kind === "kernel") result.steps = kernels[index].steps;
  if (kind === "storage") result.steps = storages[index].steps;
  if (kind === "layer" || kind === "group") result.steps = unique(result.groups.flatMap((group) => groups[group].steps));
  else result.groups = unique(result.steps.map((step) => steps[step].group).filter((group) => group !== null));
  result.layers = kind === "layer" ? [index] : unique(result.groups.flatMap((group) => groups[group].layers));
  result.kernels = kind === "kernel" ? [index] : unique(result.steps.flatMap((step) => steps[step].kernels));
  result.storages = kind === "storage" ? [index] : unique(result.steps.flatMap((step) => steps[step].storages));
  return result;
}

const layerOf = (step) => step.layer || (step.group === null ? "" : joined(groups[step.group].layers.map((layer) => layers[layer].name), 2));

// Storages without a name of the model's are known by the layer that first writes them.
function storageLabel(storage) {
  return /^s\d+$/.test(storage.name) && storage.first !== undefined ? layerOf(steps[storage.first]) || storage.name : storage.name;
}

// The code of a kernel; kernels that differ in names only share it.
function codeOf(kernel, language) {
  const row = kernels[kernel];
  return row[language] ?? (row.same === undefined ? undefined : kernels[row.same][language]);
}

function joined(names, most) {
  return names.length <= most ? names.join(" + ") : `${names.slice(0, most).join(" + ")} + ${names.length - most} more`;
}

// Names differ at their ends.
const ending = (name, most) => (name.length <= most ? name : `\u2026${name.slice(1 - most)}`);

const titles = {
  layer: (index) => layers[index].name || layers[index].op,
  group: (index) => joined(groups[index].ops, 3),
  step: (index) => `${index}  ${steps[index].name}`,
  kernel: (index) => kernels[index].name,
  storage: (index) => storages[index].name,
  input: (index) => report.model.inputs[index][0] || `input ${index}`,
  output: (index) => report.model.outputs[index][0] || `output ${index}`,
};
const titleOf = (selection) => titles[selection.kind](selection.index);

function kindClass({ kind, index }) {
  switch (kind) {
    case "layer": return layerKind(index);
    case "group": return groupKind(index);
    case "step": return steps[index].kind;
    case "kernel": return "kernel";
    case "storage": return storages[index].place === "arena" ? "kernel" : "port";
    default: return "port";
  }
}

function counts(kind) {
  return { layer: layers, group: groups, step: steps, kernel: kernels, storage: storages, input: report.model.inputs, output: report.model.outputs }[kind]?.length ?? 0;
}

// ---- numbers

function inUnits(value, units, base) {
  let unit = 0;
  while (Math.abs(value) >= base && unit + 1 < units.length) {
    value /= base;
    ++unit;
  }
  const digits = unit === 0 && Number.isInteger(value) ? 0 : value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)}${units[unit]}`;
}
const bytesText = (value) => inUnits(value, [" B", " KiB", " MiB", " GiB", " TiB"], 1024);
const countText = (value) => inUnits(value, ["", " K", " M", " G", " T"], 1000);
const timeText = (microseconds) => inUnits(microseconds * 1000, [" ns", " \u00b5s", " ms", " s"], 1000);
const percentText = (share) => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)}%`;
const millisecondsText = (milliseconds) => timeText(milliseconds * 1000);
