// What the dashboards about calls show alike: for many connections together, or for one.

import {CALLS_A_MINUTE, coverage, heatmap, steps, table, timeseries, words} from './panels.mjs';
import {
  UP_TO_4_MINUTES, activeDurations, completedDurations, completedRate, coverageOf, firingSince, once, rateOnce,
} from './queries.mjs';

export const ACTIVE = once('telnyx_active_calls');
export const LAST_WEEK = once('telnyx_active_calls', {offset: '1w'});

export const limits = () => steps([0.8, 'orange'], [0.95, 'red']);
export const ages = () => steps([3600, 'orange'], [4 * 3600, 'red']);
export const complete = () => steps([0, 'red'], [0.8, 'orange'], [0.95, 'green']);
export const upOrFailing = words({0: ['Failing', 'red'], 1: ['Up', 'green']});

/** Keeps the choice of targets and the time when a link leads to another dashboard. */
export const KEEP = '${datasource:queryparam}&${cluster:queryparam}&${namespace:queryparam}&${job:queryparam}&${__url_time_range}';

/** A link to the connection with that account and id. */
export const toConnection = (account, id) => ({
  title: 'Show this connection',
  url: `/d/telnyx-connection-detail?var-account=\${${account}:percentencode}&var-connection=\${${id}:percentencode}&${KEEP}`,
});

/** Draws a series beside the one that counts. */
export const dashed = (name, fixedColor) => ({
  name, color: {mode: 'fixed', fixedColor}, 'custom.fillOpacity': 0,
  'custom.lineStyle': {fill: 'dash', dash: [6, 4]},
});

export const quantiles = (durations) => [[0.5, 'median'], [0.9, '90 %'], [0.99, '99 %']].map(
  ([share, legend]) => ({expr: durations.quantile(share), legend}));

export const covered = () => coverage(coverageOf(ACTIVE));

export const callRate = () => timeseries({
  title: 'Call rate', unit: CALLS_A_MINUTE, overrides: [dashed('started, estimated', 'orange')],
  description: 'Calls that started and ended in a minute. Those seen by polls are lower bounds, because calls that start and '
    + 'end between two polls are not seen. The estimate, from the ages of the active calls, includes these.'
    + UP_TO_4_MINUTES,
  queries: [
    {expr: `60 * sum(${rateOnce('telnyx_calls_started_estimated_total')})`, legend: 'started, estimated'},
    {expr: `60 * sum(${rateOnce('telnyx_calls_started_total')})`, legend: 'started, seen by polls'},
    {expr: `60 * sum(${completedRate})`, legend: 'ended, seen by polls'},
    covered(),
  ],
});

export const againstLastWeek = () => timeseries({
  title: 'Against last week', unit: 'short', overrides: [dashed('last week', 'text')],
  description: 'Active calls now and at the same time a week ago, of the connections whose number is known at both times.',
  queries: [
    {expr: `sum(${ACTIVE} and ${LAST_WEEK})`, legend: 'now'},
    {expr: `sum(${LAST_WEEK} and ${ACTIVE})`, legend: 'last week'},
    coverage(coverageOf(`${ACTIVE} and ${LAST_WEEK}`)),
  ],
});

/** `queries`: what is drawn beside the quantiles. */
export const activeCallDuration = ({queries = []} = {}) => timeseries({
  title: 'Active call duration', unit: 's',
  description: 'How long the calls that are active now have lasted so far.',
  queries: [...quantiles(activeDurations), ...queries, covered()],
});

export const completedCallDuration = () => timeseries({
  title: 'Completed call duration', unit: 's',
  description: `How long the calls lasted that ended, as seen by the polls.${UP_TO_4_MINUTES}`,
  queries: [...quantiles(completedDurations), covered()],
});

export const activeCallHeatmap = () => heatmap({
  title: 'Active call duration, distribution', axisUnit: 's',
  description: 'How many of the active calls have lasted how long so far: the stronger the colour, the more. "Active call '
    + 'duration" shows which share of the connections is known.',
  queries: [{expr: activeDurations.heatmap, legend: '{{le}}'}],
});

export const completedCallHeatmap = () => heatmap({
  title: 'Completed call duration, distribution', axisUnit: 's',
  description: 'How many calls a second ended after how long: the stronger the colour, the more. "Completed call duration" '
    + `shows which share of the connections is known.${UP_TO_4_MINUTES}`,
  queries: [{expr: completedDurations.heatmap, legend: '{{le}}'}],
});

/** `connections`: only alerts of the selected ones and of what is above them. */
export const firingAlerts = (connections, size = {}) => table({
  title: 'Firing alerts', height: 6, sortBy: 'For', noValue: 'No alert is firing', ...size,
  description: 'Alerts of telnyx_exporter.rules.yml that are firing, from Prometheus itself.',
  labels: {severity: 'Severity', alertname: 'Alert', account: 'Account', connection_name: 'Connection', connection_id: 'Id',
    profile_id: 'Profile', shard: 'Shard', instance: 'Instance'},
  queries: [{
    expr: 'time() - min by (severity, alertname, cluster, namespace, account, connection_id, connection_name, profile_id, shard, '
      + `instance) (${firingSince(connections)})`,
    column: 'For', unit: 'dthms',
  }],
});
