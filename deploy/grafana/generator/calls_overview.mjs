import {
  ACTIVE, LAST_WEEK, activeCallDuration, activeCallHeatmap, againstLastWeek, ages, callRate, complete,
  completedCallDuration, covered, firingAlerts, limits, toConnection, upOrFailing,
} from './call_panels.mjs';
import {
  BigValueTextMode, CALLS_A_MINUTE, barGauge, coverage, dashboard, ofConnections, row, stat, steps, table, timeseries,
} from './panels.mjs';
import {
  COVERAGE_OF_ACCOUNTS, NAMES, PRESENT, REASONS, accountChannels, coverageOf, ofBusiest, ofOthers, once,
  profileChannels, rateOnce, utilisation, withName,
} from './queries.mjs';

const SESSIONS = once('telnyx_active_call_sessions');
const PEAK = once('telnyx_active_calls_peak');
const LONGEST = once('telnyx_longest_active_call_duration_seconds');
const SHOWN = 15;
const CONNECTION_NAME = '{{account}} / {{connection_name}}';
const linkOfSeries = toConnection('__field.labels.account', '__field.labels.connection_id');

export default () => dashboard({
  uid: 'telnyx-calls-overview',
  title: 'Telnyx / Calls overview',
  description: 'The calls that are active now on Telnyx accounts and connections, how they come, go and last.',
  variables: ofConnections(true),
  connections: true,
  panels: [
    row('Now'),
    stat({
      title: 'Active calls', unit: 'locale',
      description: 'Call legs that are active now on the selected connections, and the share of these connections whose '
        + 'number is known.',
      queries: [{expr: `sum(${ACTIVE})`, legend: 'calls'}, covered()],
    }),
    stat({
      title: 'Against last week', unit: 'percentunit', decimals: 0, alert: 'TelnyxCallsDropped',
      description: 'How many more or fewer calls are active than at the same time a week ago, on the connections whose '
        + 'number is known at both times, and the share of the connections that these are.',
      thresholds: steps([-1, 'red'], [-0.5, 'green'], [1, 'orange']),
      queries: [
        {expr: `sum(${ACTIVE} and ${LAST_WEEK}) / sum(${LAST_WEEK} and ${ACTIVE}) - 1`, legend: 'change'},
        coverage(coverageOf(`${ACTIVE} and ${LAST_WEEK}`)),
      ],
    }),
    stat({
      title: 'Sessions', unit: 'locale',
      description: 'Distinct call sessions. A transferred or bridged call is one session with several legs.',
      queries: [{expr: `sum(${SESSIONS})`, legend: 'sessions'}, coverage(coverageOf(SESSIONS))],
    }),
    stat({
      title: 'Peak', unit: 'locale', graph: false, instant: true,
      description: 'The highest number of active calls within the time that is shown, spikes between scrapes included, and '
        + 'the lowest share of connections whose number was known meanwhile.',
      queries: [
        {expr: `max_over_time(sum(${PEAK})[$__range:$__interval])`, legend: 'calls'},
        coverage(`min_over_time((${coverageOf(PEAK)})[$__range:$__interval])`),
      ],
    }),
    stat({
      title: 'Longest call', unit: 'dthms', thresholds: ages(), alert: 'TelnyxStuckCalls',
      description: 'Duration of the longest active call. Orange from one hour, red from four.',
      queries: [{expr: `max(${LONGEST})`}],
    }),
    stat({
      title: 'Coverage', unit: 'percentunit', decimals: 0, thresholds: complete(), alert: 'TelnyxNumbersIncomplete',
      graph: false, text: BigValueTextMode.ValueAndName,
      overrides: [{name: 'unknown', unit: 'locale', thresholds: steps([1, 'red']).build()}],
      description: 'The share of all connections of the selected accounts whose number of calls is known now, and how many of '
        + 'the selected connections are unknown: these are missing in every sum. Connections of an exporter that is gone count '
        + 'as unknown for an hour.',
      queries: [
        {expr: COVERAGE_OF_ACCOUNTS, legend: 'known'},
        {expr: `count(${PRESENT} unless ${ACTIVE}) or 0 * count(${PRESENT})`, legend: 'unknown'},
      ],
    }),
    firingAlerts(true),

    row('Calls'),
    timeseries({
      title: 'Active calls', unit: 'short',
      description: 'Active call legs of the selected connections together, and the share of the connections whose number is known.',
      queries: [{expr: `sum(${ACTIVE})`, legend: 'calls'}, covered()],
    }),
    timeseries({
      title: 'Active calls by connection', unit: 'short', stacked: true, link: linkOfSeries,
      overrides: [{name: 'all others', color: {mode: 'fixed', fixedColor: 'text'}}],
      description: `Active call legs of the ${SHOWN} connections with the highest numbers within the time that is shown, and of `
        + 'all others together. "Active calls" shows which share of the connections is known; where a band has a gap, its '
        + 'number is not.',
      queries: [
        {expr: ofBusiest(SHOWN, ACTIVE), legend: CONNECTION_NAME},
        {expr: ofOthers(SHOWN, ACTIVE), legend: 'all others'},
      ],
    }),
    againstLastWeek(),
    callRate(),

    row('Durations'),
    activeCallDuration(),
    completedCallDuration(),
    activeCallHeatmap(),
    barGauge({
      title: 'Longest calls', unit: 'dthms', thresholds: ages(), alert: 'TelnyxStuckCalls', link: linkOfSeries,
      description: `Duration of the longest active call of a connection: the ${SHOWN} longest. Orange from one hour, red from four.`,
      queries: [{expr: withName(`topk(${SHOWN}, ${LONGEST})`), legend: CONNECTION_NAME}],
    }),

    row('Limits'),
    barGauge({
      title: 'Channel utilization', unit: 'percentunit', decimals: 0, max: 1, thresholds: limits(), link: linkOfSeries,
      alert: 'TelnyxChannelsFilling',
      description: 'The peak of active calls as a share of what the connection may have at once: the configured limit, or '
        + `both of the API together. The ${SHOWN} fullest connections that have a limit.`,
      queries: [{expr: withName(`topk(${SHOWN}, ${utilisation})`), legend: CONNECTION_NAME}],
    }),
    timeseries({
      title: 'Coverage by account', unit: 'percentunit', max: 1, alert: 'TelnyxNumbersIncomplete',
      description: 'The share of all connections of an account whose number of calls is known. Connections of an exporter that '
        + 'is gone count as unknown for an hour.',
      queries: [{expr: accountChannels.coverage, legend: '{{account}}'}],
    }),
    table({
      title: 'Account channel limits', width: 10, height: 6, sortBy: 'Used', alert: 'TelnyxAccountChannelsFilling',
      description: 'All active calls of an account against its limit for inbound calls. Used is more than the true share where '
        + 'some calls are outbound.',
      labels: {account: 'Account', cluster: 'Cluster', namespace: 'Namespace'},
      queries: [
        {expr: accountChannels.active, column: 'Active', unit: 'locale'},
        {expr: accountChannels.coverage, column: 'Known', unit: 'percentunit', decimals: 0,
          thresholds: complete()},
        {expr: accountChannels.limit, column: 'Limit', unit: 'locale'},
        {expr: `${accountChannels.active} / (${accountChannels.limit} > 0)`, column: 'Used', unit: 'percentunit',
          decimals: 0, thresholds: limits()},
      ],
    }),
    table({
      title: 'Outbound voice profile limits', width: 14, height: 6, sortBy: 'Used', alert: 'TelnyxVoiceProfileFilling',
      description: 'All active calls of the connections with an outbound voice profile against its limit for outbound calls. '
        + 'Used is more than the true share where some calls are inbound.',
      labels: {account: 'Account', profile_name: 'Profile', profile_id: 'Profile id', cluster: 'Cluster', namespace: 'Namespace'},
      queries: [
        {expr: profileChannels.names},
        {expr: profileChannels.active, column: 'Active', unit: 'locale'},
        {expr: profileChannels.coverage, column: 'Known', unit: 'percentunit', decimals: 0,
          thresholds: complete()},
        {expr: profileChannels.limit, column: 'Limit', unit: 'locale'},
        {expr: `${profileChannels.active} / (${profileChannels.limit} > 0)`, column: 'Used', unit: 'percentunit',
          decimals: 0, thresholds: limits()},
      ],
    }),

    row('Connections'),
    table({
      title: 'Connections', height: 12,
      description: 'Every selected connection now. An empty cell is a number that is not known. The rate of started '
        + 'calls is for intervals up to 4 minutes; with longer ones it jumps from poll to poll.',
      labels: {account: 'Account', connection_name: 'Connection', connection_id: 'Id', reason: 'Reason',
        cluster: 'Cluster', namespace: 'Namespace'},
      sortBy: 'Active',
      columnLinks: [{column: 'Connection', ...toConnection('__data.fields.Account', '__data.fields.Id')}],
      queries: [
        {expr: NAMES},
        {expr: once('telnyx_connection_up'), column: 'Polls', mappings: upOrFailing, thresholds: steps()},
        {expr: ACTIVE, column: 'Active', unit: 'locale'},
        {expr: SESSIONS, column: 'Sessions', unit: 'locale'},
        {expr: PEAK, column: 'Peak', unit: 'locale'},
        {expr: LONGEST, column: 'Longest', unit: 'dthms', thresholds: ages()},
        {expr: utilisation, column: 'Limit used', unit: 'percentunit', decimals: 0, thresholds: limits()},
        {expr: `60 * ${rateOnce('telnyx_calls_started_estimated_total')}`, column: 'Started, estimated',
          unit: CALLS_A_MINUTE, decimals: 1, 'custom.width': 140},
        {expr: REASONS},
      ],
    }),
  ],
});
