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
  DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType,
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

export {BigValueTextMode};

const DATASOURCE = {type: 'prometheus', uid: '${datasource}'};
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

function begin(Builder, {title, description, queries, unit, decimals, min, max, width, height,
  thresholds = steps(), mappings, overrides = [], noValue, format, instant}) {
  const panel = new Builder().title(title).description(description).datasource(DATASOURCE)
    .span(width).height(height).thresholds(thresholds).interval('15s');
  if (unit !== undefined) panel.unit(unit);
  if (decimals !== undefined) panel.decimals(decimals);
  if (min !== undefined) panel.min(min);
  if (max !== undefined) panel.max(max);
  if (mappings) panel.mappings(mappings);
  if (noValue) panel.noValue(noValue);
  for (const {name, ...properties} of overrides) {
    panel.overrideByName(name, Object.entries(properties).map(([id, value]) => ({id, value})));
  }
  queries.forEach((each, index) => panel.withTarget(query({format, instant, ...each}, index)));
  return panel;
}

const last = () => new ReduceDataOptionsBuilder().values(false).calcs(['lastNotNull']);

export function stat(options) {
  return begin(Stat, {width: 4, height: 4, ...options})
    .reduceOptions(last()).graphMode(options.graph === false || options.instant
      ? BigValueGraphMode.None : BigValueGraphMode.Area)
    .colorMode(BigValueColorMode.Value).textMode(options.text ?? BigValueTextMode.Auto);
}

export function timeseries(options) {
  const panel = begin(Timeseries, {width: 12, height: 8, min: 0, ...options})
    .drawStyle(GraphDrawStyle.Line).lineWidth(1).fillOpacity(options.stacked ? 40 : 8)
    .showPoints(VisibilityMode.Never).spanNulls(false)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List)
      .placement(LegendPlacement.Bottom).showLegend(true).calcs([]))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (options.stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (options.thresholds) {
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  return panel;
}

/** Cumulative buckets (`sum by (le)`), drawn one below the other. */
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

/**
 * One row for each set of labels, one column for each query: {expr, column, …properties of the column}. A query without
 * `column` gives its labels only.
 */
export function table(options) {
  const letters = options.queries.map((_, index) => String.fromCharCode('A'.charCodeAt(0) + index));
  const valueOf = (index) => (options.queries.length > 1 ? `Value #${letters[index]}` : 'Value');
  const hidden = {Time: true};
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
    const {expr, ...shown} = properties;
    if (shown.thresholds) {
      shown.thresholds = shown.thresholds.build();
      shown['custom.cellOptions'] = {type: 'color-text'};
    }
    overrides.push({name: column, ...shown});
  });
  if (options.link) {
    overrides.push({
      name: options.link.column,
      links: [{title: options.link.title, url: options.link.url, targetBlank: false}],
    });
  }
  const panel = begin(Table, {
    width: 24, height: 9, ...options, format: PromQueryFormat.Table, instant: true,
    overrides: [...overrides, ...(options.overrides ?? [])],
    queries: options.queries.map(({expr}) => ({expr})),
  }).withTransformation({id: 'merge', options: {}})
    .withTransformation({id: 'organize', options: {
      excludeByName: hidden, indexByName: order, renameByName: renamed, includeByName: {}}});
  panel.cellOptions({type: TableCellDisplayMode.Auto});
  if (options.sortBy) {
    panel.sortBy([new TableSortByFieldStateBuilder().displayName(options.sortBy).desc(true)]);
  }
  return panel;
}

export const row = (title) => new RowBuilder(title);

const datasource = () => new DatasourceVariableBuilder('datasource').label('Data source')
  .description('A Prometheus or Mimir that scrapes the exporter').type('prometheus').multi(false);

function labelValues(name, label, description, source, {many}) {
  const variable = new QueryVariableBuilder(name).label(label).description(description)
    .datasource(DATASOURCE).query({query: source, refId: name})
    .refresh(VariableRefresh.OnTimeRangeChanged).sort(VariableSort.AlphabeticalCaseInsensitiveAsc)
    .multi(many).includeAll(many);
  if (many) variable.allValue('.*').current({text: ['All'], value: ['$__all']});
  return variable;
}

const account = () => labelValues('account', 'Account', 'Telnyx accounts, by their configured names',
  'label_values(telnyx_connection_up, account)', {many: true});

/** `many`: several connections at once, or exactly one. */
const connection = (many) => labelValues('connection', 'Connection', 'Connections of the chosen accounts',
  'label_values(telnyx_connection_up{account=~"$account"}, connection_name)', {many});

const instance = () => labelValues('instance', 'Instance', 'Exporters: replicas or shards',
  'label_values(telnyx_exporter_build_info, instance)', {many: true});

export const variables = {datasource, account, connection, instance};

/** Ids are given in order, so that links to a panel stay as they are while none is added before it. */
export function dashboard({uid, title, description, variables: list, panels}) {
  const result = new DashboardBuilder(title).uid(uid).description(description).tags(['telnyx'])
    .timezone('browser').time({from: 'now-6h', to: 'now'}).refresh('30s').tooltip(DashboardCursorSync.Crosshair)
    .link(new DashboardLinkBuilder('Telnyx').type(DashboardLinkType.Dashboards).tags(['telnyx'])
      .asDropdown(false).includeVars(true).keepTime(true).icon('external link'));
  list.forEach((variable) => result.withVariable(variable));
  panels.forEach((panel, index) => {
    if (panel instanceof RowBuilder) {
      result.withRow(panel.id(index + 1));
    } else {
      result.withPanel(panel.id(index + 1));
    }
  });
  return withoutLeftovers(result.build());
}

/** The SDK also writes what belongs to other kinds of variables, and what tables no longer have. */
function withoutLeftovers(built) {
  for (const variable of built.templating.list) {
    for (const key of ['auto', 'auto_count', 'auto_min']) delete variable[key];
  }
  for (const panel of built.panels) {
    if (panel.type === 'table') delete panel.options.footer;
  }
  return built;
}
