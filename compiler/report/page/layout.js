// Places the nodes of a graph in layers from top to bottom, and routes its edges.
//
// The method of Sugiyama: ranks by the longest path, an order within ranks by barycentres, positions by least squares
// under the order. Nodes stand on even ranks; on the odd rank above a node lie the labels of the edges into it, as boxes
// of their own, so that no label covers anything. Edges of one value share a trunk as far as they go together.

const layoutGaps = { rank: 14, label: 18, node: 26, trunk: 12 };

// nodes: [{width, height}]; edges: [{from, to, value, width}] with the width of the label. Gives each node x (centre)
// and y (top), each edge `route` (points from the source down) and `labelAt`, and the size of all.
function layout(nodes, edges) {
  const ranks = rankNodes(nodes, edges);
  const rows = [];
  const items = nodes.map((node, index) => addItem(rows, { rank: ranks[index], width: node.width, height: node.height, node: index }));
  const trunks = routeTrunks(edges, ranks, items, rows);
  orderRows(rows);
  placeRows(rows);
  for (let i = 0; i < 3; ++i) straighten(rows);
  return measure(nodes, edges, items, trunks, rows);
}

function addItem(rows, item) {
  while (rows.length <= item.rank) rows.push([]);
  item.up = [];
  item.down = [];
  rows[item.rank].push(item);
  return item;
}

function join(upper, lower) {
  upper.down.push(lower);
  lower.up.push(upper);
}

function rankNodes(nodes, edges) {
  const into = nodes.map(() => 0);
  const out = nodes.map(() => []);
  for (const edge of edges) {
    ++into[edge.to];
    out[edge.from].push(edge.to);
  }
  const ranks = nodes.map(() => 0);
  const hasSources = into.map((count) => count > 0);
  const waiting = nodes.map((_, index) => index).filter((index) => into[index] === 0);
  for (let i = 0; i < waiting.length; ++i) {
    for (const next of out[waiting[i]]) {
      ranks[next] = Math.max(ranks[next], ranks[waiting[i]] + 2);
      if (--into[next] === 0) waiting.push(next);
    }
  }
  // What nothing leads to stands right above its first use.
  nodes.forEach((_, index) => {
    if (!hasSources[index] && out[index].length > 0) ranks[index] = Math.min(...out[index].map((next) => ranks[next])) - 2;
  });
  return ranks;
}

function routeTrunks(edges, ranks, items, rows) {
  const trunks = new Map();
  const trunkAt = (edge, rank) => {
    if (rank === ranks[edge.from]) return items[edge.from];
    const key = `${edge.from} ${edge.value} ${rank}`;
    if (!trunks.has(key)) {
      const item = addItem(rows, { rank, width: layoutGaps.trunk, height: 0 });
      trunks.set(key, item);
      join(trunkAt(edge, rank - 1), item);
    }
    return trunks.get(key);
  };
  return edges.map((edge) => {
    for (let rank = ranks[edge.from] + 1; rank <= ranks[edge.to] - 2; ++rank) trunkAt(edge, rank);
    const label = addItem(rows, { rank: ranks[edge.to] - 1, width: edge.width, height: layoutGaps.label, label: true });
    const above = trunkAt(edge, ranks[edge.to] - 2);
    join(above, label);
    join(label, items[edge.to]);
    return label;
  });
}

function crossings(rows) {
  let count = 0;
  for (let rank = 0; rank + 1 < rows.length; ++rank) {
    const ends = [];
    for (const item of rows[rank]) ends.push(...item.down.map((next) => next.order).sort((a, b) => a - b));
    const tree = new Int32Array(rows[rank + 1].length + 1);
    for (let i = ends.length - 1; i >= 0; --i) {
      for (let at = ends[i]; at > 0; at -= at & -at) count += tree[at];
      for (let at = ends[i] + 1; at < tree.length; at += at & -at) ++tree[at];
    }
  }
  return count;
}

function orderRows(rows) {
  const number = (row) => row.forEach((item, index) => (item.order = index));
  // A walk from the top sets the first order.
  const seen = new Set();
  const fresh = rows.map(() => []);
  for (const row of rows) {
    for (const start of row) {
      const stack = [start];
      while (stack.length > 0) {
        const item = stack.pop();
        if (seen.has(item)) continue;
        seen.add(item);
        fresh[item.rank].push(item);
        for (let i = item.down.length - 1; i >= 0; --i) stack.push(item.down[i]);
      }
    }
  }
  fresh.forEach((row, rank) => {
    rows[rank] = row;
    number(row);
  });
  const size = rows.reduce((sum, row) => sum + row.length, 0);
  const sweeps = size > 8000 ? 4 : 12;
  let best = rows.map((row) => [...row]);
  let least = crossings(rows);
  for (let sweep = 0; sweep < sweeps && least > 0; ++sweep) {
    const isDown = sweep % 2 === 0;
    for (let step = 1; step < rows.length; ++step) {
      const row = rows[isDown ? step : rows.length - 1 - step];
      for (const item of row) {
        const near = isDown ? item.up : item.down;
        item.key = near.length === 0 ? item.order : near.reduce((sum, next) => sum + next.order, 0) / near.length;
      }
      row.sort((a, b) => a.key - b.key || a.order - b.order);
      number(row);
    }
    const now = crossings(rows);
    if (now < least) {
      least = now;
      best = rows.map((row) => [...row]);
    }
  }
  best.forEach((row, rank) => {
    rows[rank] = row;
    number(row);
  });
}

