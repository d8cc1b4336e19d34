// PromQL that the dashboards have in common. Two replicas that poll the same connections show each number
// twice: `once` takes the higher one, so that sums count nothing twice and one replica is enough.

const SELECTED = 'account=~"$account",connection_name=~"$connection"';
const REPLICAS = 'instance, pod, node';

/** A connection's metric, once for each selected connection. */
export function once(metric, {offset = '', matchers = ''} = {}) {
  return `max without (${REPLICAS}) (${metric}{${SELECTED}${matchers}}${offset && ` offset ${offset}`})`;
}

/** How fast a connection's counter grows, in a second. */
export function rateOnce(metric) {
  return `max without (${REPLICAS}) (rate(${metric}{${SELECTED}}[$__rate_interval]))`;
}

/** The buckets of the present calls' durations: a gauge histogram, which rate() must not be used on. */
export const presentBuckets = `sum by (le) (${once('telnyx_active_call_duration_seconds_bucket')})`;

/** The buckets of the ended calls' durations. */
export const endedBuckets = `sum by (le) (${rateOnce('telnyx_completed_call_duration_seconds_bucket')})`;

export const quantile = (share, buckets) => `histogram_quantile(${share}, ${buckets})`;

/** One row for each connection. */
export const byConnection = (expression) =>
  `max by (account, connection_name, connection_id) (${expression})`;

// The configured limit, else both of the API's together: one of them alone says nothing, as calls are not told
// apart by direction.
const API_LIMITS = `max without (${REPLICAS}) (telnyx_connection_channel_limit{${SELECTED},direction=~"inbound|outbound"})`;
export const channelLimit =
  `(max without (${REPLICAS}, direction) (telnyx_connection_channel_limit{${SELECTED},direction="configured"})` +
  ` or (sum without (direction) (${API_LIMITS}) and count without (direction) (${API_LIMITS}) == 2))`;
export const utilisation = `${once('telnyx_active_calls_peak')} / ${channelLimit}`;

/** An account's metric, of the selected instances. */
export const ofAccounts = (metric, matchers = '') =>
  `${metric}{account=~"$account",instance=~"$instance"${matchers}}`;

/** A metric of the exporter itself. */
export const ofInstances = (metric) => `${metric}{instance=~"$instance"}`;

/** How fast a counter grows, in a second. */
export const rate = (selector) => `rate(${selector}[$__rate_interval])`;
