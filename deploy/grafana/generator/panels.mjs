// Panels and variables in one style. What a panel shows is given as {queries, unit, thresholds, …}.

import {PanelBuilder as BarGauge} from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode, BigValueColorMode, BigValueGraphMode, BigValueTextMode, GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder, GraphThresholdsStyleMode, LegendDisplayMode, LegendPlacement,
  ReduceDataOptionsBuilder, SortOrder, StackingConfigBuilder, StackingMode,
  TableCellDisplayMode, TableSortByFieldStateBuilder, TooltipDisplayMode, VisibilityMode,
  VizLegendOptionsBuilder, VizOrientation, VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  AnnotationQueryBuilder, DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType,
  DatasourceVariableBuilder, FieldColorBuilder, FieldColorModeId, MappingType,
  QueryVariableBuilder, RowBuilder, ThresholdsConfigBuilder, ThresholdsMode, VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  HeatmapColorMode, HeatmapColorOptionsBuilder, HeatmapColorScale, PanelBuilder as Heatmap,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import {DataqueryBuilder, PromQueryFormat} from '@grafana/grafana-foundation-sdk/prometheus';
import {PanelBuilder as Stat} from '@grafana/grafana-foundation-sdk/stat';
import {PanelBuilder as Table} from '@grafana/grafana-foundation-sdk/table';
import {PanelBuilder as Timeseries} from '@grafana/grafana-foundation-sdk/timeseries';

import {
  NAMES_OF_ACCOUNTS, OF_TARGETS, firing, ofExporters,
} from './queries.mjs';

export {BigValueTextMode};

const DATASOURCE = {type: 'prometheus', uid: '${datasource}'};
// The value of deploy/prometheus/mixin.libsonnet.
const RUNBOOK = 'https://github.com/telnyx-exporter/telnyx_exporter/blob/main/docs/runbook.md';
export const CALLS_A_MINUTE = 'suffix: /min';

/** Green, and from each bound on another colour: [[bound, colour], …]. */
export function steps(...bounds) {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    {color: 'green', value: null},
    ...bounds.map(([value, color]) => ({color, value})),
  ]);
}

/** Says a word instead of a number: {0: ['Failing', 'red'], …}. */
export const words = (meanings) => [{
  type: MappingType.ValueToText,
  options: Object.fromEntries(Object.entries(meanings).map(
    ([value, [text, color]], index) => [value, {text, color, index}])),
}];

function query({expr, legend = '', instant = false, format = PromQueryFormat.TimeSeries}, index) {
  const result = new DataqueryBuilder().datasource(DATASOURCE).expr(expr).legendFormat(legend)
    .format(format).refId(String.fromCharCode('A'.charCodeAt(0) + index));
  return instant ? result.instant() : result.range();
}

/** Where an alert is explained: what to do when the panel looks bad. */
const runbook = (alert) => new DashboardLinkBuilder(`Runbook: ${alert}`).type(DashboardLinkType.Link)
  .url(`${RUNBOOK}#${alert.toLowerCase()}`).targetBlank(true);

function begin(Builder, {title, description, queries, unit, decimals, min, max, width, height,
  thresholds = steps(), mappings, overrides = [], noValue, format, instant, alert, link}) {
  const panel = new Builder().title(title).description(description).datasource(DATASOURCE)
    .span(width).height(height).thresholds(thresholds).interval('15s');
  if (unit !== undefined) panel.unit(unit);
  if (decimals !== undefined) panel.decimals(decimals);
  if (min !== undefined) panel.min(min);
  if (max !== undefined) panel.max(max);
  if (mappings) panel.mappings(mappings);
  if (noValue) panel.noValue(noValue);
  if (link) {
    panel.withOverride({matcher: {id: 'byFrameRefID', options: 'A'},
      properties: [{id: 'links', value: [{targetBlank: false, ...link}]}]});
  }
  if (alert) panel.links([runbook(alert)]);
  for (const {name, ...properties} of overrides) {
    panel.overrideByName(name, Object.entries(properties).map(([id, value]) => ({id, value})));
  }
  queries.forEach((each, index) => panel.withTarget(query({format, instant, ...each}, index)));
  return panel;
}

const last = () => new ReduceDataOptionsBuilder().values(false).calcs(['lastNotNull']);

