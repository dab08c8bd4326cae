// Elements and highlighted code. Text is only ever set as text.

function element(name, attributes = {}, ...children) {
  const result = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (key.startsWith("on")) result.addEventListener(key.slice(2), value);
    else if (key.startsWith("aria-") || typeof value !== "boolean") result.setAttribute(key, value);
    else result.toggleAttribute(key, value);
  }
  result.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return result;
}

const drawingSpace = document.getElementById("drawing").namespaceURI;

function drawn(name, attributes = {}, ...children) {
  const result = document.createElementNS(drawingSpace, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) result.setAttribute(key, value);
  }
  result.append(...children);
  return result;
}

// A button that selects a thing.
function chip(selection, text = titleOf(selection)) {
  const isSelected = page.selected && page.selected.kind === selection.kind && page.selected.index === selection.index;
  return element("button", {
    class: `chip kind-${kindClass(selection)}${isSelected ? " selected" : ""}`,
    title: `${selection.kind}: ${titleOf(selection)}`,
    onclick: () => select(selection),
  }, text);
}

function link(selection, text) {
  return element("button", { class: "link", title: `${selection.kind}: ${titleOf(selection)}`, onclick: () => select(selection) }, text);
}

// ---- highlighting

const kernelByName = new Map(kernels.map((kernel, index) => [kernel.name, index]));
const storageByName = new Map(storages.map((storage, index) => [storage.name, index]));

const words = {
  ir: "kernel|graph|program|for|parallel|unrolled|serial|if|else|let|store|load|bind|fma|reduce|shuffle|broadcast|index|run|call|guard|layer|return|sizes|struct|gives|status|in|out|inout|local|active|stride|align|callback|pointer|null|fused|region|yield|carry|step|grain",
  cpp: "auto|const|constexpr|float|double|bool|void|int8_t|int16_t|int32_t|int64_t|uint8_t|uint16_t|uint32_t|uint64_t|for|if|else|return|static|inline|reinterpret_cast|static_cast|alignas|struct|namespace|using|extern|lathe_status|lathe_execution|__restrict|nullptr",
};
const tokens = {
  ir: new RegExp(`("(?:[^"\\\\]|\\\\.)*")|(#.*)|([@%][A-Za-z_][\\w.]*)|\\b(${words.ir})\\b|\\b([a-z]+\\d+(?:x\\d+)?|bool)\\b|(-?\\b\\d[\\w.]*(?:e[+-]?\\d+)?)`, "g"),
  cpp: new RegExp(`("(?:[^"\\\\]|\\\\.)*")|(//.*)|(\\bkernel_\\d+_\\w+)|\\b(${words.cpp})\\b|\\b((?:f|i|u|bf)\\d+x\\d+|boolx\\d+)\\b|(\\b\\d[\\w.]*(?:e[+-]?\\d+f?)?)`, "g"),
  assembly: new RegExp(`("(?:[^"\\\\]|\\\\.)*")|(#.*)|(kernel\\.\\d+\\.[\\w.]+)|(?<=^\\t)([a-z][\\w.]*)|(%[a-z]\\w*)|(\\$?-?\\b\\d[\\w.]*)`, "gm"),
};

function target(token, language) {
  if (language === "ir" && token[0] === "@" && kernelByName.has(token.slice(1))) return { kind: "kernel", index: kernelByName.get(token.slice(1)) };
  if (language === "ir" && token[0] === "%" && storageByName.has(token.slice(1))) return { kind: "storage", index: storageByName.get(token.slice(1)) };
  const number = /^kernel[_.](\d+)[_.]/.exec(token);
  return number && kernels[number[1]] ? { kind: "kernel", index: Number(number[1]) } : null;
}

// `links`: names of storages and kernels lead to them.
function highlighted(text, language, links = true) {
  const result = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(tokens[language])) {
    const [token, string, comment, name, keyword, type] = match;
    if (match.index > end) result.append(text.slice(end, match.index));
    end = match.index + token.length;
    const to = name && links ? target(name, language) : null;
    const style = string ? "s" : comment ? "c" : keyword ? "k" : type ? "n" : name ? "" : "n";
    if (to && !(page.code && to.kind === page.code.kind && to.index === page.code.index)) result.append(link(to, token));
    else if (style) result.append(element("span", { class: style }, token));
    else result.append(token);
  }
  result.append(text.slice(end));
  return result;
}

// The line of a step, with a line for every field of its structs.
function brokenStep(text) {
  let depth = 0;
  let result = "";
  let isQuoted = false;
  for (let i = 0; i < text.length; ++i) {
    const c = text[i];
    if (c === '"' && text[i - 1] !== "\\") isQuoted = !isQuoted;
    result += c;
    if (isQuoted) continue;
    const next = text.slice(i + 1, i + 3);
    if (c === "{") {
      ++depth;
      result += `\n${"  ".repeat(depth)}`;
      while (text[i + 1] === " ") ++i;
    } else if (c === "," && depth > 0) {
      result += `\n${"  ".repeat(depth)}`;
      while (text[i + 1] === " ") ++i;
    } else if (next === " }" || (c === " " && text[i + 1] === "}")) {
      --depth;
      result = `${result.trimEnd()}\n${"  ".repeat(Math.max(depth, 0))}`;
      while (text[i + 1] === " ") ++i;
    }
  }
  return result;
}
