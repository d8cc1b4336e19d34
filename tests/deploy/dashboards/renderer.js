// Draws a dashboard in the browser from its JSON and the results of its queries. It knows as much of Grafana as these dashboards
// use: five kinds of panels, units, thresholds, value mappings, overrides, and the transformations of tables.
'use strict';

const COLOURS = {
  green: '#73bf69', orange: '#ff9830', red: '#f2495c', purple: '#b877d9', text: '#ccccdc',
};
const PALETTE = ['#73bf69', '#f2cc0c', '#8ab8ff', '#ff780a', '#f2495c', '#5794f2', '#b877d9', '#705da0',
  '#37872d', '#fade2a', '#447ebc', '#c15c17', '#890f02', '#0a437c', '#6d1f62'];

function scaled(value, base, names, decimals) {
  let index = 0;
  while (Math.abs(value) >= base && index < names.length - 1) {
    value /= base;
    ++index;
  }
  const size = Math.abs(value);
  const digits = decimals ?? (Number.isInteger(value) ? 0 : size < 0.1 ? 3 : size < 10 ? 2 : 1);
  return [value.toFixed(digits), names[index]];
}

const UNITS = {
  short: (v, d) => scaled(v, 1000, ['', ' K', ' M', ' G'], d).join(''),
  percentunit: (v, d) => `${(100 * v).toFixed(d ?? (v !== 0 && v < 0.01 ? 2 : 1))}%`,
  bytes: (v, d) => scaled(v, 1024, [' B', ' KiB', ' MiB', ' GiB'], d).join(''),
  Bps: (v, d) => scaled(v, 1000, [' B/s', ' kB/s', ' MB/s'], d).join(''),
  ops: (v, d) => `${scaled(v, 1000, ['', ' K'], d).join('')} ops/s`,
  reqps: (v, d) => `${scaled(v, 1000, ['', ' K'], d).join('')} req/s`,
  s: (v, d) => {
    if (v === 0) return '0 s';
    if (Math.abs(v) < 1e-3) return `${(v * 1e6).toFixed(d ?? 0)} µs`;
    if (Math.abs(v) < 1) return `${(v * 1e3).toFixed(d ?? 1)} ms`;
    const [text, unit] = v < 60 ? scaled(v, 60, [' s']) : v < 3600 ? scaled(v / 60, 60, [' min'])
      : scaled(v / 3600, 1e9, [' h']);
    return text + unit;
  },
  dthms: (v) => [v / 3600, (v / 60) % 60, v % 60].map((n) => String(Math.floor(n)).padStart(2, '0')).join(':'),
};

function format(value, {unit, decimals}) {
  if (unit?.startsWith('suffix:')) return scaled(value, 1000, ['', ' K'], decimals).join('') + unit.slice(7);
  if (!UNITS[unit]) throw new Error(`no such unit: ${unit}`);
  return UNITS[unit](value, decimals);
}

/** What a value is shown as, {text, colour}, by mappings and thresholds. */
function display(value, config) {
  for (const mapping of config.mappings ?? []) {
    const meaning = mapping.options[String(value)];
    if (meaning) return {text: meaning.text, colour: COLOURS[meaning.color]};
  }
  let colour = COLOURS.text;
  for (const step of config.thresholds?.steps ?? []) {
    if (step.value === null || value >= step.value) colour = COLOURS[step.color];
  }
  return {text: format(value, config), colour};
}

/** The field's settings: the panel's, and above them the overrides for its name. */
function configOf(panel, name) {
  const config = {custom: {}, ...structuredClone(panel.fieldConfig.defaults)};
  for (const {matcher, properties} of panel.fieldConfig.overrides) {
    if (matcher.options !== name) continue;
    for (const {id, value} of properties) {
      if (id.startsWith('custom.')) config.custom[id.slice(7)] = value;
      else config[id] = value;
    }
  }
  return config;
}

const legendOf = (target, labels) => target.legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label) => labels[label] ?? '')
  || 'Value';

