// Draws a dashboard in the browser, with Grafana's own code: @grafana/data applies field configuration and transformations, and
// @grafana/ui draws time series, stats, bar gauges and tables. Heatmaps, alert lists, lines of annotations and the grid around the
// panels are drawn here, because Grafana does not publish its code for them. draw.mjs bundles this file and calls drawDashboard().

import {
  EventBusSrv, FieldColorModeId, FieldConfigOptionsRegistry, FieldType, applyFieldOverrides, cacheFieldDisplayNames,
  createDataFrame, createTheme, dateTime,
  getDisplayProcessor, getDisplayValueAlignmentFactors, getFieldDisplayName, getFieldDisplayValues, identityOverrideProcessor,
  standardTransformers, standardTransformersRegistry, transformDataFrame,
} from '@grafana/data';
import {BarGauge, BigValue, GlobalStyles, PanelContextProvider, ThemeContext, TimeSeries, VizRepeater} from '@grafana/ui';
import {TableNG} from '@grafana/ui/unstable';
import {createRoot} from 'react-dom/client';
import {flushSync} from 'react-dom';
import {lastValueFrom} from 'rxjs';

const ROW = 38; // pixels, as in Grafana with the space between panels
const theme = createTheme({colors: {mode: 'dark'}});
const timeZone = 'utc';
const eventBus = new EventBusSrv();
const plots = {}; // uPlot's objects, by the panel's id

const {mergeTransformer, organizeFieldsTransformer} = standardTransformers;
standardTransformersRegistry.setInit(() => [mergeTransformer, organizeFieldsTransformer].map((transformation) => ({
  id: transformation.id, name: transformation.name, transformation: async () => transformation, editor: () => null,
})));

// ---- Frames, as Grafana's data source for Prometheus makes them

const legendOf = (target, labels) => target.legendFormat
  ? target.legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label) => labels[label] ?? '')
  : `{${Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(', ')}}`;

function seriesFrames({refId, legendFormat, instant}, result, step) {
  return result.filter(({value, values}) => value ?? values).map(({metric, value, values = [value]}) => createDataFrame({
    refId,
    fields: [
      {name: 'Time', type: FieldType.time, values: values.map(([at]) => at * 1000),
        config: instant ? {} : {interval: step * 1000}},
      {name: 'Value', type: FieldType.number, values: values.map(([, text]) => Number(text)), labels: metric,
        config: {displayNameFromDS: legendOf({legendFormat}, metric)}},
    ],
  }));
}

function tableFrame({refId}, result, many) {
  const labels = [...new Set(result.flatMap(({metric}) => Object.keys(metric)))].sort();
  const name = many ? `Value #${refId}` : 'Value';
  return createDataFrame({
    refId, meta: {preferredVisualisationType: 'table'},
    fields: [
      {name: 'Time', type: FieldType.time, values: result.map(({value: [at]}) => at * 1000)},
      ...labels.map((label) => ({name: label, type: FieldType.string, config: {filterable: true},
        values: result.map(({metric}) => metric[label] ?? '')})),
      {name, type: FieldType.number, values: result.map(({value: [, text]}) => Number(text))},
    ],
  });
}

// ---- Field configuration

const item = (id, isCustom) => ({id: isCustom ? `custom.${id}` : id, path: id, name: id, isCustom, settings: {},
  process: identityOverrideProcessor, shouldApply: () => true, override: () => null, editor: () => null});
const STANDARD = ['unit', 'decimals', 'min', 'max', 'mappings', 'thresholds', 'color', 'links', 'noValue', 'displayName'];
const CUSTOM = ['drawStyle', 'lineWidth', 'fillOpacity', 'lineStyle', 'showPoints', 'spanNulls', 'stacking', 'thresholdsStyle',
  'axisPlacement', 'axisLabel', 'axisSoftMax', 'width', 'minWidth', 'cellOptions', 'align', 'pointSize', 'lineInterpolation',
  'gradientMode', 'hideFrom', 'scaleDistribution', 'axisBorderShow', 'axisColorMode'];
const registry = new FieldConfigOptionsRegistry(() => [
  ...STANDARD.map((id) => item(id, false)), ...CUSTOM.map((id) => item(id, true))]);

