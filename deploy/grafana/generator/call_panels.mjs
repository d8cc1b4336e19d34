// What the dashboards about calls show alike: for many connections together, or for one.

import {CALLS_A_MINUTE, heatmap, steps, timeseries, words} from './panels.mjs';
import {endedBuckets, presentBuckets, quantile, rateOnce} from './queries.mjs';

export const limits = () => steps([0.8, 'orange'], [0.95, 'red']);
export const ages = () => steps([3600, 'orange'], [4 * 3600, 'red']);
export const upOrFailing = words({0: ['Failing', 'red'], 1: ['Up', 'green']});

/** Draws a series beside the one that counts. */
export const dashed = (name, fixedColor) => ({
  name, color: {mode: 'fixed', fixedColor}, 'custom.fillOpacity': 0,
  'custom.lineStyle': {fill: 'dash', dash: [6, 4]},
});

const quantiles = (buckets) => [[0.5, 'median'], [0.9, '90 %'], [0.99, '99 %']].map(
  ([share, legend]) => ({expr: quantile(share, buckets), legend}));

/** `more`: what the description adds. */
export const arrivalsAndEnds = (more = '') => timeseries({
  title: 'Arrivals and ends', unit: CALLS_A_MINUTE,
  description: `Calls that began and ended in a minute, as seen by the polls.${more}`,
  queries: [
    {expr: `60 * sum(${rateOnce('telnyx_calls_started_total')})`, legend: 'began'},
    {expr: `60 * sum(${rateOnce('telnyx_completed_call_duration_seconds_count')})`, legend: 'ended'},
  ],
});

/** `queries`: what is drawn beside the quantiles. */
export const presentDurations = ({description, queries = []}) => timeseries({
  title: 'How long the present calls have lasted', unit: 's', description,
  queries: [...quantiles(presentBuckets), ...queries],
});

export const endedDurations = () => timeseries({
  title: 'How long ended calls lasted', unit: 's',
  description: 'Quantiles of the durations of the calls that ended, as seen by the polls.',
  queries: quantiles(endedBuckets),
});

export const presentAges = () => heatmap({
  title: 'Ages of the present calls', axisUnit: 's',
  description: 'How many of the active calls are how old: the stronger the colour, the more.',
  queries: [{expr: presentBuckets, legend: '{{le}}'}],
});