/** Every series of a panel: {name, points: [[seconds, value], …]}. */
function seriesOf(panel, results) {
  return panel.targets.flatMap((target, index) => results[index].map((series) => ({
    labels: series.metric,
    name: legendOf(target, series.metric),
    points: (series.values ?? [series.value]).map(([at, value]) => [at, Number(value)])
      .filter(([, value]) => Number.isFinite(value)),
  }))).filter(({points}) => points.length > 0);
}

function element(parent, tag, attributes = {}, text) {
  const svg = parent.namespaceURI?.endsWith('svg') || tag === 'svg';
  const created = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, value);
  if (text !== undefined) created.textContent = text;
  parent.append(created);
  return created;
}

function nothing(body, panel) {
  const {noValue} = panel.fieldConfig.defaults;
  element(body, 'div', {class: 'stat', style: 'color:#8e8e99'}, noValue ?? 'No data');
}

function niceSteps(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
  const result = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1000; at += step) result.push(at);
  return result;
}

/** Steps that are round in seconds, minutes and hours. */
function timeSteps(low, high, count) {
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400]
    .find((n) => n >= (high - low) / count) ?? 86400 * Math.ceil((high - low) / count / 86400);
  const result = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) result.push(at);
  return result;
}

function timeAxis(svg, range, area) {
  for (const at of timeSteps(range.start, range.end, 7)) {
    const x = area.x(at);
    element(svg, 'line', {x1: x, x2: x, y1: area.top, y2: area.bottom, class: 'grid'});
    const time = new Date(at * 1000).toISOString();
    element(svg, 'text', {x, y: area.bottom + 14, 'text-anchor': 'middle'},
      range.end - range.start > 1800 ? time.slice(11, 16) : time.slice(14, 19));
  }
}

function plot(body, range, footer) {
  const {width, height} = body.getBoundingClientRect();
  const svg = element(body, 'svg', {width, height: height - footer});
  const area = {left: 70, right: width - 8, top: 6, bottom: height - footer - 20};
  area.x = (at) => area.left + (at - range.start) / (range.end - range.start) * (area.right - area.left);
  return {svg, area};
}

function drawTimeseries(body, panel, results, range) {
  const all = seriesOf(panel, results).map((series) => ({...series, config: configOf(panel, series.name)}));
  if (all.length === 0) return nothing(body, panel);
  const footer = all.length > 5 ? 36 : 20;
  const {svg, area} = plot(body, range, footer);
  const stacked = panel.fieldConfig.defaults.custom.stacking?.mode === 'normal';
  const below = new Map();
  for (const series of all) {
    series.shown = series.points.map(([at, value]) => {
      const base = stacked ? below.get(at) ?? 0 : 0;
      below.set(at, base + value);
      return [at, base + value, base];
    });
  }
  const {min, max, unit, decimals} = panel.fieldConfig.defaults;
  const values = all.flatMap(({shown}) => shown.map(([, value]) => value));
  const low = min ?? Math.min(...values);
  const high = max ?? (Math.max(...values) * 1.05 || 1);
  const y = (value) => area.bottom - (value - low) / (high - low) * (area.bottom - area.top);
  const inTime = ['s', 'dthms'].includes(unit) && high > 4;
  for (const value of (inTime ? timeSteps : niceSteps)(low, high, 4)) {
    element(svg, 'line', {x1: area.left, x2: area.right, y1: y(value), y2: y(value), class: 'grid'});
    element(svg, 'text', {x: area.left - 6, y: y(value) + 4, 'text-anchor': 'end'}, format(value, {unit, decimals}));
  }
  timeAxis(svg, range, area);
  const legend = element(body, 'div', {class: 'legend', style: `height:${footer - 2}px`});
  all.forEach(({name, shown, config}, index) => {
    const colour = config.color?.mode === 'fixed' ? COLOURS[config.color.fixedColor] : PALETTE[index % PALETTE.length];
    const pieces = [];
    shown.forEach((point, i) => {
      // A gap is a time when there was no number.
      if (i === 0 || point[0] - shown[i - 1][0] > 1.5 * range.step) pieces.push([]);
      pieces.at(-1).push(point);
    });
    for (const piece of pieces) {
      const top = piece.map(([at, value]) => `${area.x(at)},${y(value)}`);
      const bottom = piece.map(([at, , base]) => `${area.x(at)},${y(Math.max(base, low))}`).reverse();
      element(svg, 'polygon', {points: [...top, ...bottom].join(' '), fill: colour,
        'fill-opacity': (config.custom.fillOpacity ?? 0) / 100});
      element(svg, 'polyline', {points: top.join(' '), fill: 'none', stroke: colour, class: 'mark',
        'stroke-width': config.custom.lineWidth ?? 1,
        'stroke-dasharray': config.custom.lineStyle?.dash?.join(' ') ?? 'none'});
    }
    const entry = element(legend, 'span');
    element(entry, 'i', {style: `background:${colour}`});
    entry.append(name);
  });
  if (panel.fieldConfig.defaults.custom.thresholdsStyle?.mode === 'dashed') {
    for (const step of panel.fieldConfig.defaults.thresholds.steps) {
      if (step.value === null || step.value > high) continue;
      element(svg, 'line', {x1: area.left, x2: area.right, y1: y(step.value), y2: y(step.value),
        stroke: COLOURS[step.color], 'stroke-dasharray': '8 6'});
    }
  }
}