/** What the panels of Grafana add where the JSON says nothing. */
const DEFAULT_CUSTOM = {
  timeseries: {
    drawStyle: 'line', lineWidth: 1, pointSize: 5, lineInterpolation: 'linear', gradientMode: 'none', axisPlacement: 'auto',
    axisBorderShow: false, axisColorMode: 'text', scaleDistribution: {type: 'linear'},
    hideFrom: {legend: false, tooltip: false, viz: false},
  },
  table: {align: 'auto', cellOptions: {type: 'auto'}},
};
const DEFAULT_COLOR = {stat: FieldColorModeId.Thresholds, bargauge: FieldColorModeId.Thresholds,
  table: FieldColorModeId.Thresholds, timeseries: FieldColorModeId.PaletteClassic};

function configured(panel, frames) {
  const {defaults, overrides} = panel.fieldConfig;
  const result = applyFieldOverrides({
    data: frames, theme, timeZone, fieldConfigRegistry: registry, replaceVariables: (text) => text,
    fieldConfig: {overrides, defaults: {
      color: {mode: DEFAULT_COLOR[panel.type]}, ...defaults,
      custom: {...DEFAULT_CUSTOM[panel.type], ...defaults.custom},
    }},
  });
  cacheFieldDisplayNames(result);
  return result;
}

// ---- Panels

function Repeated({panel, frames, size, children, ...more}) {
  const data = configured(panel, frames);
  const getValues = () => getFieldDisplayValues({
    fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables: (text) => text, theme,
    data, sparkline: panel.options.graphMode === 'area', timeZone,
  });
  return <VizRepeater getValues={getValues} getAlignmentFactors={getDisplayValueAlignmentFactors} renderValue={children}
    source={data} orientation={panel.options.orientation} {...size} {...more} />;
}

function Stat({panel, frames, size, timeRange}) {
  const {colorMode, graphMode, justifyMode, textMode, wideLayout, text} = panel.options;
  return <Repeated panel={panel} frames={frames} size={size} itemSpacing={3} renderCounter={0}>
    {({value, alignmentFactors, width, height, count}) => {
      if (value.sparkline) value.sparkline.timeRange = timeRange;
      return <BigValue value={value.display} sparkline={value.sparkline} theme={theme}
        {...{width, height, count, alignmentFactors, colorMode, graphMode, justifyMode, textMode, wideLayout, text}} />;
    }}
  </Repeated>;
}

function Bars({panel, frames, size}) {
  const {displayMode, showUnfilled, valueMode, namePlacement, text, orientation} = panel.options;
  return <Repeated panel={panel} frames={frames} size={size} itemSpacing={10} minVizHeight={16} maxVizHeight={300}
    renderCounter={0}>
    {({value: {field, display, view, colIndex}, alignmentFactors, width, height, isOverflow}) => <BarGauge
      value={display} field={field} display={view?.getFieldDisplayProcessor(colIndex)} theme={theme} itemSpacing={10}
      lcdCellWidth={8} valueDisplayMode={valueMode}
      {...{width, height, alignmentFactors, displayMode, showUnfilled, namePlacement, text, orientation, isOverflow}} />}
  </Repeated>;
}