// Positions closest to those wished for that keep order and distance: pooled adjacent violators.
function separate(row) {
  let offset = 0;
  const pools = [];
  row.forEach((item, index) => {
    if (index > 0) offset += (row[index - 1].width + item.width) / 2 + layoutGaps.node;
    item.offset = offset;
    const weight = item.node === undefined ? 2 : 1;
    let pool = { sum: weight * (item.wish - offset), weight, items: [item] };
    while (pools.length > 0 && pools[pools.length - 1].sum / pools[pools.length - 1].weight >= pool.sum / pool.weight) {
      const before = pools.pop();
      pool = { sum: before.sum + pool.sum, weight: before.weight + pool.weight, items: before.items.concat(pool.items) };
    }
    pools.push(pool);
  });
  for (const pool of pools) for (const item of pool.items) item.x = pool.sum / pool.weight + item.offset;
}

function placeRows(rows) {
  for (const row of rows) {
    row.forEach((item) => (item.wish = 0));
    separate(row);
  }
  // Long straight trunks matter more than nodes over the middle of their neighbours.
  const weight = (a, b) => (a.node === undefined ? 3 : 1) * (b.node === undefined ? 3 : 1);
  const wish = (item, near) => {
    let sum = 0;
    let total = 0;
    for (const next of near) {
      const share = weight(item, next);
      sum += share * next.x;
      total += share;
    }
    return total === 0 ? item.x : sum / total;
  };
  const rounds = 24;
  for (let round = 0; round < rounds; ++round) {
    const isDown = round % 2 === 0;
    const isLast = round >= rounds - 6;
    for (let step = 0; step < rows.length; ++step) {
      const row = rows[isDown ? step : rows.length - 1 - step];
      for (const item of row) item.wish = wish(item, isLast ? item.up.concat(item.down) : isDown ? item.up : item.down);
      separate(row);
    }
  }
}

// Chains of items, each the way straight on from the one before, at one x as far as their neighbours leave room.
function straighten(rows) {
  const isTrunk = (item) => item.node === undefined && !item.label;
  const straightOn = (near) => near.find((item) => !isTrunk(item)) ?? near[0];
  const room = (item) => {
    const row = rows[item.rank];
    const left = row[item.order - 1];
    const right = row[item.order + 1];
    return [left ? left.x + (left.width + item.width) / 2 + layoutGaps.node : -Infinity, right ? right.x - (right.width + item.width) / 2 - layoutGaps.node : Infinity];
  };
  const seen = new Set();
  for (const row of rows) {
    for (const start of row) {
      if (seen.has(start)) continue;
      let run = [];
      let [least, most] = [-Infinity, Infinity];
      const settle = () => {
        const mean = run.reduce((sum, item) => sum + item.x, 0) / run.length;
        for (const item of run) item.x = Math.min(Math.max(mean, least), most);
      };
      for (let item = start; item && !seen.has(item); ) {
        seen.add(item);
        const [from, to] = room(item);
        if (Math.max(least, from) > Math.min(most, to)) {
          settle();
          run = [];
          [least, most] = [-Infinity, Infinity];
        }
        run.push(item);
        [least, most] = [Math.max(least, from), Math.min(most, to)];
        const next = item.down.length > 0 ? straightOn(item.down) : null;
        item = next && (isTrunk(next) ? next.up[0] : straightOn(next.up)) === item ? next : null;
      }
      settle();
    }
  }
}

function measure(nodes, edges, items, labels, rows) {
  let y = 0;
  const tops = [];
  const heights = rows.map((row) => row.reduce((most, item) => Math.max(most, item.height), 0));
  rows.forEach((_, rank) => {
    tops.push(y);
    y += heights[rank] + layoutGaps.rank;
  });
  let left = Infinity;
  let right = -Infinity;
  for (const row of rows) {
    for (const item of row) {
      left = Math.min(left, item.x - item.width / 2);
      right = Math.max(right, item.x + item.width / 2);
    }
  }
  nodes.forEach((node, index) => {
    node.x = items[index].x - left;
    node.y = tops[items[index].rank];
  });
  const port = (item, towards) => {
    const reach = Math.max(item.width / 2 - 14, 0);
    return Math.min(Math.max(towards, item.x - reach), item.x + reach) - left;
  };
  edges.forEach((edge, index) => {
    const label = labels[index];
    const target = items[edge.to];
    const passed = [];
    for (let item = label; item.node === undefined; item = item.up[0]) passed.unshift(item);
    const source = items[edge.from];
    const route = [[port(source, passed[0].x), tops[source.rank] + source.height]];
    for (const item of passed) {
      route.push([item.x - left, tops[item.rank]], [item.x - left, tops[item.rank] + heights[item.rank]]);
    }
    route.push([port(target, label.x), tops[target.rank]]);
    edge.route = route;
    edge.labelAt = [label.x - left, tops[label.rank] + heights[label.rank] / 2];
  });
  return { width: right - left, height: y - layoutGaps.rank };
}

// A path through points that leaves and meets them vertically.
function routePath(route) {
  let path = `M${route[0][0].toFixed(1)} ${route[0][1].toFixed(1)}`;
  for (let i = 1; i < route.length; ++i) {
    const [x0, y0] = route[i - 1];
    const [x1, y1] = route[i];
    const middle = ((y0 + y1) / 2).toFixed(1);
    path += Math.abs(x0 - x1) < 0.5 ? `V${y1.toFixed(1)}` : `C${x0.toFixed(1)} ${middle} ${x1.toFixed(1)} ${middle} ${x1.toFixed(1)} ${y1.toFixed(1)}`;
  }
  return path;
}