/** Says beside a sum which share of the connections it covers. */
export const coverage = (expr) => ({expr, isCoverage: true});

/** Names the coverage among the queries, and shows it in percent. */
function withCoverage(options, name, style) {
  if (!options.queries.some(({isCoverage}) => isCoverage)) return options;
  return {
    ...options,
    queries: options.queries.map(({isCoverage, ...query}) => (isCoverage ? {...query, legend: name} : query)),
    overrides: [...(options.overrides ?? []),
      {name, unit: 'percentunit', decimals: 0, color: {mode: 'fixed', fixedColor: 'text'}, ...style}],
  };
}

const BESIDE_THE_CURVES = {
  min: 0, max: 1, 'custom.axisPlacement': 'right', 'custom.axisLabel': 'connections known', 'custom.fillOpacity': 0,
  'custom.stacking': {mode: 'none', group: 'B'}, 'custom.lineStyle': {fill: 'dot', dash: [0, 6]},
};

export function stat(given) {
  const options = withCoverage(given, 'known', {});
  if (options !== given) options.text = BigValueTextMode.ValueAndName;
  return begin(Stat, {width: 4, height: 4, ...options})
    .reduceOptions(last()).graphMode(options.graph === false || options.instant
      ? BigValueGraphMode.None : BigValueGraphMode.Area)
    .colorMode(BigValueColorMode.Value).textMode(options.text ?? BigValueTextMode.Auto);
}

/** `softMax`: the least that the axis shows, so that a curve at 0 has an axis that says something. */
export function timeseries(given) {
  const options = withCoverage(given, 'connections known', BESIDE_THE_CURVES);
  const panel = begin(Timeseries, {width: 12, height: 8, min: 0, ...options})
    .drawStyle(GraphDrawStyle.Line).lineWidth(1).fillOpacity(options.stacked ? 40 : 8)
    .showPoints(VisibilityMode.Never).spanNulls(false)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List)
      .placement(LegendPlacement.Bottom).showLegend(true).calcs([]))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (options.softMax) panel.axisSoftMax(options.softMax);
  if (options.stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (options.thresholds) {
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  return panel;
}

/** Native histograms, or cumulative buckets (`sum by (le)`). */
export function heatmap(options) {
  return begin(Heatmap, {width: 12, height: 8, unit: 'short', ...options, format: PromQueryFormat.Heatmap})
    .calculate(false).cellGap(1).showValue(VisibilityMode.Never)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Blues')
      .scale(HeatmapColorScale.Exponential).exponent(0.5).steps(64).fill('dark-blue').reverse(false))
    .yAxis(new YAxisConfigBuilder().unit(options.axisUnit));
}

export function barGauge(options) {
  return begin(BarGauge, {width: 12, height: 8, min: 0, ...options, instant: true})
    .reduceOptions(last()).orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic).showUnfilled(true);
}

/** What is longer, or always shorter, than a column without a width. */
const widthOf = (label) => (label.endsWith('_id') ? 190 : {alertname: 230, severity: 90, shard: 80, total_shards: 80}[label]);
const widths = (labels) => Object.entries(labels).filter(([label]) => widthOf(label))
  .map(([label, name]) => ({name, 'custom.width': widthOf(label)}));

/**
 * One row for each set of labels, one column for each query: {expr, column, …properties of the column}. A query without
 * `column` gives its labels only. As many rows as fit are on one page of the table.
 */
export function table(options) {
  const letters = options.queries.map((_, index) => String.fromCharCode('A'.charCodeAt(0) + index));
  const valueOf = (index) => (options.queries.length > 1 ? `Value #${letters[index]}` : 'Value');
  const hidden = {Time: true, job: true};
  const order = {};
  const renamed = {...options.labels};
  Object.keys(options.labels).forEach((label) => { order[label] = Object.keys(order).length; });
  const overrides = [];
  options.queries.forEach(({column, link, ...properties}, index) => {
    if (!column) {
      hidden[valueOf(index)] = true;
      return;
    }
    order[valueOf(index)] = Object.keys(order).length;
    renamed[valueOf(index)] = column;
    const {expr, ...shown} = {'custom.width': 100, ...properties};
    if (shown.thresholds) {
      shown.thresholds = shown.thresholds.build();
      shown['custom.cellOptions'] = {type: 'color-text'};
    }
    overrides.push({name: column, ...shown});
  });
  for (const {column, ...link} of options.columnLinks ?? []) {
    overrides.push({name: column, links: [{targetBlank: false, ...link}]});
  }
  const panel = begin(Table, {
    width: 24, height: 9, ...options, format: PromQueryFormat.Table, instant: true,
    overrides: [...widths(options.labels), ...overrides],
    queries: options.queries.map(({expr}) => ({expr})),
  }).withTransformation({id: 'merge', options: {}})
    .withTransformation({id: 'organize', options: {
      excludeByName: hidden, indexByName: order, renameByName: renamed, includeByName: {}}});
  panel.cellOptions({type: TableCellDisplayMode.Auto}).minWidth(80);
  if (options.sortBy) {
    panel.sortBy([new TableSortByFieldStateBuilder().displayName(options.sortBy).desc(true)]);
  }
  return panel;
}

