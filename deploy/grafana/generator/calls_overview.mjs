import {
  ages, arrivalsAndEnds, dashed, endedDurations, limits, presentAges, presentDurations,
  upOrFailing,
} from './call_panels.mjs';
import {
  CALLS_A_MINUTE, barGauge, dashboard, row, stat, steps, table, timeseries, variables,
} from './panels.mjs';
import {byConnection, once, rateOnce, utilisation} from './queries.mjs';

const active = once('telnyx_active_calls');
const lastWeek = once('telnyx_active_calls', {offset: '1w'});

export default () => dashboard({
  uid: 'telnyx-calls-overview',
  title: 'Telnyx / Calls overview',
  description: 'The calls that are active now on Telnyx accounts and connections, how they come, go and last.',
  variables: [variables.datasource(), variables.account(), variables.connection(true)],
  panels: [
    row('Now'),
    stat({
      title: 'Active calls', unit: 'short',
      description: 'Call legs that are active now on the chosen connections whose numbers are known.',
      queries: [{expr: `sum(${active})`}],
    }),
    stat({
      title: 'Against last week', unit: 'percentunit', decimals: 0,
      description: 'How many more or fewer calls are active than at the same time a week ago, on the connections whose '
        + 'numbers are known now.',
      thresholds: steps([-1, 'red'], [-0.5, 'green'], [1, 'orange']),
      queries: [{expr: `sum(${active}) / sum(${lastWeek} and ${active}) - 1`}],
    }),
    stat({
      title: 'Sessions', unit: 'short',
      description: 'Distinct call sessions. A transferred or bridged call is one session with several legs.',
      queries: [{expr: `sum(${once('telnyx_active_call_sessions')})`}],
    }),
    stat({
      title: 'Peak in this time', unit: 'short', graph: false,
      description: 'The highest number of active calls within the time that is shown, by the peaks between scrapes.',
      queries: [{
        expr: `max_over_time(sum(${once('telnyx_active_calls_peak')})[$__range:$__interval])`,
      }],
    }),
    stat({
      title: 'Longest call', unit: 'dthms', thresholds: ages(),
      description: 'Age of the oldest active call. Orange from one hour, red from four.',
      queries: [{expr: `max(${once('telnyx_longest_active_call_duration_seconds')})`}],
    }),
    stat({
      title: 'Unknown connections', unit: 'short', thresholds: steps([1, 'red']),
      description: 'Connections whose number of calls is not known now, because no poll of late was complete. '
        + 'They are missing in every sum.',
      queries: [{
        expr: `count(${once('telnyx_connection_up')} unless ${active}) or vector(0)`,
      }],
    }),

    row('Calls'),
    timeseries({
      title: 'Active calls', unit: 'short', overrides: [dashed('last week', 'text')],
      description: 'Active call legs of the chosen connections together, and at the same time a week ago.',
      queries: [
        {expr: `sum(${active})`, legend: 'now'},
        {expr: `sum(${lastWeek})`, legend: 'last week'},
      ],
    }),
    timeseries({
      title: 'Active calls by connection', unit: 'short', stacked: true,
      description: 'Active call legs of the 15 busiest connections. A gap is a time when the number was not known.',
      queries: [{
        expr: `topk(15, ${byConnection(active)})`, legend: '{{account}} / {{connection_name}}',
      }],
    }),
    arrivalsAndEnds(' Calls that begin and end between two polls are not seen.'),
    barGauge({
      title: 'Use of channel limits', unit: 'percentunit', decimals: 0, max: 1, thresholds: limits(),
      description: 'The peak of active calls as a share of what the connection may have at once: the configured limit, or '
        + 'both of the API’s together. The 15 fullest connections that have a limit.',
      queries: [{
        expr: `topk(15, ${byConnection(utilisation)})`, legend: '{{account}} / {{connection_name}}',
      }],
    }),

    row('Durations'),
    presentDurations({description: 'Quantiles of the ages of the calls that are active now.'}),
    endedDurations(),
    presentAges(),
    barGauge({
      title: 'Longest calls', unit: 'dthms', thresholds: ages(),
      description: 'Age of the oldest active call of a connection, the 15 oldest. Orange from one hour, red from four.',
      queries: [{
        expr: `topk(15, ${byConnection(once('telnyx_longest_active_call_duration_seconds'))})`,
        legend: '{{account}} / {{connection_name}}',
      }],
    }),

    row('Connections'),
    table({
      title: 'Connections',
      description: 'Every chosen connection now. An empty cell is a number that is not known.',
      labels: {account: 'Account', connection_name: 'Connection', connection_id: 'Id', reason: 'Reason'},
      sortBy: 'Active',
      link: {
        column: 'Connection', title: 'Show this connection',
        url: '/d/telnyx-connection-detail?var-account=${__data.fields.Account}'
          + '&var-connection=${__data.fields.Connection}&${datasource:queryparam}',
      },
      queries: [
        {expr: byConnection(once('telnyx_connection_up')), column: 'Polls',
          mappings: upOrFailing, thresholds: steps()},
        {expr: byConnection(active), column: 'Active', unit: 'short'},
        {expr: byConnection(once('telnyx_active_call_sessions')), column: 'Sessions', unit: 'short'},
        {expr: byConnection(once('telnyx_active_calls_peak')), column: 'Peak', unit: 'short'},
        {expr: byConnection(once('telnyx_longest_active_call_duration_seconds')),
          column: 'Longest', unit: 'dthms', thresholds: ages()},
        {expr: byConnection(utilisation), column: 'Limit used', unit: 'percentunit', decimals: 0,
          thresholds: limits()},
        {expr: byConnection(`60 * ${rateOnce('telnyx_calls_started_total')}`), column: 'Began',
          unit: CALLS_A_MINUTE, decimals: 1},
        {expr: 'max by (account, connection_name, connection_id, reason) '
          + `(${once('telnyx_connection_failure_info')})`},
      ],
    }),
  ],
});
