// The one source of the rules for Prometheus. generate.py makes from it the rule file, the PrometheusRule and the template of the
// Helm chart. docs/alerts.md says how to change thresholds and labels.
//
//   (import 'mixin.libsonnet') { _config+:: { target_labels: ['job'], connection_labels: ['team'] } }
//
// `prometheusRules` and `prometheusAlerts` are what every mixin has.
local config = {
  // The labels of a target that tell set-ups apart. Replicas differ in other labels only (instance, pod, zone), and are counted once.
  target_labels: ['cluster', 'namespace', 'job'],
  // Static labels of connections that alerts need for routing, for example ['team'].
  connection_labels: [],
  // How the rules find `up` and `process_start_time_seconds` of the exporter.
  job: 'telnyx[_-]exporter',
  runbook_url: 'https://github.com/telnyx-exporter/telnyx_exporter/blob/main/docs/runbook.md',
  // Where Grafana is, for example 'https://grafana.example'. Empty: alerts have no link to a dashboard.
  dashboard_url: '',
  // Set it where Prometheus keeps native histograms only, whether scraped or converted: calls that end are then counted in these,
  // too. It is not the default because vmalert refuses rules with histogram_count().
  native_histograms: false,
  // Names of alerts to leave out.
  disabled_alerts: [],

  thresholds: {
    absence_window: '1d',  // how long something that has gone is missed
    restarts: 3,  // of one instance in an hour
    certificate_expiry_warning_seconds: 1209600,  // 14 days
    certificate_expiry_critical_seconds: 172800,  // 2 days
    poll_lag_seconds: 5,  // which one poll in ten exceeds
    rate_limited_ratio: 0.05,  // answers 429 among all answers
    request_budget_ratio: 1.02,  // required requests against the allowed ones
    skipped_polls_ratio: 0.1,
    failed_polls_ratio: 0.3,  // of a connection, within 30 minutes
    replica_failed_polls_ratio: 0.5,  // of all connections of an account
    discovery_missed_refreshes: 2,  // intervals since the last complete list
    discovered_drop_ratio: 0.3,  // connections that are gone, against the most within `absence_window`
    discovered_drop_min: 3,  // connections that are gone at least
    coverage_min: 0.95,  // connections with a number among all, median over 20 minutes
    coverage_average_min: 0.8,  // the same, on average
    paging_difference_ratio: 0.05,
    paging_difference_min: 5,  // calls
    channels_filling_ratio: 0.8,
    channels_exhausted_ratio: 0.95,
    calls_dropped_ratio: 0.5,  // of the usual calls
    calls_dropped_min: 20,  // usual calls, below which nothing is said
    traffic_surge_ratio: 2,  // times the usual calls
    traffic_surge_min: 50,  // calls above the usual ones
    stuck_call_seconds: 14400,  // one of `long_call_thresholds`
    long_call_seconds: 1800,  // one of `long_call_thresholds`
    long_call_ratio: 0.1,  // long calls among all
    long_call_factor: 3,  // times the usual ratio
    long_call_min: 10,  // long calls
  },

  // Severity of each alert, how long its condition must hold, and how long it stays after that, so that one that comes and goes is
  // one alert.
  alerts: {
    TelnyxExporterDown: { severity: 'critical', 'for': '5m' },
    TelnyxExporterReplicaDown: { severity: 'warning', 'for': '5m' },
    TelnyxExporterRestarting: { severity: 'warning', 'for': '0m', keep_firing_for: '15m' },
    TelnyxConfigReloadFailed: { severity: 'warning', 'for': '5m' },
    TelnyxWebConfigReloadFailed: { severity: 'warning', 'for': '5m' },
    TelnyxCertificateExpiring: { severity: 'warning', 'for': '15m' },
    TelnyxCertificateExpiresSoon: { severity: 'critical', 'for': '15m' },
    TelnyxLogLinesLost: { severity: 'warning', 'for': '0m', keep_firing_for: '15m' },
    TelnyxPollsLate: { severity: 'warning', 'for': '10m', keep_firing_for: '15m' },
    TelnyxApiKeyRefused: { severity: 'critical', 'for': '1m', keep_firing_for: '5m' },
    TelnyxReplicaKeyRefused: { severity: 'warning', 'for': '1m', keep_firing_for: '5m' },
    TelnyxApiKeyUnreadable: { severity: 'warning', 'for': '5m' },
    TelnyxRateLimited: { severity: 'warning', 'for': '10m', keep_firing_for: '15m' },
    TelnyxRequestBudgetShort: { severity: 'warning', 'for': '10m', keep_firing_for: '15m' },
    TelnyxPollsSkipped: { severity: 'warning', 'for': '10m', keep_firing_for: '15m' },
    TelnyxReplicaPollsFailing: { severity: 'warning', 'for': '10m', keep_firing_for: '15m' },
    TelnyxDiscoveryFailing: { severity: 'warning', 'for': '10m' },
    TelnyxConnectionsDropped: { severity: 'warning', 'for': '10m', keep_firing_for: '15m' },
    TelnyxNumbersIncomplete: { severity: 'warning', 'for': '5m', keep_firing_for: '15m' },
    TelnyxConnectionFailing: { severity: 'warning', 'for': '5m', keep_firing_for: '5m' },
    TelnyxPollsFailing: { severity: 'warning', 'for': '10m', keep_firing_for: '15m' },
    TelnyxDataStale: { severity: 'critical', 'for': '15m', keep_firing_for: '5m' },
    TelnyxIncompletePaging: { severity: 'warning', 'for': '15m', keep_firing_for: '15m' },
    TelnyxChannelsFilling: { severity: 'warning', 'for': '10m', keep_firing_for: '10m' },
    TelnyxChannelsExhausted: { severity: 'critical', 'for': '2m', keep_firing_for: '10m' },
    TelnyxDirectionChannelsFilling: { severity: 'warning', 'for': '10m', keep_firing_for: '10m' },
    TelnyxVoiceProfileFilling: { severity: 'warning', 'for': '10m', keep_firing_for: '10m' },
    TelnyxAccountChannelsFilling: { severity: 'warning', 'for': '10m', keep_firing_for: '10m' },
    TelnyxCallsDropped: { severity: 'critical', 'for': '10m', keep_firing_for: '10m' },
    TelnyxTrafficSurge: { severity: 'warning', 'for': '10m', keep_firing_for: '15m' },
    TelnyxStuckCalls: { severity: 'warning', 'for': '5m' },
    TelnyxLongCallShareUnusual: { severity: 'warning', 'for': '15m', keep_firing_for: '15m' },
  },
};