/** Draws a line for each event of the annotations. */
function drawEvents(plot, events) {
  const {ctx, bbox} = plot;
  ctx.save();
  ctx.setLineDash([5, 5]);
  for (const {at, color} of events) {
    if (at < plot.scales.x.min || at > plot.scales.x.max) continue;
    const x = plot.valToPos(at, 'x', true);
    ctx.strokeStyle = theme.visualization.getColorByName(color);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function Lines({panel, frames, size, timeRange, events}) {
  const data = configured(panel, frames);
  for (const {fields} of data) {
    for (const field of fields) {
      if (field.type === FieldType.number) field.values = field.values.map((v) => (Number.isFinite(v) ? v : null));
    }
  }
  const hooked = new WeakSet();
  return <TimeSeries frames={data} structureRev={1} timeRange={timeRange} timeZone={timeZone} legend={panel.options.legend}
    options={panel.options} {...size}>
    {(builder, {fields}) => {
      const names = fields.slice(1).map(({name, state}) => state?.displayName ?? name);
      if (!hooked.has(builder)) {
        hooked.add(builder);
        builder.addHook('draw', (plot) => {
          plots[panel.id] = {plot, names};
          drawEvents(plot, events);
        });
      }
      return null;
    }}
  </TimeSeries>;
}

function Grid({panel, frames, size}) {
  const [data] = configured(panel, frames);
  if (!data) return <Nothing panel={panel} />;
  return <TableNG data={data} sortBy={panel.options.sortBy} enablePagination={panel.options.enablePagination}
    noValue={panel.fieldConfig.defaults.noValue} noHeader={!panel.options.showHeader} cellHeight={panel.options.cellHeight}
    fieldConfig={panel.fieldConfig} structureRev={1} {...size} />;
}

const Nothing = ({panel}) => <div className="nothing">{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;

/** The cells of a heatmap: [{at, low, high, count}], of classic buckets or of native histograms. */
function cellsOf(results) {
  const cells = [];
  const rows = results.filter(({metric}) => 'le' in metric)
    .map(({metric, values}) => ({le: Number(metric.le.replace('+Inf', 'Infinity')), values})).sort((a, b) => a.le - b.le);
  let below = new Map();
  let low = 0;
  for (const {le, values} of rows) {
    for (const [at, text] of values) cells.push({at, low, high: le, count: Number(text) - (below.get(at) ?? 0)});
    below = new Map(values.map(([at, text]) => [at, Number(text)]));
    low = le;
  }
  for (const {histograms = []} of results) {
    for (const [at, {buckets = []}] of histograms) {
      for (const [, from, to, count] of buckets) cells.push({at, low: Number(from), high: Number(to), count: Number(count)});
    }
  }
  return cells.filter(({count}) => count > 0);
}

/** Drawn here: Grafana does not publish its heatmap. */
function Heatmap({panel, results, size: {width, height}, range}) {
  const cells = cellsOf(results.flat());
  if (cells.length === 0) return <Nothing panel={panel} />;
  const finite = cells.flatMap(({low, high}) => [low, high]).filter((bound) => bound > 0 && Number.isFinite(bound));
  const [bottom, top] = [Math.log(Math.min(...finite)), Math.log(Math.max(...finite) * 1.3)];
  const y = (bound) => {
    const shown = Math.min(Math.max(bound, Math.exp(bottom) * 0.8), Math.exp(top));
    return (height - 20) * (1 - (Math.log(shown) - bottom) / (top - bottom));
  };
  const x = (at) => 60 + (width - 65) * (at - range.start) / (range.end - range.start);
  const most = Math.max(...cells.map(({count}) => count));
  const display = getDisplayProcessor({theme, field: {type: FieldType.number, config: panel.options.yAxis}});
  const bounds = finite.filter((bound, index) => finite.indexOf(bound) === index).sort((a, b) => a - b);
  let free = Infinity;
  const labels = bounds.filter((bound) => {
    if (free - y(bound) < 16) return false;
    free = y(bound);
    return true;
  });
  const times = [0, 1, 2, 3, 4].map((part) => range.start + (range.end - range.start) * part / 4);
  return <svg width={width} height={height} display="block">
    {cells.map(({at, low, high, count}, index) => <rect key={index} className="drawn" x={x(at - range.step)}
      width={x(at) - x(at - range.step) + 0.3} y={y(high)} height={Math.max(1, y(low) - y(high) - 1)}
      fill={`hsl(210 80% ${15 + 65 * (count / most) ** 0.5}%)`} />)}
    {labels.map((bound) => <text key={bound} x={54} y={Math.min(y(bound) + 4, height - 22)} textAnchor="end">
      {display(bound).text}{display(bound).suffix}</text>)}
    {times.map((at) => <text key={at} x={x(at)} y={height - 4} textAnchor={at === range.end ? 'end' : 'middle'}>
      {dateTime(at * 1000).utc().format(range.end - range.start > 1800 ? 'HH:mm' : 'HH:mm:ss')}</text>)}
  </svg>;
}

/** Only says that it is there: what an alert list shows comes from Grafana's server. */
const AlertList = () => <div className="nothing drawn">Alerts as Grafana knows them</div>;

const VIEWS = {stat: Stat, bargauge: Bars, timeseries: Lines, table: Grid, heatmap: Heatmap, alertlist: AlertList};

async function framesOf(panel, results, range) {
  const targets = panel.targets ?? [];
  const frames = targets.flatMap((target, index) => (target.format === 'table'
    ? (results[index].length > 0 ? [tableFrame(target, results[index], targets.length > 1)] : [])
    : seriesFrames(target, results[index], range.step)));
  return panel.transformations ? lastValueFrom(transformDataFrame(panel.transformations, frames)) : frames;
}

const fits = ({scrollWidth, clientWidth, scrollHeight, clientHeight}) =>
  scrollWidth <= clientWidth + 1 && scrollHeight <= clientHeight + 1;

const rgb = (stroke) => (typeof stroke === 'function' ? stroke() : stroke);

/** What uPlot was told to draw. */
function describe({plot, names}) {
  return {
    series: plot.series.slice(1).map((series, index) => ({
      label: names[index], scale: series.scale, stroke: String(rgb(series.stroke)), dash: series.dash ?? [],
      last: plot.data[index + 1].at(-1),
      points: plot.data[index + 1].filter((value) => value !== null && value !== undefined).length,
      width: series.width,
    })),
    axes: plot.axes.slice(1).map(({scale, side, _values}) => ({scale, side, values: _values ?? []})),
  };
}

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** Waits until every chart is drawn, and then until nothing changes any more. */
async function settled(charts) {
  while (charts.some(({id}) => !plots[id])) await frame();
  for (let before = ''; document.body.innerHTML !== before;) {
    before = document.body.innerHTML;
    for (let count = 0; count < 10; ++count) await frame();
  }
}

/** Draws everything and says of each panel what can be seen. */
window.drawDashboard = async ({dashboard, results, range, variables, events}) => {
  document.body.innerHTML = '';
  const header = document.body.appendChild(document.createElement('header'));
  header.innerHTML = '<h1></h1><p></p>';
  header.firstChild.textContent = dashboard.title;
  header.lastChild.textContent = Object.entries(variables).map(
    ([name, value]) => `${name}: ${value === '.*' ? 'All' : value}`).join('    ');
  const board = document.body.appendChild(document.createElement('main'));
  board.style.height = `${Math.max(...dashboard.panels.map(({gridPos: {y, h}}) => (y + h) * ROW))}px`;
  const timeRange = {from: dateTime(range.start * 1000), to: dateTime(range.end * 1000)};
  timeRange.raw = {from: timeRange.from, to: timeRange.to};
  const drawn = [];
  for (const panel of dashboard.panels) {
    const {x, y, w, h} = panel.gridPos;
    const section = board.appendChild(document.createElement('section'));
    section.style.cssText = `left:${100 * x / 24}%;top:${y * ROW}px;width:${100 * w / 24}%;height:${h * ROW}px`;
    if (panel.type === 'row') {
      section.className = 'row';
      section.appendChild(document.createElement('h2')).textContent = panel.title;
      continue;
    }
    section.innerHTML = '<div class="frame"><h3></h3><div class="body"></div></div>';
    section.querySelector('h3').textContent = panel.title;
    const body = section.querySelector('.body');
    const {width, height} = body.getBoundingClientRect();
    const frames = await framesOf(panel, results[panel.id], range);
    const View = frames.length > 0 || !panel.targets || panel.type === 'heatmap' ? VIEWS[panel.type] : Nothing;
    const root = createRoot(body);
    flushSync(() => root.render(<ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PanelContextProvider value={{eventsScope: 'drawing', eventBus}}>
        <View panel={panel} frames={frames} results={results[panel.id]} size={{width, height}} timeRange={timeRange}
          range={range} events={events} />
      </PanelContextProvider>
    </ThemeContext.Provider>));
    drawn.push({panel, body, frames});
  }
  await settled(drawn.filter(({panel, frames}) => panel.type === 'timeseries' && frames.length > 0).map(({panel}) => panel));
  return drawn.map(({panel, body, frames}) => ({
    title: panel.title, type: panel.type, text: body.innerText ?? '',
    plot: plots[panel.id] && describe(plots[panel.id]),
    fields: frames.flatMap((frame) => frame.fields.map((field) => getFieldDisplayName(field, frame, frames))),
    rows: frames[0]?.length ?? 0,
    drawn: body.querySelectorAll('.drawn, canvas, [role=gridcell], span').length,
    colors: [...body.querySelectorAll('span, [role=gridcell]')].map((e) => getComputedStyle(e).color),
    fits: fits(body.querySelector('[role=grid]') ?? body),
  }));
};
