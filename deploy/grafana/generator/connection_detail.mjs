import {
  ACTIVE, LAST_WEEK, activeCallDuration, activeCallHeatmap, againstLastWeek, ages, callRate, completedCallDuration,
  completedCallHeatmap, dashed, firingAlerts, limits, upOrFailing,
} from './call_panels.mjs';
import {BigValueTextMode, dashboard, ofConnections, row, stat, steps, table, timeseries} from './panels.mjs';
import {
  NAMES, OF_CONNECTIONS, REASONS, UP_TO_4_MINUTES, byConnection, channelLimit, once, shareOfPolls, utilisation,
} from './queries.mjs';

const SESSIONS = once('telnyx_active_call_sessions');
const LONGEST = once('telnyx_longest_active_call_duration_seconds');

export default () => dashboard({
  uid: 'telnyx-connection-detail',
  title: 'Telnyx / Connection detail',
  description: 'Everything that is known of one connection.',
  variables: ofConnections(false),
  connections: true,
  panels: [
    row('Now'),
    stat({
      title: 'Polls', mappings: upOrFailing, graph: false, unit: 'short', alert: 'TelnyxConnectionFailing',
      description: 'Whether the newest poll of the connection was complete.',
      queries: [{expr: `max(${once('telnyx_connection_up')})`}],
    }),
    stat({
      title: 'Failure reason', text: BigValueTextMode.Name, noValue: 'none', instant: true,
      unit: 'short', thresholds: steps([1, 'red']),
      description: 'Why the newest poll was not complete.',
      queries: [{expr: REASONS, legend: '{{reason}}'}],
    }),
    stat({
      title: 'Active calls', unit: 'locale',
      description: 'Call legs that are active now.',
      queries: [{expr: `sum(${ACTIVE})`}],
    }),
    stat({
      title: 'Sessions', unit: 'locale',
      description: 'Distinct call sessions of these legs.',
      queries: [{expr: `sum(${SESSIONS})`}],
    }),
    stat({
      title: 'Channel utilization', unit: 'percentunit', decimals: 0, noValue: 'no limit',
      thresholds: limits(), alert: 'TelnyxChannelsFilling',
      description: 'The peak of active calls as a share of what the connection may have at once.',
      queries: [{expr: `max(${utilisation})`}],
    }),
    stat({
      title: 'Longest call', unit: 'dthms',
      thresholds: ages(), alert: 'TelnyxStuckCalls',
      description: 'Duration of the longest active call. Orange from one hour, red from four.',
      queries: [{expr: `max(${LONGEST})`}],
    }),
    firingAlerts(true),

    row('Calls'),
    timeseries({
      title: 'Active calls', unit: 'short',
      overrides: [dashed('limit', 'red'), dashed('count of the API', 'purple')],
      description: 'Active calls and their peak between scrapes, beside the limit and the API’s own count.',
      queries: [
        {expr: `sum(${ACTIVE})`, legend: 'calls'},
        {expr: `sum(${once('telnyx_active_calls_peak')})`, legend: 'peak'},
        {expr: `sum(${channelLimit})`, legend: 'limit'},
        {expr: `sum(${once('telnyx_reported_active_calls')})`, legend: 'count of the API'},
      ],
    }),
    againstLastWeek(),
    callRate(),
    timeseries({
      title: 'Legs per session', unit: 'short', decimals: 2,
      description: 'How many legs a session has on average. More than two are transfers and conferences.',
      queries: [{expr: `sum(${ACTIVE}) / sum(${SESSIONS} > 0)`, legend: 'legs per session'}],
    }),

    row('Durations'),
    activeCallDuration({queries: [{expr: `max(${LONGEST})`, legend: 'longest'}]}),
    completedCallDuration(),
    activeCallHeatmap(),
    completedCallHeatmap(),

    row('Polls'),
    timeseries({
      title: 'Poll duration', unit: 's',
      description: 'How long the newest poll took with all its pages.',
      queries: [{expr: `max(${once('telnyx_connection_poll_duration_seconds')})`, legend: 'poll'}],
    }),
    timeseries({
      title: 'Data age', unit: 's', overrides: [dashed('interval', 'text')],
      description: 'How long ago the newest complete poll ended, beside the interval between polls in force.',
      queries: [
        {expr: `time() - max(${once('telnyx_connection_last_success_timestamp_seconds')})`, legend: 'age'},
        {expr: `max(${once('telnyx_connection_interval_seconds')})`, legend: 'interval'},
      ],
    }),
    timeseries({
      title: 'Poll failures', unit: 'percentunit', max: 1, thresholds: steps([0.3, 'red']), alert: 'TelnyxPollsFailing',
      description: 'The share of polls that did not end complete, and of those whose count differed from the API’s own.'
        + UP_TO_4_MINUTES,
      queries: [
        {expr: shareOfPolls('telnyx_poll_failures_total'), legend: 'failed'},
        {expr: shareOfPolls('telnyx_poll_item_mismatches_total'), legend: 'count differed'},
      ],
    }),
    timeseries({
      title: 'Pages per poll', unit: 'short',
      description: 'Pages of the API in the newest complete poll.',
      queries: [{expr: `max(${once('telnyx_connection_poll_pages')})`, legend: 'pages'}],
    }),
    table({
      title: 'Connection', height: 5,
      description: 'What the connection is, where its configuration came from and what it may have at once.',
      labels: {
        account: 'Account', connection_name: 'Connection', connection_id: 'Id',
        record_type: 'Record type', source: 'Source', outbound_voice_profile_name: 'Outbound voice profile',
        cluster: 'Cluster', namespace: 'Namespace',
      },
      queries: [
        {expr: NAMES},
        {expr: byConnection(`telnyx_connection_info{${OF_CONNECTIONS}}`,
          'record_type, source, outbound_voice_profile_name')},
        {expr: channelLimit, column: 'Channel limit', unit: 'locale'},
      ],
    }),
  ],
});