function drawHeatmap(body, panel, results, range) {
  const rows = seriesOf(panel, results).map((series) => ({...series, le: Number(series.labels.le.replace('+Inf', 'Infinity'))}))
    .sort((a, b) => a.le - b.le);
  if (rows.length === 0) return nothing(body, panel);
  const {svg, area} = plot(body, range, 0);
  timeAxis(svg, range, area);
  const height = (area.bottom - area.top) / rows.length;
  const cells = [];
  let below = new Map();
  rows.forEach((row, index) => {
    const counts = new Map(row.points);
    for (const [at, value] of counts) cells.push({at, index, count: value - (below.get(at) ?? 0)});
    below = counts;
  });
  const most = Math.max(...cells.map(({count}) => count), 1e-9);
  const width = range.step / (range.end - range.start) * (area.right - area.left) + 0.3;
  for (const {at, index, count} of cells) {
    if (count <= 0) continue;
    const strength = (count / most) ** 0.5;
    element(svg, 'rect', {x: area.x(at) - width, y: area.bottom - (index + 1) * height, width,
      height: height - 1, class: 'mark', fill: `hsl(210 80% ${15 + 65 * strength}%)`});
  }
  rows.forEach(({le}, index) => element(svg, 'text',
    {x: area.left - 6, y: area.bottom - (index + 1) * height + 10, 'text-anchor': 'end'},
    Number.isFinite(le) ? format(le, panel.options.yAxis) : '∞'));
}

function drawStat(body, panel, results, range) {
  const [series] = seriesOf(panel, results);
  if (!series) return nothing(body, panel);
  const {text, colour} = display(series.points.at(-1)[1], configOf(panel, series.name));
  if (panel.options.graphMode === 'area' && series.points.length > 1) {
    const {width, height} = body.getBoundingClientRect();
    const svg = element(body, 'svg', {width, height, class: 'spark'});
    const values = series.points.map(([, value]) => value);
    const low = Math.min(...values);
    const span = Math.max(...values) - low || 1;
    const points = series.points.map(([at, value]) => `${(at - range.start) / (range.end - range.start) * width},`
      + `${height - 2 - (value - low) / span * height * 0.35}`);
    element(svg, 'polyline', {points: points.join(' '), fill: 'none', stroke: colour, 'stroke-opacity': 0.5});
  }
  element(body, 'div', {class: 'stat mark', style: `color:${colour}`},
    panel.options.textMode === 'name' ? series.name : text);
}

function drawBarGauge(body, panel, results) {
  const all = seriesOf(panel, results).map((series) => ({...series, value: series.points.at(-1)[1]}))
    .sort((a, b) => b.value - a.value);
  if (all.length === 0) return nothing(body, panel);
  const {min = 0, max = Math.max(...all.map(({value}) => value)) || 1} = panel.fieldConfig.defaults;
  const list = element(body, 'div', {class: 'bars'});
  for (const {name, value} of all) {
    const {text, colour} = display(value, configOf(panel, name));
    element(list, 'span', {class: 'name'}, name);
    const bar = element(list, 'span', {class: 'bar'});
    element(bar, 'span', {class: 'mark', style: `background:${colour};width:${
      Math.min(100, 100 * (value - min) / (max - min))}%`});
    element(list, 'span', {style: `color:${colour}`}, text);
  }
}

