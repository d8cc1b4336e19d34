import {
  ages, arrivalsAndEnds, dashed, endedDurations, limits, presentAges, presentDurations,
  upOrFailing,
} from './call_panels.mjs';
import {
  BigValueTextMode, dashboard, heatmap, row, stat, steps, table, timeseries, variables,
} from './panels.mjs';
import {channelLimit, endedBuckets, once, rateOnce, utilisation} from './queries.mjs';

const active = once('telnyx_active_calls');

export default () => dashboard({
  uid: 'telnyx-connection-detail',
  title: 'Telnyx / Connection detail',
  description: 'Everything that is known of one connection.',
  variables: [variables.datasource(), variables.account(), variables.connection(false)],
  panels: [
    row('Now'),
    stat({
      title: 'Polls', mappings: upOrFailing, graph: false,
      unit: 'short', description: 'Whether the newest poll of the connection was complete.',
      queries: [{expr: `min(${once('telnyx_connection_up')})`}],
    }),
    stat({
      title: 'Reason of failure', text: BigValueTextMode.Name, noValue: 'none', instant: true,
      unit: 'short', thresholds: steps([1, 'red']),
      description: 'Why the newest poll was not complete.',
      queries: [{
        expr: `max by (reason) (${once('telnyx_connection_failure_info')})`, legend: '{{reason}}',
      }],
    }),
    stat({
      title: 'Active calls', unit: 'short',
      description: 'Call legs that are active now.',
      queries: [{expr: `sum(${active})`}],
    }),
    stat({
      title: 'Sessions', unit: 'short',
      description: 'Distinct call sessions of these legs.',
      queries: [{expr: `sum(${once('telnyx_active_call_sessions')})`}],
    }),
    stat({
      title: 'Limit used', unit: 'percentunit', decimals: 0, noValue: 'no limit',
      thresholds: limits(),
      description: 'The peak of active calls as a share of what the connection may have at once.',
      queries: [{expr: `max(${utilisation})`}],
    }),
    stat({
      title: 'Longest call', unit: 'dthms',
      thresholds: ages(),
      description: 'Age of the oldest active call. Orange from one hour, red from four.',
      queries: [{expr: `max(${once('telnyx_longest_active_call_duration_seconds')})`}],
    }),

    row('Calls'),
    timeseries({
      title: 'Active calls', unit: 'short', width: 24,
      overrides: [dashed('last week', 'text'), dashed('limit', 'red'), dashed('API’s own count', 'purple')],
      description: 'Active calls and their peak between scrapes, beside last week, the limit and the API’s own count.',
      queries: [
        {expr: `sum(${active})`, legend: 'now'},
        {expr: `sum(${once('telnyx_active_calls_peak')})`, legend: 'peak'},
        {expr: `sum(${once('telnyx_active_calls', {offset: '1w'})})`, legend: 'last week'},
        {expr: `sum(${channelLimit})`, legend: 'limit'},
        {expr: `sum(${once('telnyx_reported_active_calls')})`, legend: 'API’s own count'},
      ],
    }),
    arrivalsAndEnds(),
    timeseries({
      title: 'Legs in a session', unit: 'short', decimals: 2,
      description: 'How many legs a session has on average. More than two are transfers and conferences.',
      queries: [{
        expr: `sum(${active}) / sum(${once('telnyx_active_call_sessions')} > 0)`, legend: 'legs a session',
      }],
    }),

    row('Durations'),
    presentDurations({
      description: 'Quantiles of the ages of the calls that are active now, and the oldest one.',
      queries: [
        {expr: `max(${once('telnyx_longest_active_call_duration_seconds')})`, legend: 'longest'},
      ],
    }),
    endedDurations(),
    presentAges(),
    heatmap({
      title: 'Durations of ended calls', axisUnit: 's',
      description: 'How many calls a second ended after how long: the stronger the colour, the more.',
      queries: [{expr: endedBuckets, legend: '{{le}}'}],
    }),

    row('Polls'),
    timeseries({
      title: 'Duration of a poll', unit: 's',
      description: 'How long the newest poll took with all its pages.',
      queries: [{expr: `max(${once('telnyx_connection_poll_duration_seconds')})`, legend: 'poll'}],
    }),
    timeseries({
      title: 'Age of the numbers', unit: 's',
      description: 'How long ago the newest complete poll ended.',
      queries: [{
        expr: `time() - min(${once('telnyx_connection_last_success_timestamp_seconds')})`, legend: 'age',
      }],
    }),
    timeseries({
      title: 'Failed polls', unit: 'percentunit', max: 1, thresholds: steps([0.1, 'red']),
      description: 'The share of the polls that did not end complete, and of those that counted other than the API.',
      queries: [
        {expr: `sum(${rateOnce('telnyx_poll_failures_total')}) / sum(${rateOnce('telnyx_polls_total')})`,
          legend: 'failed'},
        {expr: `sum(${rateOnce('telnyx_poll_item_mismatches_total')}) / sum(${rateOnce('telnyx_polls_total')})`,
          legend: 'counted otherwise'},
      ],
    }),
    timeseries({
      title: 'Pages of a poll', unit: 'short',
      description: 'Pages that the newest complete poll had to read.',
      queries: [{expr: `max(${once('telnyx_connection_poll_pages')})`, legend: 'pages'}],
    }),
    table({
      title: 'Connection', height: 5,
      description: 'What the connection is, where its configuration came from and what it may have at once.',
      labels: {
        account: 'Account', connection_name: 'Connection', connection_id: 'Id',
        record_type: 'Kind', source: 'From', outbound_voice_profile_name: 'Outbound voice profile',
      },
      queries: [
        {expr: 'max by (account, connection_name, connection_id, record_type, source, '
          + `outbound_voice_profile_name) (${once('telnyx_connection_info')})`},
        {expr: `max by (account, connection_name, connection_id) (${channelLimit})`,
          column: 'Channel limit', unit: 'short'},
      ],
    }),
  ],
});