export const row = (title) => new RowBuilder(title);

/** A list of alerts as Grafana knows them, with those that are pending. The SDK has no builder for it. */
export const alertList = ({title, description, width = 24, height = 8}) => ({
  id(id) { this.number = id; return this; },
  build() {
    return {
      type: 'alertlist', id: this.number, title, description, datasource: DATASOURCE,
      gridPos: {h: height, w: width, x: 0, y: 0}, fieldConfig: {defaults: {}, overrides: []},
      options: {
        viewMode: 'list', groupMode: 'default', groupBy: [], maxItems: 50, sortOrder: 3, dashboardAlerts: false,
        alertName: 'Telnyx', alertInstanceLabelFilter: '', datasource: '', folder: null,
        showInstances: true, showInactiveAlerts: false,
        stateFilter: {firing: true, pending: true, noData: false, normal: false, error: true, recovering: true},
      },
    };
  },
});

const datasource = () => new DatasourceVariableBuilder('datasource').label('Data source')
  .description('A Prometheus or Mimir that scrapes the exporter').type('prometheus').multi(false)
  // What was chosen at the import. Where nothing was, as with provisioned files, Grafana takes the first one that there is.
  .current({text: `\${${INPUT}}`, value: `\${${INPUT}}`});

function queryVariable(name, label, description, query, {many = true, regex = ''} = {}) {
  const variable = new QueryVariableBuilder(name).label(label).description(description)
    .datasource(DATASOURCE).query({query, refId: name}).regex(regex)
    .refresh(VariableRefresh.OnTimeRangeChanged).sort(VariableSort.AlphabeticalCaseInsensitiveAsc)
    .multi(many).includeAll(many);
  if (many) variable.allValue('.*').current({text: ['All'], value: ['$__all']});
  return variable;
}

const cluster = () => queryVariable('cluster', 'Cluster', 'Clusters, where Prometheus or Mimir has that label',
  'label_values(telnyx_exporter_build_info, cluster)');
const namespace = () => queryVariable('namespace', 'Namespace', 'Namespaces, where targets have that label',
  'label_values(telnyx_exporter_build_info{cluster=~"$cluster"}, namespace)');
const job = () => queryVariable('job', 'Job', 'Scrape jobs of exporters',
  'label_values(telnyx_exporter_build_info{cluster=~"$cluster",namespace=~"$namespace"}, job)');
const account = () => queryVariable('account', 'Account', 'Telnyx accounts, by their configured names',
  `label_values(telnyx_connection_up{${OF_TARGETS}}, account)`);

/** By id, so that equal names stay apart, with account and name to read. `many`: several at once, or exactly one. */
const connection = (many) => queryVariable('connection', 'Connection', 'Connections of the chosen accounts',
  'query_result(max by (connection_id, shown) '
    + `(label_join(${NAMES_OF_ACCOUNTS}, "shown", " / ", "account", "connection_name")))`,
  {many, regex: '/connection_id="(?<value>[^"]+)"|shown="(?<text>.+?)"(?=,[a-z_]+="|} )/g'});

const instance = () => queryVariable('instance', 'Instance', 'Exporters: replicas or shards',
  `label_values(telnyx_exporter_build_info{${OF_TARGETS}}, instance)`);

const targets = () => [datasource(), cluster(), namespace(), job(), account()];
export const ofConnections = (many) => [...targets(), connection(many)];
export const ofExporterInstances = () => [...targets(), instance()];

