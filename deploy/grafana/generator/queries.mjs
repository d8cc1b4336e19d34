// PromQL that the dashboards have in common. Grafana replaces the variables.
//
// A connection is identified by the labels of its target, its account and its id: never by its name, which can change and which two
// accounts can share. Replicas that poll the same connections differ in other labels (instance, pod, zone): `once` takes the
// highest value, so that sums count nothing twice and one replica is enough.

const TARGET = 'cluster, namespace, job';
const INSTANCE = `${TARGET}, instance`;
const ACCOUNT = `${TARGET}, account`;
export const CONNECTION = `${ACCOUNT}, connection_id`;
const PROFILE = `${ACCOUNT}, profile_id`;

export const OF_TARGETS = 'cluster=~"$cluster",namespace=~"$namespace",job=~"$job"';
const OF_ACCOUNTS = `${OF_TARGETS},account=~"$account"`;
export const OF_CONNECTIONS = `${OF_ACCOUNTS},connection_id=~"$connection"`;
export const OF_INSTANCES = `${OF_TARGETS},instance=~"$instance"`;

/** How fast a counter grows, in a second. */
export const rate = (selector) => `rate(${selector}[$__rate_interval])`;

// ---- Connections

/** One series for each selected connection, and each value of the labels `more`. */
export const byConnection = (expression, more = '') =>
  `max by (${CONNECTION}${more && `, ${more}`}) (${expression})`;

/** A metric, once for each selected connection. */
export const once = (metric, {offset = '', matchers = ''} = {}) =>
  byConnection(`${metric}{${OF_CONNECTIONS}${matchers}}${offset && ` offset ${offset}`}`);

const OF_REPLICA = `${CONNECTION}, instance`;

/**
 * How fast counters of connections grow, in a second. They step once at each poll, so the window must hold some polls: of a
 * connection whose interval is more than a quarter of $__rate_interval it is a quarter of an hour, where a step is shorter.
 */
const stepping = (selector) => `(rate(${selector}[15m]) and on (${OF_REPLICA}) `
  + `telnyx_connection_interval_seconds{${OF_CONNECTIONS}} > scalar(clamp_min(vector($__interval_ms / 4000), 15) < 225) `
  + `or ${rate(selector)})`;

/** What panels with these rates say: a quarter of an hour holds four polls of up to 225 s each. */
export const UP_TO_4_MINUTES = ' For intervals up to 4 minutes; with longer ones values jump from poll to poll.';

/**
 * One rate for each selected connection: the average of the replicas that know its calls. The highest would be too high, since
 * their steps come at different times.
 */
const averageOnce = (expression) =>
  `avg by (${CONNECTION}) (${expression} and on (${OF_REPLICA}) telnyx_active_calls{${OF_CONNECTIONS}})`;

/** How fast a connection's counter grows, in a second. */
export const rateOnce = (metric) => averageOnce(stepping(`${metric}{${OF_CONNECTIONS}}`));

/** The share of all polls of the selected connections, by whichever replica, that `metric` counts. */
export function shareOfPolls(metric) {
  const polls = (counter) => `sum(${stepping(`${counter}{${OF_CONNECTIONS}}`)})`;
  return `${polls(metric)} / ${polls('telnyx_polls_total')}`;
}

const AND = `and on (${CONNECTION})`;

/**
 * The connections as 0, with their names at the end of the time that is shown, or else a name from within it: looked up at steps,
 * because weeks of all samples of a thousand connections are more than Prometheus takes into one query.
 */
const named = (matchers, step) => {
  const names = (when) => `max by (${CONNECTION}, connection_name) (telnyx_connection_up{${matchers}}${when})`;
  const one = (expression) => `topk by (${CONNECTION}) (1, ${expression})`;
  return `0 * (${one(names(' @ end()'))} or on (${CONNECTION}) `
    + `${one(`last_over_time(${names('')}[$__range:${step}] @ end())`)})`;
};
export const NAMES = named(OF_CONNECTIONS, '$__interval');
/**
 * Of all connections of the selected accounts: for the variable that selects connections, which must not depend on itself. For
 * variables, $__interval is the scrape interval.
 */
export const NAMES_OF_ACCOUNTS = named(OF_ACCOUNTS, '5m');

/** Why the newest poll of each connection failed. */
const reasons = (matchers) => `topk by (${CONNECTION}) (1, `
  + `max by (${CONNECTION}, reason) (telnyx_connection_failure_info{${matchers}}))`;