/** As the transformation "merge": rows whose labels do not contradict each other become one. */
function mergedRows(panel, results) {
  const rows = [];
  const many = panel.targets.length > 1;
  panel.targets.forEach((target, index) => {
    for (const {metric, value} of results[index]) {
      const match = rows.find((row) => Object.entries(metric).every(([label, text]) => (row[label] ?? text) === text)
        && Object.keys(metric).some((label) => label in row));
      const row = match ?? {};
      if (!match) rows.push(row);
      Object.assign(row, metric, {[many ? `Value #${target.refId}` : 'Value']: Number(value[1])});
    }
  });
  return rows;
}

function drawTable(body, panel, results) {
  const rows = mergedRows(panel, results);
  if (rows.length === 0) return nothing(body, panel);
  const {excludeByName, indexByName, renameByName} = panel.transformations.find(({id}) => id === 'organize').options;
  const columns = [...new Set(rows.flatMap(Object.keys))].filter((key) => !excludeByName[key])
    .sort((a, b) => (indexByName[a] ?? 99) - (indexByName[b] ?? 99))
    .map((key) => ({key, title: renameByName[key] ?? key}));
  const sort = panel.options.sortBy?.[0];
  const sorted = columns.find(({title}) => title === sort?.displayName);
  if (sorted) {
    const {key} = sorted;
    rows.sort((a, b) => ((b[key] ?? -Infinity) > (a[key] ?? -Infinity) ? 1 : -1));
  }
  const grid = element(body, 'table');
  const head = element(element(grid, 'thead'), 'tr');
  for (const {title} of columns) element(head, 'th', {}, title);
  const lines = element(grid, 'tbody');
  for (const row of rows) {
    const line = element(lines, 'tr');
    for (const {key, title} of columns) {
      if (typeof row[key] !== 'number') {
        const linked = configOf(panel, title).links;
        element(line, 'td', {class: linked ? 'link' : ''}, row[key] ?? '');
        continue;
      }
      const config = configOf(panel, title);
      const {text, colour} = display(row[key], config);
      const painted = config.custom.cellOptions?.type === 'color-text';
      element(line, 'td', {class: 'mark', style: `color:${painted ? colour : COLOURS.text}`}, text);
    }
  }
}

const DRAW = {
  bargauge: drawBarGauge, heatmap: drawHeatmap, stat: drawStat, table: drawTable, timeseries: drawTimeseries,
};

/** Draws everything and says of each panel what can be seen. */
// eslint-disable-next-line no-unused-vars
function drawDashboard({dashboard, results, range, variables}) {
  const ROW = 38;
  element(document.body, 'h1', {}, dashboard.title);
  element(document.body, 'p', {}, Object.entries(variables).map(
    ([name, value]) => `${name}: ${value === '.*' ? 'All' : value}`).join('   '));
  const board = element(document.body, 'main');
  const seen = [];
  for (const panel of dashboard.panels) {
    const {x, y, w, h} = panel.gridPos;
    const place = `left:${100 * x / 24}%;top:${y * ROW}px;width:${100 * w / 24}%;height:${h * ROW}px`;
    const box = element(board, 'section', {style: place, class: panel.type === 'row' ? 'row' : ''});
    if (panel.type === 'row') {
      element(box, 'h2', {}, panel.title);
      continue;
    }
    const frame = element(box, 'div', {class: 'frame'});
    element(frame, 'h3', {title: panel.description}, panel.title);
    const body = element(frame, 'div', {class: 'body'});
    DRAW[panel.type](body, panel, results[panel.id], range);
    seen.push({
      title: panel.title, text: body.innerText ?? '', marks: body.querySelectorAll('.mark').length,
      // A long table is scrolled.
      fits: body.scrollWidth <= body.clientWidth + 1
        && (panel.type === 'table' || body.scrollHeight <= body.clientHeight + 1),
    });
  }
  board.style.height = `${Math.max(...dashboard.panels.map(({gridPos: {y, h}}) => (y + h) * ROW))}px`;
  return seen;
}
