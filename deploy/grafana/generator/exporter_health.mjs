import {
  dashboard, heatmap, row, stat, steps, table, timeseries, variables, words,
} from './panels.mjs';
import {ofAccounts, ofInstances, quantile, rate} from './queries.mjs';

const up = `max by (account, connection_name, connection_id) (${ofAccounts('telnyx_connection_up')})`;
const byInstance = (metric, labels = 'instance') => `max by (${labels}) (${ofInstances(metric)})`;
const total = (metric, by = 'account') => `sum by (${by}) (${rate(ofAccounts(metric))})`;
const lag = `sum by (le) (${rate(ofInstances('telnyx_exporter_poll_lag_seconds_bucket'))})`;
const latency = `sum by (le) (${rate(ofAccounts('telnyx_api_request_duration_seconds_bucket'))})`;
const QUANTILES = [[0.5, 'median'], [0.9, '90 %'], [0.99, '99 %']];

export default () => dashboard({
  uid: 'telnyx-exporter-health',
  title: 'Telnyx / Exporter health',
  description: 'Whether the numbers can be trusted: polls, the API, rate limits and the exporters themselves.',
  variables: [variables.datasource(), variables.account(), variables.instance()],
  panels: [
    row('Now'),
    stat({
      title: 'Exporters', unit: 'short', graph: false, thresholds: steps(),
      description: 'Exporters that answer Prometheus: replicas or shards.',
      queries: [{expr: `count(${ofInstances('telnyx_exporter_build_info')})`}],
    }),
    stat({
      title: 'Connections', unit: 'short', graph: false,
      description: 'Connections that are polled.',
      queries: [{expr: `count(${up})`}],
    }),
    stat({
      title: 'Connections failing', unit: 'short', thresholds: steps([1, 'red']),
      description: 'Connections of which no exporter’s newest poll was complete.',
      queries: [{expr: `count(${up} == 0) or vector(0)`}],
    }),
    stat({
      title: 'Configuration', graph: false, unit: 'short',
      mappings: words({0: ['Refused', 'red'], 1: ['In force', 'green']}),
      description: 'Whether every exporter’s newest attempt to load its configuration succeeded.',
      queries: [{expr: `min(${ofInstances('telnyx_exporter_config_last_reload_successful')})`}],
    }),
    stat({
      title: 'Lag of polls', unit: 's', thresholds: steps([1, 'orange'], [5, 'red']),
      description: 'How much later than due one poll in a hundred begins.',
      queries: [{expr: quantile(0.99, lag)}],
    }),
    stat({
      title: 'Refused requests', unit: 'percentunit', thresholds: steps([0.01, 'orange'], [0.05, 'red']),
      description: 'The share of the requests that Telnyx answered with 401, 403 or 429.',
      queries: [{
        expr: `(sum(${rate(ofAccounts('telnyx_api_requests_total', ',code=~"401|403|429"'))}) or vector(0))`
          + ` / sum(${rate(ofAccounts('telnyx_api_requests_total'))})`,
      }],
    }),

    row('Polls'),
    timeseries({
      title: 'Polls', unit: 'ops',
      description: 'Polls begun in a second, and those that were due but not begun because the one before was not over.',
      queries: [
        {expr: total('telnyx_polls_total'), legend: '{{account}}'},
        {expr: total('telnyx_account_polls_skipped_total'), legend: '{{account}} skipped'},
      ],
    }),
    timeseries({
      title: 'Failed polls by reason', unit: 'ops', stacked: true,
      description: 'Polls that did not end complete, in a second. docs/metrics.md says what to do about each reason.',
      queries: [{
        expr: `${total('telnyx_account_poll_failures_total', 'account, reason')} > 0`,
        legend: '{{account}} {{reason}}',
      }],
    }),
    table({
      title: 'Failing connections', width: 12, height: 8, sortBy: 'Last complete poll',
      description: 'Connections of which no exporter’s newest poll was complete, why, and how long ago one was.',
      labels: {account: 'Account', connection_name: 'Connection', connection_id: 'Id', reason: 'Reason'},
      queries: [
        {expr: 'max by (account, connection_name, connection_id, reason) '
          + `(${ofAccounts('telnyx_connection_failure_info')})`
          + ` and on (account, connection_id) (${up} == 0)`},
        {expr: 'time() - max by (account, connection_name, connection_id) '
          + `(${ofAccounts('telnyx_connection_last_success_timestamp_seconds')})`
          + ` and on (account, connection_id) (${up} == 0)`,
        column: 'Last complete poll', unit: 'dthms',
        thresholds: steps([45, 'orange'], [900, 'red'])},
      ],
    }),
    timeseries({
      title: 'Lag of polls', unit: 's', thresholds: steps([5, 'red']),
      description: 'How much later than due polls began.',
      queries: QUANTILES.map(([share, legend]) => ({expr: quantile(share, lag), legend})),
    }),

    row('API'),
    timeseries({
      title: 'Requests by status', unit: 'reqps', stacked: true,
      description: 'Requests to the API in a second by the status of the answer; error: none came.',
      queries: [{expr: total('telnyx_api_requests_total', 'code'), legend: '{{code}}'}],
    }),
    timeseries({
      title: 'Latency', unit: 's',
      description: 'How long one request to the API took.',
      queries: QUANTILES.map(([share, legend]) => ({expr: quantile(share, latency), legend})),
    }),
    heatmap({
      title: 'Latency of requests', axisUnit: 's', unit: 'reqps',
      description: 'How many requests a second took how long: the stronger the colour, the more.',
      queries: [{expr: latency, legend: '{{le}}'}],
    }),
    timeseries({
      title: 'Rate limit of Telnyx', unit: 'short',
      description: 'What the newest answer said of the account’s own limit and of what is left of it.',
      queries: [
        {expr: `min by (account) (${ofAccounts('telnyx_api_rate_limit_remaining')})`, legend: '{{account}} left'},
        {expr: `max by (account) (${ofAccounts('telnyx_api_rate_limit_limit')})`, legend: '{{account}} limit'},
      ],
    }),
    timeseries({
      title: 'Waiting for the own rate limit', unit: 'percentunit', width: 8,
      description: 'How many seconds in each second requests waited for the configured rate limit. More than 100 %: '
        + 'several waited at once.',
      queries: [{expr: total('telnyx_api_rate_limiter_wait_seconds_total'), legend: '{{account}}'}],
    }),
    timeseries({
      title: 'Requests sent again', unit: 'reqps', width: 8,
      description: 'Requests that were sent once more after a failure that may pass.',
      queries: [{expr: total('telnyx_api_retries_total'), legend: '{{account}}'}],
    }),
    timeseries({
      title: 'Received', unit: 'Bps', width: 8,
      description: 'Bodies of the API’s answers after decompression.',
      queries: [{expr: total('telnyx_api_response_bytes_total'), legend: '{{account}}'}],
    }),
    timeseries({
      title: 'Discovered connections', unit: 'short', width: 8,
      description: 'Connections that discovery found and keeps.',
      queries: [{
        expr: `max by (account) (${ofAccounts('telnyx_discovered_connections')})`, legend: '{{account}}',
      }],
    }),
    timeseries({
      title: 'Age of the list of connections', unit: 's', width: 8,
      description: 'How long ago discovery read the account’s list to the end.',
      queries: [{
        expr: `time() - max by (account) (${ofAccounts('telnyx_discovery_last_success_timestamp_seconds')})`,
        legend: '{{account}}',
      }],
    }),
    timeseries({
      title: 'Failed readings of the list', unit: 'ops', width: 8,
      description: 'Times in a second that discovery could not read the account’s list to the end.',
      queries: [{expr: total('telnyx_discovery_failures_total'), legend: '{{account}}'}],
    }),

    row('Process'),
    timeseries({
      title: 'Processor', unit: 'percentunit', width: 8,
      description: 'Share of one processor that the exporter uses.',
      queries: [{
        expr: `sum by (instance) (${rate(ofInstances('process_cpu_seconds_total'))}`
          + ' and on (instance, job) telnyx_exporter_build_info)', legend: '{{instance}}',
      }],
    }),
    timeseries({
      title: 'Memory', unit: 'bytes', width: 8,
      description: 'Resident memory of the exporter.',
      queries: [{
        expr: `max by (instance) (${ofInstances('process_resident_memory_bytes')}`
          + ' and on (instance, job) telnyx_exporter_build_info)', legend: '{{instance}}',
      }],
    }),
    timeseries({
      title: 'Open files and threads', unit: 'short', width: 8,
      description: 'Open file descriptors and threads of the exporter.',
      queries: [
        {expr: `max by (instance) (${ofInstances('process_open_fds')}`
          + ' and on (instance, job) telnyx_exporter_build_info)', legend: '{{instance}} files'},
        {expr: `max by (instance) (${ofInstances('process_threads')}`
          + ' and on (instance, job) telnyx_exporter_build_info)', legend: '{{instance}} threads'},
      ],
    }),
    timeseries({
      title: 'Tracked calls', unit: 'short',
      description: 'Call legs that the next polls are compared with.',
      queries: [{expr: byInstance('telnyx_exporter_tracked_calls'), legend: '{{instance}}'}],
    }),
    timeseries({
      title: 'Requests to the exporter', unit: 'reqps', stacked: true,
      description: 'Requests that the exporter answered, by path and status.',
      queries: [{
        expr: `sum by (handler, code) (${rate(ofInstances('telnyx_exporter_web_requests_total'))})`,
        legend: '{{handler}} {{code}}',
      }],
    }),
    table({
      title: 'Exporters', height: 6,
      description: 'Each exporter’s version, share of the connections, uptime and configuration.',
      labels: {
        instance: 'Instance', version: 'Version', revision: 'Revision', shard: 'Shard', total_shards: 'Of',
      },
      queries: [
        {expr: byInstance('telnyx_exporter_build_info', 'instance, version, revision')},
        {expr: byInstance('telnyx_exporter_shard_info', 'instance, shard, total_shards')},
        {expr: `time() - max by (instance) (${ofInstances('process_start_time_seconds')}`
          + ' and on (instance, job) telnyx_exporter_build_info)',
        column: 'Uptime', unit: 'dthms'},
        {expr: `time() - ${byInstance('telnyx_exporter_config_last_reload_success_timestamp_seconds')}`,
          column: 'Age of the configuration', unit: 'dthms'},
        {expr: byInstance('telnyx_exporter_config_last_reload_successful'), column: 'Configuration',
          mappings: words({0: ['Refused', 'red'], 1: ['In force', 'green']}), thresholds: steps()},
      ],
    }),
  ],
});