export const REASONS = reasons(OF_CONNECTIONS);
export const REASONS_OF_ACCOUNTS = reasons(OF_ACCOUNTS);

/** Adds the name of each connection. */
export const withName = (expression) =>
  `(${expression}) + on (${CONNECTION}) group_left (connection_name) (${NAMES})`;

/** The `count` connections with the highest values within the time that is shown: the same ones at each of its points. */
const busiest = (count, expression) => `topk(${count}, max_over_time((${expression})[$__range:$__interval] @ end()))`;
export const ofBusiest = (count, expression) => withName(`${expression} ${AND} ${busiest(count, expression)}`);
export const ofOthers = (count, expression) =>
  `sum(${expression} unless on (${CONNECTION}) ${busiest(count, expression)})`;

const within1h = (metric, matchers) => `last_over_time(${metric}{${matchers}}[1h])`;

/**
 * All connections. Those of an exporter that has gone, or that cannot list them since a restart, stay for an hour, so that sums
 * without them are not called complete.
 */
const present = (matchers) => byConnection(within1h('telnyx_connection_up', matchers));
export const PRESENT = present(OF_CONNECTIONS);

/** The share of `all` that are in `known`: what a sum over these covers. `by`: for each value of these labels. */
function share(known, all, by = '') {
  const count = (expression) => (by ? `count by (${by}) (${expression})` : `count(${expression})`);
  return `(${count(known)} or 0 * ${count(all)}) / ${count(all)}`;
}

/** The share of the selected connections that have a value in `expression`. */
export const coverageOf = (expression) => share(expression, PRESENT);

const limit = (matchers, labels = CONNECTION) =>
  `max by (${labels}) (telnyx_connection_channel_limit{${OF_CONNECTIONS},${matchers}})`;
const API_LIMITS = limit('direction=~"inbound|outbound"', `${CONNECTION}, direction`);

/**
 * The configured limit, else both of the API together: one of them alone says nothing, as calls are not told apart by direction.
 */
export const channelLimit = `(${limit('direction="configured"')}`
  + ` or (sum by (${CONNECTION}) (${API_LIMITS}) and count by (${CONNECTION}) (${API_LIMITS}) == 2))`;
export const utilisation = `${once('telnyx_active_calls_peak')} / (${channelLimit} > 0)`;

// ---- Histograms. Prometheus stores classic buckets (`_bucket`), native histograms, or both: whatever is there is used, native
// first. max() ignores native histograms, so of the replicas the one with the highest count is taken.

const bucketsOnce = (of) => `sum by (le) (max by (${CONNECTION}, le) (${of('_bucket')}))`;
const nativeOnce = (of) =>
  `sum(${of('')} and on (${CONNECTION}, instance) topk by (${CONNECTION}) (1, histogram_count(${of('')})))`;

function histogram(classic, native, nativeAtEnd) {
  return {
    quantile: (share) => `histogram_quantile(${share}, ${native}) or histogram_quantile(${share}, ${classic})`,
    // One kind for the whole chart: the one at its end.
    heatmap: `${native} or (${classic} unless on () count(${nativeAtEnd}))`,
  };
}

/** The durations of the active calls: a gauge histogram, which rate() must not be used on. */
const active = (suffix) => `telnyx_active_call_duration_seconds${suffix}{${OF_CONNECTIONS}}`;
export const activeDurations = histogram(bucketsOnce(active), nativeOnce(active), `${active('')} @ end()`);

/** The durations of the completed calls. */
const completed = (suffix) => stepping(`telnyx_completed_call_duration_seconds${suffix}{${OF_CONNECTIONS}}`);
export const completedDurations = histogram(bucketsOnce(completed), nativeOnce(completed),
  `telnyx_completed_call_duration_seconds{${OF_CONNECTIONS}} @ end()`);

/** How many calls of each connection end in a second. */
export const completedRate = `(${averageOnce(`histogram_count(${completed('')})`)} or ${averageOnce(completed('_count'))})`;

/** A histogram of instances or accounts that each count events of their own. */
export function eventDurations(metric, matchers) {
  const of = (suffix) => rate(`${metric}${suffix}{${matchers}}`);
  return histogram(`sum by (le) (${of('_bucket')})`, `sum(${of('')})`, `${metric}{${matchers}} @ end()`);
}

// ---- Accounts

export const OF_ACCOUNTS_AND_INSTANCES = `${OF_ACCOUNTS},instance=~"$instance"`;

