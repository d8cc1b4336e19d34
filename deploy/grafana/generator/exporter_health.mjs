import {complete, firingAlerts, quantiles, toConnection} from './call_panels.mjs';
import {
  alertList, dashboard, heatmap, ofExporterInstances, row, stat, steps, table, timeseries, words,
} from './panels.mjs';
import {
  CONNECTION, COVERAGE_OF_ACCOUNTS, NAMES_OF_ACCOUNTS, OF_ACCOUNTS_AND_INSTANCES, OF_INSTANCES, REASONS_OF_ACCOUNTS,
  UP_OF_ACCOUNTS, accountChannels, byAccount, byConnection, byInstance, eventDurations, ofAccounts, ofExporters,
  ofInstances, ofShards, rate,
} from './queries.mjs';

const total = (metric, by = '') => byAccount('sum', rate(ofAccounts(metric)), by);
const lag = eventDurations('telnyx_exporter_poll_lag_seconds', OF_INSTANCES);
const latency = eventDurations('telnyx_api_request_duration_seconds', OF_ACCOUNTS_AND_INSTANCES);
const failing = (expression) => `${expression} and on (${CONNECTION}) ${UP_OF_ACCOUNTS} == 0`;
const BUDGET_USED = byAccount('max', `${ofAccounts('telnyx_account_required_requests_per_second')}`
  + ` / ${ofAccounts('telnyx_account_allowed_requests_per_second')}`);
const RELOADED = 'telnyx_exporter_config_last_reload_success_timestamp_seconds';
const inForce = words({0: ['Refused', 'red'], 1: ['In force', 'green']});