{
  _config:: config,

  // ---- What label lists look like in PromQL and in templates. The chart's template puts its own texts here.
  _texts:: {
    local lists = $._config,
    targets: std.join(', ', lists.target_labels),
    targets_and: std.join('', [label + ', ' for label in lists.target_labels]),
    and_labels: std.join('', [', ' + label for label in lists.connection_labels]),
    selector: std.join('', [',' + label + '=%q' for label in lists.target_labels]),
    selector_values: std.join('', [' $labels.' + label for label in lists.target_labels]),
    dashboard_variables: std.join('', [
      '{{ with $labels.%s }}&var-%s={{ . | urlquery }}{{ end }}' % [label, label]
      for label in lists.target_labels
    ]),
    or_native_completed: if lists.native_histograms then ' or histogram_count(rate(telnyx_completed_call_duration_seconds[5m]))' else '',
  },

  local texts = $._texts,
  local written(value) = if std.isNumber(value) && value != std.floor(value) then '%g' % value else std.toString(value),
  local words = std.mapWithKey(function(name, value) written(value), $._config.thresholds) {
    job: $._config.job,
    target: texts.targets,
    targets_and: texts.targets_and,
    account: texts.targets_and + 'account',
    instance: texts.targets_and + 'instance',
    replica: texts.targets_and + 'instance, account',
    shard: texts.targets_and + 'account, shard, total_shards',
    profile: texts.targets_and + 'account, profile_id',
    // What a connection is: never its name, which can change.
    connection: texts.targets_and + 'account, connection_id',
    labelled_connection: texts.targets_and + 'account, connection_id' + texts.and_labels,
    name: 'connection_name' + texts.and_labels,
  },

  local indent(text, spaces) = std.join('\n', [
    if line == '' then '' else std.repeat(' ', spaces) + line
    for line in std.split(std.stripChars(text, '\n'), '\n')
  ]),

  local record(name, expr, comment='') = {
    record: name,
    comment: comment,
    expr: expr % words,
  },

  local alert(name, expr, summary, description, dashboard, comment='') =
    local settings = { keep_firing_for: '0m' } + $._config.alerts[name];
    {
      alert: name,
      comment: comment,
      expr: expr % words,
      'for': settings['for'],
      [if settings.keep_firing_for != '0m' then 'keep_firing_for']: settings.keep_firing_for,
      labels: { severity: settings.severity },
      annotations: {
        summary: summary,
        description: description,
        [if $._config.dashboard_url != '' then 'dashboard_url']: $._config.dashboard_url + dashboard,
        runbook_url: $._config.runbook_url + '#' + std.asciiLower(name),
      },
    },

  // Joins the name of the connection, and the labels for routing, on last.
  local named(expr) = |||
    (
    %s
    )
    * on (%%(connection)s) group_left (%%(name)s)
      connection:telnyx_connection_name:info
  ||| % indent(expr, 2),

  // Adds the shard of the instance. An exporter without `telnyx_exporter_shard_info` has none.
  local with_shard(metric, matching) = |||
    (
        %(metric)s
      * on (%%(instance)s) group_left (shard, total_shards)
        topk by (%%(instance)s) (1, max by (%%(instance)s, shard, total_shards) (telnyx_exporter_shard_info))
    )
    or on (%(matching)s)
      %(metric)s
  ||| % { metric: metric, matching: matching },

  // A query inside of a template: the metric of what the alert is about.
  local query(metric, labels) =
    'printf "%s{%s%s}"%s%s | query' % [
      metric,
      std.join(',', [label + '=%q' for label in labels]),
      texts.selector,
      std.join('', [' $labels.' + label for label in labels]),
      texts.selector_values,
    ],

  local of_connection = '{{ $labels.connection_name }} ({{ $labels.connection_id }}) of account {{ $labels.account }}',
  local connection_summary = '{{ $labels.connection_name }} (account {{ $labels.account }})',
  local connection_labels = ['account', 'connection_id'],
  local coverage(metric, labels) =
    '{{ with ' + query(metric, labels) + ' }}{{ with . | first | value }}{{ if lt . 1.0 }}' +
    ' The sum covers {{ . | humanizePercentage }} of the connections.{{ end }}{{ end }}{{ end }}',

  local calls_dashboard = '/d/telnyx-calls-overview?var-account={{ $labels.account | urlquery }}' + texts.dashboard_variables,
  local connection_dashboard = '/d/telnyx-connection-detail?var-account={{ $labels.account | urlquery }}' +
                               '&var-connection={{ $labels.connection_id | urlquery }}' + texts.dashboard_variables,
  local exporter_dashboard = '/d/telnyx-exporter-health?{{ with $labels.account }}var-account={{ . | urlquery }}{{ end }}' +
                             texts.dashboard_variables,

  local call_rate(rate) = |||
    avg by (%%(labelled_connection)s) (
      sum by (%%(labelled_connection)s, instance) (
          %s
        and on (%%(replica)s, connection_id)
          telnyx_active_calls
      )
    )
  ||| % rate,

  // ---- Recording rules
  local numbers = [
    record('connection:telnyx_active_calls:max', 'max by (%(labelled_connection)s) (telnyx_active_calls)'),
    record('connection:telnyx_active_call_sessions:max', 'max by (%(labelled_connection)s) (telnyx_active_call_sessions)'),
    record('connection:telnyx_connection_up:max', 'max by (%(labelled_connection)s) (telnyx_connection_up)'),
    record(
      'connection:telnyx_calls_started:rate5m',
      call_rate('rate(telnyx_calls_started_total[5m])'),
      'Counters step once at each poll, at other times in each replica, so this is the average of the replicas that know the calls. With intervals of more than a minute, average it over several of them.',
    ),
    record('connection:telnyx_calls_started_estimated:rate5m', call_rate('rate(telnyx_calls_started_estimated_total[5m])')),
    record(
      'connection:telnyx_calls_completed:rate5m',
      call_rate('(rate(telnyx_completed_call_duration_seconds_count[5m])' + texts.or_native_completed + ')'),
      'Where Prometheus keeps native histograms only, it needs the parameter native_histograms.',
    ),
    record(
      'shard:telnyx_known_connections:max',
      |||
        max by (%%(shard)s) (
        %s
        )
      ||| % indent(with_shard('telnyx_account_connections{state="known"}', '%(replica)s'), 2),
      'Connections with a number. Of the replicas of a shard the one counts that knows most.',
    ),
    record(
      'shard:telnyx_connections:max',
      |||
        max by (%%(shard)s) (
          (
        %s
          )
          unless on (%%(replica)s)
            (
                telnyx_discovery_refresh_interval_seconds
              unless on (%%(replica)s)
                telnyx_discovery_last_success_timestamp_seconds
            )
        )
      ||| % indent(with_shard('sum by (%(replica)s) (telnyx_account_connections)', '%(replica)s'), 4),
      'All connections. An exporter that is to discover them and has not read its lists yet does not know how many there are.',
    ),
    record(
      'account:telnyx_active_calls:sum',
      'sum by (%(account)s) (max by (%(connection)s) (connection:telnyx_active_calls:max))',
      'The sum of the calls that are known. The next rule says which share of the connections it covers.',
    ),
    record(
      'account:telnyx_active_calls:coverage',
      |||
        sum by (%(account)s) (shard:telnyx_known_connections:max)
        / (
          sum by (%(account)s) (
              shard:telnyx_connections:max
            or (
                max_over_time(shard:telnyx_connections:max[%(absence_window)s])
              and on (%(targets_and)saccount, total_shards)
                shard:telnyx_known_connections:max
            )
          ) > 0
        )
        or
        (
            count by (%(account)s) (max by (%(connection)s) (connection:telnyx_active_calls:max))
          or
            0 * count by (%(account)s) (connection:telnyx_connection_up:max)
        )
        / count by (%(account)s) (max by (%(connection)s) (connection:telnyx_connection_up:max))
      |||,
      'The connections of a shard that is down, or that cannot read its lists after a restart, count as unknown. The second half is for older exporters, which do not count their connections.',
    ),
    record(
      'account:telnyx_channel_utilisation:ratio',
      'account:telnyx_active_calls:sum / (max by (%(account)s) (telnyx_account_channel_limit) > 0)',
      'All calls against the limit for inbound calls of the whole account: more than the true share where some calls are outbound.',
    ),
    record(
      'connection:telnyx_voice_profile:info',
      |||
        label_replace(
          clamp_max(
            topk by (%(connection)s) (1,
              count by (%(connection)s, outbound_voice_profile_id) (
                telnyx_connection_info{outbound_voice_profile_id!=""}
              )
            ),
            1
          ),
          "profile_id", "$1", "outbound_voice_profile_id", "(.+)"
        )
      |||,
      'The outbound voice profile of each connection.',
    ),
    record(
      'profile:telnyx_active_calls:sum',
      |||
        sum by (%(profile)s) (
            max by (%(connection)s) (connection:telnyx_active_calls:max)
          * on (%(connection)s) group_left (profile_id)
            connection:telnyx_voice_profile:info
        )
      |||,
    ),
    record(
      'profile:telnyx_active_calls:coverage',
      |||
        count by (%(profile)s) (
            max by (%(connection)s) (connection:telnyx_active_calls:max)
          * on (%(connection)s) group_left (profile_id)
            connection:telnyx_voice_profile:info
        )
        / count by (%(profile)s) (last_over_time(connection:telnyx_voice_profile:info[1h]))
      |||,
      'Connections that are gone count as unknown for an hour.',
    ),
    record(
      'profile:telnyx_channel_utilisation:ratio',
      |||
        profile:telnyx_active_calls:sum
        / (max by (%(profile)s) (telnyx_outbound_voice_profile_concurrent_call_limit) > 0)
      |||,
      'All calls against the limit for outbound calls of the profile: more than the true share where some calls are inbound.',
    ),
    record(
      'connection:telnyx_channel_utilisation:ratio',
      |||
        max by (%(labelled_connection)s) (telnyx_active_calls_peak)
        / (
            max by (%(labelled_connection)s) (telnyx_connection_channel_limit{direction="configured"} > 0)
          or
            max by (%(labelled_connection)s) (telnyx_connection_channel_limit{direction="inbound"} > 0)
            + max by (%(labelled_connection)s) (telnyx_connection_channel_limit{direction="outbound"} > 0)
          )
      |||,
      'The share of the calls that a connection may have at once. The limit is the configured one, else both of the API together: calls of one direction may be at theirs before, of which the next rule warns.',
    ),
    record(
      'connection:telnyx_direction_utilisation:ratio',
      |||
        (
          max by (%(labelled_connection)s) (telnyx_active_calls_peak)
        / on (%(labelled_connection)s) group_right ()
          (
              max by (%(labelled_connection)s, direction) (telnyx_connection_channel_limit{direction="inbound"} > 0)
            unless on (%(labelled_connection)s)
              (
                  max by (%(labelled_connection)s) (telnyx_connection_channel_limit{direction="outbound"} > 0)
                < max by (%(labelled_connection)s) (telnyx_connection_channel_limit{direction="inbound"} > 0)
              )
            or
              max by (%(labelled_connection)s, direction) (telnyx_connection_channel_limit{direction="outbound"} > 0)
            unless on (%(labelled_connection)s)
              (
                  max by (%(labelled_connection)s) (telnyx_connection_channel_limit{direction="inbound"} > 0)
                <= max by (%(labelled_connection)s) (telnyx_connection_channel_limit{direction="outbound"} > 0)
              )
          )
        )
        unless on (%(connection)s)
          telnyx_connection_channel_limit{direction="configured"} > 0
      |||,
      'All calls against the limit of one direction, where the API has limits and none is configured; of two the smaller one. It is more than the true share where some calls go the other way.',
    ),
    record('connection:telnyx_long_calls:max', 'max by (%(labelled_connection)s) (telnyx_active_calls_longer_than{seconds="%(long_call_seconds)s"})'),
    record(
      'connection:telnyx_long_calls:ratio',
      |||
        max by (%(labelled_connection)s) (
            telnyx_active_calls_longer_than{seconds="%(long_call_seconds)s"}
          / ignoring (seconds)
            (telnyx_active_calls > 0)
        )
      |||,
    ),
    record(
      'replica:telnyx_refused_connections:count',
      |||
        count by (%(replica)s) (telnyx_connection_failure_info{reason="unauthorized"})
        unless
          sum by (%(replica)s) (increase(telnyx_api_requests_total{code="200"}[2m])) > 0
        unless
            time() - max by (%(replica)s) (
                telnyx_connection_last_success_timestamp_seconds
              and on (%(replica)s, connection_id)
                telnyx_connection_up == 1
            )
          < 2 * min by (%(replica)s) (
                telnyx_connection_interval_seconds
              and on (%(replica)s, connection_id)
                telnyx_connection_last_success_timestamp_seconds
            )
        unless
            max by (%(replica)s) (
                telnyx_connection_last_success_timestamp_seconds
              and on (%(replica)s, connection_id)
                telnyx_connection_up == 1
            )
          > max by (%(replica)s) (
                telnyx_connection_last_success_timestamp_seconds + 2 * telnyx_connection_interval_seconds
              and on (%(replica)s, connection_id)
                telnyx_connection_failure_info{reason="unauthorized"}
            )
      |||,
      'Connections whose newest poll was answered with 401, of replicas that get no successful answer now. One 401 among successful answers is no refused key, nor is one that is left from before the key was accepted. With long intervals a connection is accepted when its newest poll was, and that was within two of the shortest interval among those that were ever accepted, or clearly after the refused ones were accepted last.',
    ),
    record(
      'shard:telnyx_discovered_connections:max',
      |||
        max by (%%(shard)s) (
        %s
        )
      ||| % indent(with_shard('telnyx_discovered_connections', '%(replica)s'), 2),
    ),
    record('account:telnyx_discovered_connections:sum', 'sum by (%(account)s) (shard:telnyx_discovered_connections:max)'),
    record(
      'account:telnyx_discovered_connections:most',
      |||
        sum by (%(account)s) (
            max_over_time(shard:telnyx_discovered_connections:max[%(absence_window)s])
          and
            shard:telnyx_discovered_connections:max
        )
      |||,
      'The most within the last day, of the shards that are there now: a shard that is down has an alert of its own.',
    ),
  ],

  // The lowest or the highest of the quarters of an hour that ended up to ten minutes earlier or later.
  local past(extreme, offset, of) =
    'label_replace(%s_over_time(connection:telnyx_active_calls:complete_avg15m[20m] offset %s), "of", "%s", "", "")' % [extreme, offset, of],

  local history = [
    record(
      'connection:telnyx_connection_name:info',
      |||
        clamp_max(
          topk by (%(connection)s) (1,
              max by (%(connection)s, %(name)s) (
                  0 * telnyx_connection_up
                + on (%(instance)s) group_left ()
                  max by (%(instance)s) (process_start_time_seconds{job=~"%(job)s"})
              )
            or
              count by (%(connection)s, %(name)s) (
                {__name__=~"telnyx_(connection_up|active_calls|active_calls_peak|longest_active_call_duration_seconds|polls_total)"}
              )
          ),
          1
        )
      |||,
      'The name of each connection, and the labels for routing. Where replicas disagree, the one that started last is right. Alerts join it on last.',
    ),
    record(
      'connection:telnyx_poll_failures:ratio30m',
      |||
        min by (%(labelled_connection)s) (
            sum by (%(labelled_connection)s, instance) (increase(telnyx_poll_failures_total[30m]))
          /
            (sum by (%(labelled_connection)s, instance) (increase(telnyx_polls_total[30m])) >= 4)
        )
      |||,
      'The share of polls that failed, of the replica with the fewest failures. Four polls are too few to judge by less.',
    ),
    record(
      'replica:telnyx_poll_failures:ratio30m',
      |||
        sum by (%(replica)s) (increase(telnyx_poll_failures_total[30m]))
        / (sum by (%(replica)s) (increase(telnyx_polls_total[30m])) >= 4)
      |||,
    ),
    record(
      'connection:telnyx_active_calls:complete_avg15m',
      |||
        max by (%(connection)s) (avg_over_time(connection:telnyx_active_calls:max[15m]))
        and
          max by (%(connection)s) (avg_over_time(connection:telnyx_connection_up:max[15m])) >= 1 - %(failed_polls_ratio)s
      |||,
      'Averages of times at which polls were complete. Other times have no value, so an outage of the API is neither lost nor usual traffic.',
    ),
    record('connection:telnyx_active_calls:avg1h', 'max by (%(connection)s) (avg_over_time(connection:telnyx_active_calls:max[1h]))'),
    record('connection:telnyx_long_calls:avg1h', 'max by (%(connection)s) (avg_over_time(connection:telnyx_long_calls:max[1h]))'),
  ],

  local candidates(bound, extreme, comment='') = record(
    'connection:telnyx_active_calls_usual_%s:candidate' % bound,
    std.join('or\n', [past(extreme, '%dd23h50m' % (7 * week - 1), '%dw' % week) + '\n' for week in [1, 2, 3, 4]]) + |||
      or
      label_replace(
        quantile by (%%(connection)s) (0.5,
      %s
        ),
        "of", "days", "", ""
      )
    ||| % indent(std.join('or\n', [past(extreme, '%dh50m' % (24 * day - 1), '%dd' % day) + '\n' for day in [1, 2, 3, 4, 5, 6]]), 4),
    comment,
  ),

  local usual_calls(bound, extreme, comment='') = record(
    'connection:telnyx_active_calls:usual_' + bound,
    |||
      (
          quantile by (%%(connection)s) (0.5, %(candidate)s)
        and
          count by (%%(connection)s) (%(candidate)s) >= 3
      )
      or
      (
          %(extreme)s by (%%(connection)s) (%(candidate)s)
        and
          count by (%%(connection)s) (%(candidate)s) == 2
      )
    ||| % { candidate: 'connection:telnyx_active_calls_usual_%s:candidate' % bound, extreme: extreme },
    comment,
  ),

  local usual = [
    candidates('low', 'min', 'What may be usual now: the quarter of an hour around this time one to four weeks ago, and the median of the six days before today. The median of these is wrong on no weekend and after no single outage, also where Prometheus keeps 15 days only (two weeks and the days). Calls that begin or end their day ten minutes early or late are usual, too: the lowest of that time counts for lost calls, the highest for too many.'),
    candidates('high', 'max'),
    usual_calls('low', 'min', 'Two candidates alone may disagree, about a weekend for example: then the lower one counts for lost calls, the higher one for too many. From one alone nothing follows.'),
    usual_calls('high', 'max'),
    record(
      'connection:telnyx_long_calls:usual_ratio',
      |||
        avg_over_time(connection:telnyx_long_calls:avg1h[1w:1h] offset 2h)
        / (avg_over_time(connection:telnyx_active_calls:avg1h[1w:1h] offset 2h) > 0)
        or
          avg_over_time(connection:telnyx_active_calls:avg1h[1w:1h] offset 2h) == 0
      |||,
      'The share of long calls in the week before, from 168 hourly averages; 0 where there was no call at all.',
    ),
  ],

  // ---- Alerts
  local exporter_alerts = [
    alert(
      'TelnyxExporterDown',
      |||
        max by (%(target)s) (up{job=~"%(job)s"}) == 0
        or (
            max by (%(target)s) (present_over_time(up{job=~"%(job)s"}[%(absence_window)s]))
          unless
            max by (%(target)s) (up{job=~"%(job)s"})
        )
        or (
            absent(up{job=~"%(job)s"})
          unless on ()
            present_over_time(up{job=~"%(job)s"}[%(absence_window)s])
        )
        or (
            max by (%(targets_and)sshard, total_shards) (max_over_time(telnyx_exporter_shard_info[%(absence_window)s]))
          unless
            max by (%(targets_and)sshard, total_shards) (telnyx_exporter_shard_info)
          and on (%(targets_and)stotal_shards)
            count by (%(targets_and)stotal_shards) (telnyx_exporter_shard_info)
        )
      |||,
      'No exporter polls Telnyx{{ with $labels.shard }} for shard {{ . }}{{ end }}{{ with $labels.cluster }} in {{ . }}{{ end }}.',
      '{{ with $labels.shard }}Shard {{ . }} of {{ $labels.total_shards }} has no instance that answers; its connections are{{ else }}' +
      'No telnyx_exporter{{ with $labels.job }} of job {{ . }}{{ end }} answers Prometheus; all of its connections are{{ end }} unobserved.',
      exporter_dashboard,
      'No target answers; or targets that were there within the last day are gone, for each cluster and namespace; or there was never one; or a shard of which others still answer has no instance left.',
    ),
    alert(
      'TelnyxExporterReplicaDown',
      'up{job=~"%(job)s"} == 0',
      'telnyx_exporter on {{ $labels.instance }} does not answer.',
      'Prometheus cannot scrape {{ $labels.instance }} of job {{ $labels.job }}. Numbers are lost unless another replica polls the same connections.',
      exporter_dashboard,
    ),
    alert(
      'TelnyxExporterRestarting',
      |||
        max by (%(instance)s) (changes(process_start_time_seconds{job=~"%(job)s"}[1h])) >= %(restarts)s
        or
          (
              count by (%(target)s) (last_over_time(process_start_time_seconds{job=~"%(job)s"}[1h]) > time() - 3600)
            / max_over_time(count by (%(target)s) (process_start_time_seconds{job=~"%(job)s"})[1h:1m])
          ) >= %(restarts)s
      |||,
      'telnyx_exporter{{ with $labels.instance }} on {{ . }}{{ end }} restarts again and again.',
      '{{ with $labels.instance }}The process on {{ . }} was{{ else }}Each instance of job {{ $labels.job }} was{{ end }} ' +
      'restarted or replaced {{ $value | humanize }} times within an hour. Each time counters start again at 0 and polls are lost.',
      exporter_dashboard,
      'Restarts of an instance; or new instances under other names each time, as new pods are: those that started within the hour, divided by the highest number at one time.',
    ),
    alert(
      'TelnyxConfigReloadFailed',
      'telnyx_exporter_config_last_reload_successful == 0',
      'telnyx_exporter on {{ $labels.instance }} refuses its new configuration.',
      'The newest configuration of {{ $labels.instance }} was refused; the one before stays in force. A restart would fail.',
      exporter_dashboard,
    ),
    alert(
      'TelnyxWebConfigReloadFailed',
      'telnyx_exporter_web_config_last_reload_successful == 0',
      'telnyx_exporter on {{ $labels.instance }} refuses its new web configuration.',
      'The newest web configuration of {{ $labels.instance }} (access rules, certificate) was refused; the one before stays in force. ' +
      'A restart would fail, and a renewed certificate is not used.',
      exporter_dashboard,
    ),
    alert(
      'TelnyxCertificateExpiring',
      '(telnyx_exporter_tls_certificate_expiry_timestamp_seconds > 0) - time() < %(certificate_expiry_warning_seconds)s',
      'The certificate of telnyx_exporter on {{ $labels.instance }} expires.',
      'The certificate that {{ $labels.instance }} shows expires in {{ $value | humanizeDuration }}. After that Prometheus cannot scrape it.',
      exporter_dashboard,
    ),
    alert(
      'TelnyxCertificateExpiresSoon',
      '(telnyx_exporter_tls_certificate_expiry_timestamp_seconds > 0) - time() < %(certificate_expiry_critical_seconds)s',
      'The certificate of telnyx_exporter on {{ $labels.instance }} is about to expire.',
      'The certificate that {{ $labels.instance }} shows expires in {{ $value | humanizeDuration }}. After that Prometheus cannot scrape it ' +
      'and its connections are unobserved.',
      exporter_dashboard,
    ),
    alert(
      'TelnyxLogLinesLost',
      'increase(telnyx_exporter_log_lines_lost_total[15m]) > 0',
      'telnyx_exporter on {{ $labels.instance }} loses log lines.',
      'About {{ $value | humanize }} lines of the log of {{ $labels.instance }} were lost within 15 minutes: what reads them is too slow or stuck.',
      exporter_dashboard,
    ),
    alert(
      'TelnyxPollsLate',
      |||
        histogram_quantile(0.9, rate(telnyx_exporter_poll_lag_seconds_bucket[10m])) > %(poll_lag_seconds)s
        or
        histogram_quantile(0.9, rate(telnyx_exporter_poll_lag_seconds[10m])) > %(poll_lag_seconds)s
      |||,
      'telnyx_exporter on {{ $labels.instance }} polls late.',
      'One poll in ten of {{ $labels.instance }} begins more than {{ $value | humanizeDuration }} after it was due: it has more to do than ' +
      'its rate limit, its concurrent requests or its CPU allow.',
      exporter_dashboard,
      'Prometheus keeps classic buckets or a native histogram.',
    ),
  ],

  local account_alerts = [
    alert(
      'TelnyxApiKeyRefused',
      |||
        (
            sum by (%(account)s) (replica:telnyx_refused_connections:count)
          unless on (%(account)s)
            (
                count by (%(replica)s) (telnyx_connection_up)
              unless
                replica:telnyx_refused_connections:count
            )
        )
        or (
            sum by (%(account)s) (increase(telnyx_api_requests_total{code="401"}[20m])) > 0
          unless
            sum by (%(account)s) (increase(telnyx_api_requests_total{code="200"}[20m])) > 0
          unless
            max by (%(account)s) (telnyx_connection_up) == 1
        )
      |||,
      'Telnyx refuses the API key of account {{ $labels.account }}.',
      'Every replica that polls account {{ $labels.account }} gets 401 from Telnyx and no successful answer. None of its connections can be polled until the key is replaced.',
      exporter_dashboard,
      'Every replica that polls the account is refused; or, where discovery has no connections to poll yet, there is nothing but 401.',
    ),
    alert(
      'TelnyxReplicaKeyRefused',
      |||
        replica:telnyx_refused_connections:count
        or (
            sum by (%(replica)s) (increase(telnyx_api_requests_total{code="401"}[20m])) > 0
          unless
            sum by (%(replica)s) (increase(telnyx_api_requests_total{code="200"}[20m])) > 0
          unless
            max by (%(replica)s) (telnyx_connection_up) == 1
        )
      |||,
      'Telnyx refuses the API key that {{ $labels.instance }} has for account {{ $labels.account }}.',
      'Telnyx answers 401 to {{ $labels.instance }}, which probably has an old key of account {{ $labels.account }}. Its connections are ' +
      'unobserved unless another replica polls them.',
      exporter_dashboard,
    ),
    alert(
      'TelnyxApiKeyUnreadable',
      'min by (%(replica)s) (telnyx_account_api_key_readable) == 0',
      '{{ $labels.instance }} cannot read the API key of account {{ $labels.account }} any more.',
      'The file of the API key of account {{ $labels.account }} cannot be read on {{ $labels.instance }}. The key read before stays in use; ' +
      'a restart would fail, and a new key is not seen.',
      exporter_dashboard,
    ),
    alert(
      'TelnyxRateLimited',
      |||
        sum by (%(account)s) (rate(telnyx_api_requests_total{code="429"}[10m]))
        / sum by (%(account)s) (rate(telnyx_api_requests_total[10m]))
        > %(rate_limited_ratio)s
      |||,
      'Telnyx limits the requests of account {{ $labels.account }}.',
      '{{ $value | humanizePercentage }} of the requests of account {{ $labels.account }} are answered with 429. Polls slow down and may fail.',
      exporter_dashboard,
    ),
    alert(
      'TelnyxRequestBudgetShort',
      |||
        max by (%(account)s) (
          telnyx_account_required_requests_per_second / telnyx_account_allowed_requests_per_second
        ) > %(request_budget_ratio)s
      |||,
      'The rate limit of account {{ $labels.account }} is too small for its polls.',
      'The polls of account {{ $labels.account }} need {{ $value | humanize }} times the requests that its rate limit, or the API by ' +
      'answering 429, allows. Connections are polled less often than configured.',
      exporter_dashboard,
    ),
    alert(
      'TelnyxPollsSkipped',
      |||
        sum by (%(account)s) (rate(telnyx_account_polls_skipped_total[10m]))
        / (
            sum by (%(account)s) (rate(telnyx_polls_total[10m]))
          + sum by (%(account)s) (rate(telnyx_account_polls_skipped_total[10m]))
        )
        > %(skipped_polls_ratio)s
      |||,
      'Polls of account {{ $labels.account }} are skipped.',
      '{{ $value | humanizePercentage }} of the due polls of account {{ $labels.account }} are not begun, because the one before is not over.',
      exporter_dashboard,
    ),
    alert(
      'TelnyxReplicaPollsFailing',
      |||
        replica:telnyx_poll_failures:ratio30m > %%(replica_failed_polls_ratio)s
        or 0 * max by (%%(replica)s) (
            (
        %s
            ) > 0
          unless on (%%(replica)s)
            telnyx_discovery_last_success_timestamp_seconds
          and on (%%(shard)s)
            (
        %s
            )
        )
      ||| % [
        indent(with_shard('telnyx_discovery_failures_total', '%(replica)s'), 6),
        indent(with_shard('telnyx_discovery_last_success_timestamp_seconds', '%(replica)s'), 6),
      ],
      '{{ if $value }}Most polls of account {{ $labels.account }} fail on {{ $labels.instance }}.{{ else }}' +
      '{{ $labels.instance }} cannot list the connections of account {{ $labels.account }}.{{ end }}',
      '{{ if $value }}{{ $value | humanizePercentage }} of the polls of account {{ $labels.account }} that {{ $labels.instance }} began within ' +
      '30 minutes failed. Numbers are lost unless another replica polls the same connections.{{ else }}Discovery of account ' +
      '{{ $labels.account }} has not succeeded on {{ $labels.instance }} since it started, so it polls no discovered connections. ' +
      'Another replica polls them: only the redundancy is lost.{{ end }}',
      exporter_dashboard,
      'The share of polls that failed; or 0 for a replica whose discovery never succeeded since it started, while that of another one of the shard did. Where none did, TelnyxDiscoveryFailing says so.',
    ),
    alert(
      'TelnyxDiscoveryFailing',
      |||
        max by (%%(account)s) (
          (
            time()
            - max by (%%(shard)s) (
        %s
            )
          )
          > %%(discovery_missed_refreshes)s
          * max by (%%(shard)s) (
        %s
          )
        )
        or 0 * max by (%%(account)s) (
            max by (%%(shard)s) (
        %s
            ) > 0
          unless
            max by (%%(shard)s) (
        %s
            )
        )
        or (
            time() - max by (%%(account)s) (telnyx_discovery_last_success_timestamp_seconds) > 1800
          and
            sum by (%%(account)s) (increase(telnyx_discovery_failures_total[2h])) > 0
          unless
            max by (%%(account)s) (telnyx_discovery_refresh_interval_seconds)
        )
      ||| % [
        indent(with_shard('telnyx_discovery_last_success_timestamp_seconds', '%(replica)s'), 6),
        indent(with_shard('telnyx_discovery_refresh_interval_seconds', '%(replica)s'), 4),
        indent(with_shard('telnyx_discovery_failures_total', '%(replica)s'), 6),
        indent(with_shard('telnyx_discovery_last_success_timestamp_seconds', '%(replica)s'), 6),
      ],
      'The connections of account {{ $labels.account }} cannot be listed.',
      'Discovery of account {{ $labels.account }} {{ if $value }}last succeeded {{ $value | humanizeDuration }} ago. ' +
      'The connections found before are still polled; new ones are not seen.{{ else }}has not succeeded on one of the exporters ' +
      'since it started: that exporter polls no discovered connections.{{ end }}',
      exporter_dashboard,
      'The time since the last complete list, of the shard where it is longest; or 0 where a shard has had none since it started. The last part is for older exporters, which do not show the interval.',
    ),
    alert(
      'TelnyxConnectionsDropped',
      |||
        (
          account:telnyx_discovered_connections:most - account:telnyx_discovered_connections:sum
          >= %(discovered_drop_min)s
          or
          account:telnyx_discovered_connections:most - account:telnyx_discovered_connections:sum
          == account:telnyx_discovered_connections:most
        )
        and
          account:telnyx_discovered_connections:sum
          <= (1 - %(discovered_drop_ratio)s) * (account:telnyx_discovered_connections:most > 0)
      |||,
      'Discovery of account {{ $labels.account }} finds far fewer connections than before.',
      'Discovery of account {{ $labels.account }} finds {{ $value | humanize }} connections fewer than at most within the last day. ' +
      'Those are not polled any more, and no other alert covers them.',
      calls_dashboard,
    ),
    alert(
      'TelnyxNumbersIncomplete',
      |||
        quantile_over_time(0.5, account:telnyx_active_calls:coverage[20m]) < %(coverage_min)s
        or
        avg_over_time(account:telnyx_active_calls:coverage[20m]) < %(coverage_average_min)s
      |||,
      'The numbers of account {{ $labels.account }} are incomplete.',
      'Within 20 minutes only {{ $value | humanizePercentage }} of the connections of account {{ $labels.account }} had a number. Sums of its calls are too low.',
      calls_dashboard,
      'The median over 20 minutes, so that a restart does not count; and the average, so that numbers that come and go do.',
    ),
  ],

  local connection_alerts = [
    alert(
      'TelnyxConnectionFailing',
      named(|||
        max by (%(connection)s) (telnyx_connection_up) == 0
        and
          max by (%(connection)s) (telnyx_connection_failure_info)
        unless
          time() - max by (%(connection)s) (telnyx_connection_last_success_timestamp_seconds)
          < 2 * max by (%(connection)s) (telnyx_connection_interval_seconds)
      |||),
      'Polls of ' + connection_summary + ' fail.',
      'The polls of connection ' + of_connection + ' fail: {{ range $index, $failure := ' +
      query('telnyx_connection_failure_info', connection_labels) +
      ' | sortByLabel "instance" }}{{ if $index }}, {{ end }}{{ $failure | label "reason" }}{{ with $failure | label "instance" }} on {{ . }}{{ end }}{{ end }}.',
      connection_dashboard,
      'The reason is asked for in the text and is no label of the alert: a reason that changes must not restart the alert. Not polled yet is not failing, nor is one failed poll where the next one comes only after a long interval, unless no poll was complete since the start: then there is no number.',
    ),
    alert(
      'TelnyxPollsFailing',
      named('max by (%(connection)s) (connection:telnyx_poll_failures:ratio30m) > %(failed_polls_ratio)s'),
      'Many polls of ' + connection_summary + ' fail.',
      '{{ $value | humanizePercentage }} of the polls of connection ' + of_connection + ' within 30 minutes failed on every replica. ' +
      'Its numbers are older than they should be, or have gaps.',
      connection_dashboard,
    ),
    alert(
      'TelnyxDataStale',
      named(|||
        max by (%(connection)s) (telnyx_connection_up)
        unless
          max by (%(connection)s) (telnyx_active_calls)
        unless
          (
              max by (%(connection)s) (telnyx_connection_interval_seconds) > 900
            unless
              max by (%(connection)s) (telnyx_connection_last_success_timestamp_seconds)
            unless
              max by (%(connection)s) (telnyx_connection_failure_info)
          )
      |||),
      'The calls of ' + connection_summary + ' are not known.',
      'There is no number of connection ' + of_connection + ' that is recent enough to show. {{ with ' +
      query('telnyx_connection_last_success_timestamp_seconds', connection_labels) +
      ' }}{{ $last := 0.0 }}{{ range . }}{{ if gt .Value $last }}{{ $last = .Value }}{{ end }}{{ end }}' +
      'The last complete poll ended at {{ $last | humanizeTimestamp }}.{{ else }}No poll was ever complete.{{ end }}',
      connection_dashboard,
      'A connection with a long interval that was not polled yet since the start is not stale.',
    ),
    alert(
      'TelnyxIncompletePaging',
      named(|||
        max by (%(connection)s) (
            abs(telnyx_reported_active_calls - telnyx_active_calls) / clamp_min(telnyx_reported_active_calls, 1) > %(paging_difference_ratio)s
          and
            abs(telnyx_reported_active_calls - telnyx_active_calls) >= %(paging_difference_min)s
        )
        unless
          max by (%(connection)s) (telnyx_connection_interval_seconds) > 450
        or (
            max by (%(connection)s) (telnyx_connection_failure_info{reason=~"cursor_loop|too_many_pages"})
          and
            max by (%(connection)s) (telnyx_connection_up) == 0
        )
      |||),
      'The pages of ' + connection_summary + ' do not add up.',
      'For connection ' + of_connection + ' the API reports a different number of calls than its pages contain, or its pages do not end.',
      connection_dashboard,
      'Each replica compares what it counted with what the API reported to the same poll. A difference of a few calls is normal: calls come and go while pages are read. With an interval of more than 450 s, 15 minutes hold too few polls to judge by.',
    ),
  ],

  local calls_alerts = [
    alert(
      'TelnyxChannelsFilling',
      named('max by (%(connection)s) (connection:telnyx_channel_utilisation:ratio) > %(channels_filling_ratio)s'),
      connection_summary + ' nears its channel limit.',
      'Connection ' + of_connection + ' uses {{ $value | humanizePercentage }} of the calls that it may have at once.',
      connection_dashboard,
    ),
    alert(
      'TelnyxChannelsExhausted',
      named('max by (%(connection)s) (connection:telnyx_channel_utilisation:ratio) > %(channels_exhausted_ratio)s'),
      connection_summary + ' is at its channel limit.',
      'Connection ' + of_connection + ' uses {{ $value | humanizePercentage }} of the calls that it may have at once. New calls are about to be rejected.',
      connection_dashboard,
    ),
    alert(
      'TelnyxDirectionChannelsFilling',
      |||
        (
          max by (%(connection)s, direction) (connection:telnyx_direction_utilisation:ratio) > %(channels_filling_ratio)s
        )
        * on (%(connection)s) group_left (%(name)s)
          connection:telnyx_connection_name:info
      |||,
      connection_summary + ' may near its limit of {{ $labels.direction }} calls.',
      'All calls of connection ' + of_connection + ' together are {{ $value | humanizePercentage }} of its limit of ' +
      '{{ $labels.direction }} calls; the API does not say how many of them are {{ $labels.direction }}.',
      connection_dashboard,
    ),
    alert(
      'TelnyxVoiceProfileFilling',
      |||
        (
          max_over_time(profile:telnyx_channel_utilisation:ratio[5m]) > %(channels_filling_ratio)s
        )
        * on (%(profile)s) group_left (profile_name)
          clamp_max(
            topk by (%(profile)s) (1,
              count by (%(profile)s, profile_name) (telnyx_outbound_voice_profile_concurrent_call_limit)
            ),
            1
          )
      |||,
      'Outbound voice profile {{ $labels.profile_name }} (account {{ $labels.account }}) may near its limit.',
      'Only outbound calls of voice profile {{ $labels.profile_name }} ({{ $labels.profile_id }}) of account {{ $labels.account }} are limited. ' +
      'All calls of its connections together are {{ $value | humanizePercentage }} of that limit; the API does not say how many of them are outbound.' +
      coverage('profile:telnyx_active_calls:coverage', ['account', 'profile_id']),
      calls_dashboard,
    ),
    alert(
      'TelnyxAccountChannelsFilling',
      'max_over_time(account:telnyx_channel_utilisation:ratio[5m]) > %(channels_filling_ratio)s',
      'Account {{ $labels.account }} may near its channel limit.',
      'The channels of account {{ $labels.account }} limit its inbound calls. All of its calls together are {{ $value | humanizePercentage }} ' +
      'of that limit; the API does not say how many of them are inbound.' + coverage('account:telnyx_active_calls:coverage', ['account']),
      calls_dashboard,
    ),
    alert(
      'TelnyxCallsDropped',
      named(|||
        connection:telnyx_active_calls:complete_avg15m
        / (connection:telnyx_active_calls:usual_low >= %(calls_dropped_min)s)
        < %(calls_dropped_ratio)s
      |||),
      connection_summary + ' has lost calls.',
      'Connection ' + of_connection + ' has {{ $value | humanizePercentage }} of the calls that are usual at this time of the week. Its polls are complete.',
      connection_dashboard,
    ),
    alert(
      'TelnyxTrafficSurge',
      named(|||
        connection:telnyx_active_calls:complete_avg15m
        > %(traffic_surge_ratio)s * connection:telnyx_active_calls:usual_high
        and
          connection:telnyx_active_calls:complete_avg15m - connection:telnyx_active_calls:usual_high >= %(traffic_surge_min)s
      |||),
      connection_summary + ' has far more calls than usual.',
      'Connection ' + of_connection + ' has {{ $value | humanize }} calls; at this time of the week {{ with ' +
      query('connection:telnyx_active_calls:usual_high', connection_labels) + ' }}{{ . | first | value | humanize }}{{ end }} are usual.',
      connection_dashboard,
    ),
    alert(
      'TelnyxStuckCalls',
      named(|||
        max by (%(connection)s) (telnyx_active_calls_longer_than{seconds="%(stuck_call_seconds)s"}) > 0
        or
        max by (%(connection)s) (telnyx_longest_active_call_duration_seconds) > %(stuck_call_seconds)s
      |||),
      connection_summary + ' has a call that does not end.',
      'Calls of connection ' + of_connection + ' last unusually long.{{ with ' +
      query('telnyx_longest_active_call_duration_seconds', connection_labels) +
      ' }}{{ $longest := 0.0 }}{{ range . }}{{ if gt .Value $longest }}{{ $longest = .Value }}{{ end }}{{ end }}' +
      ' The longest active call has lasted {{ $longest | humanizeDuration }}.{{ end }}',
      connection_dashboard,
      'The second half is for exporters with other `long_call_thresholds`.',
    ),
    alert(
      'TelnyxLongCallShareUnusual',
      named(|||
        max by (%(connection)s) (connection:telnyx_long_calls:ratio) > %(long_call_ratio)s
        and
          max by (%(connection)s) (connection:telnyx_long_calls:ratio) > %(long_call_factor)s * connection:telnyx_long_calls:usual_ratio
        and
          max by (%(connection)s) (connection:telnyx_long_calls:max) >= %(long_call_min)s
      |||),
      'Unusually many calls of ' + connection_summary + ' are long.',
      '{{ $value | humanizePercentage }} of the active calls of connection ' + of_connection + ' are long; ' +
      '{{ with ' + query('connection:telnyx_long_calls:usual_ratio', connection_labels) +
      ' }}{{ . | first | value | humanizePercentage }}{{ end }} were in the week before. This is how toll fraud looks.',
      connection_dashboard,
    ),
  ],

  local wanted(alerts) = [rule for rule in alerts if !std.member($._config.disabled_alerts, rule.alert)],

  // With the comments, for generate.py.
  groups:: [
    { name: 'telnyx_exporter.recording', rules: numbers },
    { name: 'telnyx_exporter.history', interval: '1m', rules: history },
    { name: 'telnyx_exporter.usual', interval: '3m', rules: usual },
    { name: 'telnyx_exporter.exporter', rules: wanted(exporter_alerts) },
    { name: 'telnyx_exporter.account', rules: wanted(account_alerts) },
    { name: 'telnyx_exporter.connection', rules: wanted(connection_alerts) },
    { name: 'telnyx_exporter.calls', rules: wanted(calls_alerts) },
  ],

  local plain(groups) = {
    groups: [
      group { rules: [{ [key]: rule[key] for key in std.objectFields(rule) if key != 'comment' } for rule in group.rules] }
      for group in groups
    ],
  },
  prometheusRules:: plain([group for group in $.groups if std.objectHas(group.rules[0], 'record')]),
  prometheusAlerts:: plain([group for group in $.groups if std.length(group.rules) > 0 && std.objectHas(group.rules[0], 'alert')]),
}