/** An account's metric, of the selected instances. */
export const ofAccounts = (metric, matchers = '') => `${metric}{${OF_ACCOUNTS_AND_INSTANCES}${matchers}}`;

/** One series for each account. */
export const byAccount = (operator, expression, more = '') =>
  `${operator} by (${ACCOUNT}${more && `, ${more}`}) (${expression})`;

const SHARD = `topk by (${INSTANCE}) (1, max by (${INSTANCE}, shard) (telnyx_exporter_shard_info{${OF_TARGETS}}))`;

/** The sum over the shards of an account. Of the replicas of a shard the one counts that has most. */
export function ofShards(metric) {
  const each = `sum by (${INSTANCE}, account) (${metric}{${OF_ACCOUNTS}})`;
  return `sum by (${ACCOUNT}) (max by (${ACCOUNT}, shard) (`
    + `${each} * on (${INSTANCE}) group_left (shard) ${SHARD} or on (${INSTANCE}, account) ${each}))`;
}

const PRESENT_OF_ACCOUNTS = present(OF_ACCOUNTS);
const ACTIVE_OF_ACCOUNTS = byConnection(`telnyx_active_calls{${OF_ACCOUNTS}}`);
export const UP_OF_ACCOUNTS = byConnection(`telnyx_connection_up{${OF_ACCOUNTS}}`);

export const accountChannels = {
  active: byAccount('sum', ACTIVE_OF_ACCOUNTS),
  limit: byAccount('max', `telnyx_account_channel_limit{${OF_ACCOUNTS}}`),
  coverage: share(ACTIVE_OF_ACCOUNTS, PRESENT_OF_ACCOUNTS, ACCOUNT),
};
export const COVERAGE_OF_ACCOUNTS = share(ACTIVE_OF_ACCOUNTS, PRESENT_OF_ACCOUNTS);

const copied = (expression, to, from) => `label_replace(${expression}, "${to}", "$1", "${from}", "(.+)")`;
const HAS_PROFILE = `${OF_ACCOUNTS},outbound_voice_profile_id!=""`;

/** What `of` finds out about profiles now, else what it found within an hour, for each value of the labels `by`. */
function ofProfiles(by, of) {
  const newest = (info) => `topk by (${by}) (1, ${of(copied(info, 'profile_id', 'outbound_voice_profile_id'))})`;
  return `(${newest(`telnyx_connection_info{${HAS_PROFILE}}`)} or on (${by}) `
    + `${newest(within1h('telnyx_connection_info', HAS_PROFILE))})`;
}

/** Adds the outbound voice profile of each connection. */
const withProfile = (expression) => `${expression} * on (${CONNECTION}) group_left (profile_id) `
  + ofProfiles(CONNECTION, (info) => `max by (${CONNECTION}, profile_id) (${info})`);

export const profileChannels = {
  active: `sum by (${PROFILE}) (${withProfile(ACTIVE_OF_ACCOUNTS)})`,
  limit: `max by (${PROFILE}) (telnyx_outbound_voice_profile_concurrent_call_limit{${OF_ACCOUNTS}})`,
  names: ofProfiles(PROFILE, (info) => `max by (${PROFILE}, profile_name) `
    + `(${copied(info, 'profile_name', 'outbound_voice_profile_name')})`),
  coverage: share(withProfile(ACTIVE_OF_ACCOUNTS), withProfile(PRESENT_OF_ACCOUNTS), PROFILE),
};

/** Alerts that fire, of the selected connections or of what is above them. */
const ofAlerts = (metric, connections) => `${metric}{alertname=~"Telnyx.+",cluster=~"$cluster|",namespace=~"$namespace|",`
  + `job=~"$job|",account=~"$account|"${connections ? ',connection_id=~"$connection|"' : ''}`;
export const firing = (connections) => `${ofAlerts('ALERTS', connections)},alertstate="firing"}`;
export const firingSince = (connections) =>
  `${ofAlerts('ALERTS_FOR_STATE', connections)}} and ignoring (alertstate) ${firing(connections)}`;

// ---- Exporters

/** A metric of the exporter itself. */
export const ofInstances = (metric) => `${metric}{${OF_INSTANCES}}`;

/** One series for each exporter. */
export const byInstance = (operator, expression, more = '') =>
  `${operator} by (${INSTANCE}${more && `, ${more}`}) (${expression})`;

/** A metric that other programs show, too: of the exporters only. */
export const ofExporters = (expression) =>
  `${expression} and on (${INSTANCE}) telnyx_exporter_build_info{${OF_TARGETS}}`;