/** `expr`: a time in seconds, or 1 while something lasts. */
const annotation = (name, color, expr, {title, text = '', tags = '', isTime = false}) => {
  const result = new AnnotationQueryBuilder().name(name).datasource(DATASOURCE).enable(true).iconColor(color)
    .expr(isTime ? `1000 * (${expr})` : expr).titleFormat(title).textFormat(text).tagKeys(tags);
  return isTime ? result.useValueForTime(true) : result.step('60s');
};

const ofAll = (metric) => `${metric}{${OF_TARGETS}}`;
const RELOADED = 'telnyx_exporter_config_last_reload_success_timestamp_seconds';

const annotations = (connections) => [
  annotation('Restarts', 'orange', ofExporters(ofAll('process_start_time_seconds')),
    {title: 'Exporter started', text: '{{instance}}', isTime: true}),
  // The first configuration of a process is no reload.
  annotation('Reloads', 'blue', `${ofAll(RELOADED)} > ${ofAll('process_start_time_seconds')} + 5`,
    {title: 'Configuration reloaded', text: '{{instance}}', isTime: true}),
  annotation('Failed reloads', 'purple', `${ofAll('telnyx_exporter_config_last_reload_successful')} == bool 0`,
    {title: 'Configuration refused', text: '{{instance}}'}),
  annotation('Firing alerts', 'red', firing(connections),
    {title: '{{alertname}}', text: '{{account}} {{connection_name}} {{instance}}', tags: 'severity'}),
];

/** What Grafana asks at an import, and what it needs. */
const INPUT = 'DS_PROMETHEUS';
const PANEL_NAMES = {alertlist: 'Alert list', bargauge: 'Bar gauge', heatmap: 'Heatmap', stat: 'Stat', table: 'Table',
  timeseries: 'Time series'};
const forImport = (panels) => ({
  __inputs: [{
    name: INPUT, label: 'Prometheus', description: 'A Prometheus or Mimir that scrapes telnyx_exporter',
    type: 'datasource', pluginId: 'prometheus', pluginName: 'Prometheus',
  }],
  __elements: {},
  __requires: [
    {type: 'grafana', id: 'grafana', name: 'Grafana', version: '11.0.0'},
    {type: 'datasource', id: 'prometheus', name: 'Prometheus', version: '1.0.0'},
    ...[...new Set(panels.map(({type}) => type))].filter((type) => type !== 'row').sort()
      .map((id) => ({type: 'panel', id, name: PANEL_NAMES[id], version: ''})),
  ],
});

/**
 * Ids are given in order, so that links to a panel stay as they are while none is added before it. `connections`: the dashboard
 * has a variable for them.
 */
export function dashboard({uid, title, description, variables, connections, panels}) {
  const result = new DashboardBuilder(title).uid(uid).description(description).tags(['telnyx'])
    .timezone('browser').time({from: 'now-6h', to: 'now'}).refresh('30s').tooltip(DashboardCursorSync.Crosshair)
    .annotations(annotations(connections))
    .link(new DashboardLinkBuilder('Telnyx').type(DashboardLinkType.Dashboards).tags(['telnyx'])
      .asDropdown(false).includeVars(true).keepTime(true).icon('external link'))
    .link(new DashboardLinkBuilder('Runbook').type(DashboardLinkType.Link).url(RUNBOOK).icon('doc')
      .tooltip('What each alert means and what to do').targetBlank(true));
  variables.forEach((variable) => result.withVariable(variable));
  panels.forEach((panel, index) => {
    if (panel instanceof RowBuilder) {
      result.withRow(panel.id(index + 1));
    } else {
      result.withPanel(panel.id(index + 1));
    }
  });
  const built = withoutLeftovers(result.build());
  return {...forImport(built.panels), ...built};
}

/** The SDK also writes what belongs to other kinds of variables and links, and knows an older table. */
function withoutLeftovers(built) {
  for (const variable of built.templating.list) {
    for (const key of ['auto', 'auto_count', 'auto_min']) delete variable[key];
  }
  for (const each of [...built.links, ...built.annotations.list]) delete each.placement;
  for (const panel of built.panels) {
    for (const link of panel.links ?? []) delete link.placement;
    if (panel.type !== 'table') continue;
    delete panel.options.footer;
    panel.options.enablePagination = true;
  }
  return built;
}