export default () => dashboard({
  uid: 'telnyx-exporter-health',
  title: 'Telnyx / Exporter health',
  description: 'Whether the numbers can be trusted: polls, the API, rate limits and the exporters themselves.',
  variables: ofExporterInstances(),
  connections: false,
  panels: [
    row('Now'),
    stat({
      title: 'Exporters', unit: 'short', graph: false, thresholds: steps(), width: 3, alert: 'TelnyxExporterDown',
      description: 'Exporters that answer Prometheus: replicas or shards.',
      queries: [{expr: `count(${ofInstances('telnyx_exporter_build_info')})`}],
    }),
    stat({
      title: 'Connections', unit: 'short', graph: false, width: 3, alert: 'TelnyxConnectionsDropped',
      description: 'Connections that are polled.',
      queries: [{expr: `count(${UP_OF_ACCOUNTS})`}],
    }),
    stat({
      title: 'Failing connections', unit: 'short', thresholds: steps([1, 'red']), width: 3,
      alert: 'TelnyxConnectionFailing',
      description: 'Connections of which no exporter’s newest poll was complete.',
      queries: [{expr: `count(${UP_OF_ACCOUNTS} == 0) or 0 * count(${UP_OF_ACCOUNTS})`}],
    }),
    stat({
      title: 'Coverage', unit: 'percentunit', decimals: 0, thresholds: complete(), width: 3,
      alert: 'TelnyxNumbersIncomplete',
      description: 'The share of all connections whose number of calls is known: what every sum of calls covers. Connections '
        + 'of an exporter that is gone count as unknown for an hour.',
      queries: [{expr: COVERAGE_OF_ACCOUNTS}],
    }),
    stat({
      title: 'Request budget', unit: 'percentunit', decimals: 0, thresholds: steps([0.9, 'orange'], [1, 'red']), width: 3,
      alert: 'TelnyxRequestBudgetShort',
      description: 'Requests that the polls need as a share of those that the rate limit in force allows, of the exporter and '
        + 'account with the highest. Above 100 % connections are polled less often.',
      queries: [{expr: `max(${BUDGET_USED})`}],
    }),
    stat({
      title: 'Rejected requests', unit: 'percentunit', thresholds: steps([0.01, 'orange'], [0.05, 'red']), width: 3,
      alert: 'TelnyxRateLimited',
      description: 'The share of requests that Telnyx answered with 401, 403 or 429.',
      queries: [{
        expr: `(sum(${rate(ofAccounts('telnyx_api_requests_total', ',code=~"401|403|429"'))}) or vector(0))`
          + ` / sum(${rate(ofAccounts('telnyx_api_requests_total'))})`,
      }],
    }),
    stat({
      title: 'Poll lag', unit: 's', thresholds: steps([1, 'orange'], [5, 'red']), width: 3, alert: 'TelnyxPollsLate',
      description: 'How much later than due one poll in a hundred begins.',
      queries: [{expr: lag.quantile(0.99)}],
    }),
    stat({
      title: 'Configuration', graph: false, unit: 'short', mappings: inForce, width: 3, alert: 'TelnyxConfigReloadFailed',
      description: 'Whether every exporter’s newest attempt to load its configuration succeeded.',
      queries: [{expr: `min(${ofInstances('telnyx_exporter_config_last_reload_successful')})`}],
    }),
    alertList({
      title: 'Alerts', width: 8,
      description: 'Alerts whose name contains Telnyx that are pending or firing, as Grafana knows them: from its own rules and '
        + 'from data sources whose alerts it manages.',
    }),
    firingAlerts(false, {width: 16, height: 8}),

    row('Polls'),
    timeseries({
      title: 'Polls', unit: 'ops', alert: 'TelnyxPollsSkipped',
      description: 'Polls begun in a second, and those that were due but not begun because the one before was not over.',
      queries: [
        {expr: total('telnyx_polls_total'), legend: '{{account}}'},
        {expr: total('telnyx_account_polls_skipped_total'), legend: '{{account}} skipped'},
      ],
    }),
    timeseries({
      title: 'Poll failures by reason', unit: 'ops', stacked: true, alert: 'TelnyxPollsFailing',
      description: 'Polls that did not end complete, in a second. docs/metrics.md says what to do about each reason.',
      queries: [{
        expr: `${total('telnyx_account_poll_failures_total', 'reason')} > 0`,
        legend: '{{account}} {{reason}}',
      }],
    }),
    timeseries({
      title: 'Coverage', unit: 'percentunit', max: 1, alert: 'TelnyxNumbersIncomplete',
      description: 'The share of all connections of an account whose number of calls is known. Connections of an exporter that '
        + 'is gone count as unknown for an hour.',
      queries: [{expr: accountChannels.coverage, legend: '{{account}}'}],
    }),
    timeseries({
      title: 'Poll lag', unit: 's', thresholds: steps([5, 'red']), alert: 'TelnyxPollsLate',
      description: 'How much later than due polls began.',
      queries: quantiles(lag),
    }),
    table({
      title: 'Failing connections', height: 9, sortBy: 'Last complete poll', alert: 'TelnyxDataStale',
      description: 'Connections of which no exporter’s newest poll was complete, why, and how long ago one was.',
      labels: {account: 'Account', connection_name: 'Connection', connection_id: 'Id', reason: 'Reason',
        cluster: 'Cluster', namespace: 'Namespace'},
      columnLinks: [{column: 'Connection', ...toConnection('__data.fields.Account', '__data.fields.Id')}],
      queries: [
        {expr: failing(NAMES_OF_ACCOUNTS)},
        {expr: failing(REASONS_OF_ACCOUNTS)},
        {expr: failing(`time() - ${byConnection(ofAccounts('telnyx_connection_last_success_timestamp_seconds'))}`),
          column: 'Last complete poll', unit: 'dthms', 'custom.width': 160,
          thresholds: steps([45, 'orange'], [900, 'red'])},
      ],
    }),

    row('API'),
    timeseries({
      title: 'Request budget', unit: 'reqps', alert: 'TelnyxRequestBudgetShort',
      description: 'Requests in a second of all exporters together: what polls and list refreshes need, what the rate limits '
        + 'in force allow, and what was sent.',
      queries: [
        {expr: byAccount('sum', ofAccounts('telnyx_account_required_requests_per_second')), legend: '{{account}} required'},
        {expr: byAccount('sum', ofAccounts('telnyx_account_allowed_requests_per_second')), legend: '{{account}} allowed'},
        {expr: total('telnyx_api_requests_total'), legend: '{{account}} sent'},
      ],
    }),
    timeseries({
      title: 'Requests by status', unit: 'reqps', stacked: true,
      description: 'Requests to the API in a second by the status of the answer; error: none came.',
      queries: [{expr: `sum by (code) (${rate(ofAccounts('telnyx_api_requests_total'))})`, legend: '{{code}}'}],
    }),
    timeseries({
      title: 'Latency', unit: 's',
      description: 'How long one request to the API took.',
      queries: quantiles(latency),
    }),
    heatmap({
      title: 'Latency, distribution', axisUnit: 's', unit: 'reqps',
      description: 'How many requests a second took how long: the stronger the colour, the more.',
      queries: [{expr: latency.heatmap, legend: '{{le}}'}],
    }),
    timeseries({
      title: 'Rate limit headers', unit: 'short', alert: 'TelnyxRateLimited',
      description: 'What the newest answer of Telnyx said of the account’s limit and of what is left of it.',
      queries: [
        {expr: byAccount('min', ofAccounts('telnyx_api_rate_limit_remaining')), legend: '{{account}} left'},
        {expr: byAccount('max', ofAccounts('telnyx_api_rate_limit_limit')), legend: '{{account}} limit'},
      ],
    }),
    timeseries({
      title: 'Throttling', unit: 'percentunit', softMax: 0.1, alert: 'TelnyxRequestBudgetShort',
      description: 'How many seconds in each second requests waited for the configured rate limit. More than 100 %: '
        + 'several waited at once.',
      queries: [{expr: total('telnyx_api_rate_limiter_wait_seconds_total'), legend: '{{account}}'}],
    }),
    timeseries({
      title: 'Retries', unit: 'reqps', softMax: 1, width: 8,
      description: 'Retries of failed requests in a second.',
      queries: [{expr: total('telnyx_api_retries_total'), legend: '{{account}}'}],
    }),
    timeseries({
      title: 'Received bytes', unit: 'Bps', width: 8,
      description: 'Bodies of the API’s answers after decompression.',
      queries: [{expr: total('telnyx_api_response_bytes_total'), legend: '{{account}}'}],
    }),
    timeseries({
      title: 'Ignored fields', unit: 'ops', softMax: 1, width: 8,
      description: 'Optional fields of the API’s answers that could not be used and were ignored, in a second.',
      queries: [{expr: total('telnyx_api_ignored_fields_total'), legend: '{{account}}'}],
    }),
    timeseries({
      title: 'Discovered connections', unit: 'short', width: 8, alert: 'TelnyxConnectionsDropped',
      description: 'Connections that discovery found and keeps.',
      queries: [{expr: ofShards('telnyx_discovered_connections'), legend: '{{account}}'}],
    }),
    timeseries({
      title: 'Discovery age', unit: 's', width: 8, alert: 'TelnyxDiscoveryFailing',
      description: 'How long ago discovery read the account’s lists to the end, of the exporter where it is longest. An '
        + 'exporter that has not read them since it started is not in here.',
      queries: [{
        expr: `time() - ${byAccount('min', ofAccounts('telnyx_discovery_last_success_timestamp_seconds'))}`,
        legend: '{{account}}',
      }],
    }),
    timeseries({
      title: 'Discovery failures', unit: 'ops', softMax: 1, width: 8, alert: 'TelnyxDiscoveryFailing',
      description: 'Refreshes of the account’s lists in a second that did not end complete.',
      queries: [{expr: total('telnyx_discovery_failures_total'), legend: '{{account}}'}],
    }),

    row('Process'),
    timeseries({
      title: 'CPU', unit: 'percentunit', width: 8,
      description: 'Share of one processor that the exporter uses.',
      queries: [{
        expr: byInstance('sum', ofExporters(rate(ofInstances('process_cpu_seconds_total')))), legend: '{{instance}}',
      }],
    }),
    timeseries({
      title: 'Memory', unit: 'bytes', width: 8,
      description: 'Resident memory of the exporter.',
      queries: [{
        expr: byInstance('max', ofExporters(ofInstances('process_resident_memory_bytes'))), legend: '{{instance}}',
      }],
    }),
    timeseries({
      title: 'Open files and threads', unit: 'short', width: 8,
      description: 'Open file descriptors and threads of the exporter.',
      queries: [
        {expr: byInstance('max', ofExporters(ofInstances('process_open_fds'))), legend: '{{instance}} files'},
        {expr: byInstance('max', ofExporters(ofInstances('process_threads'))), legend: '{{instance}} threads'},
      ],
    }),
    timeseries({
      title: 'Tracked calls', unit: 'short', width: 8,
      description: 'Call legs that the next polls are compared with.',
      queries: [{expr: byInstance('max', ofInstances('telnyx_exporter_tracked_calls')), legend: '{{instance}}'}],
    }),
    timeseries({
      title: 'Web requests', unit: 'reqps', stacked: true, width: 8,
      description: 'Requests that the exporter answered, by path and status.',
      queries: [{
        expr: `sum by (handler, code) (${rate(ofInstances('telnyx_exporter_web_requests_total'))})`,
        legend: '{{handler}} {{code}}',
      }],
    }),
    timeseries({
      title: 'Lost log lines', unit: 'ops', softMax: 1, width: 8, alert: 'TelnyxLogLinesLost',
      description: 'Log lines in a second that could not be written.',
      queries: [{
        expr: byInstance('sum', rate(ofInstances('telnyx_exporter_log_lines_lost_total'))), legend: '{{instance}}',
      }],
    }),
    table({
      title: 'Exporters', height: 6,
      description: 'Each exporter’s version, shard, uptime and configuration.',
      labels: {
        instance: 'Instance', version: 'Version', revision: 'Revision', shard: 'Shard', total_shards: 'Of',
        cluster: 'Cluster', namespace: 'Namespace',
      },
      queries: [
        {expr: byInstance('max', ofInstances('telnyx_exporter_build_info'), 'version, revision')},
        {expr: byInstance('max', ofInstances('telnyx_exporter_shard_info'), 'shard, total_shards')},
        {expr: `time() - ${byInstance('max', ofExporters(ofInstances('process_start_time_seconds')))}`,
          column: 'Uptime', unit: 'dthms'},
        {expr: `time() - ${byInstance('max', ofInstances(RELOADED))}`, column: 'Configuration age', unit: 'dthms',
          'custom.width': 160},
        {expr: byInstance('max', ofInstances('telnyx_exporter_config_last_reload_successful')), column: 'Configuration',
          mappings: inForce, thresholds: steps(), 'custom.width': 130},
      ],
    }),
  ],
});
