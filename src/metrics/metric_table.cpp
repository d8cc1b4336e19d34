#include "metrics/metric_table.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "metrics/duration_series.h"

namespace telnyx_exporter {
namespace {

constexpr MetricType kCounter = MetricType::kCounter;
constexpr MetricType kGauge = MetricType::kGauge;
constexpr MetricType kHistogram = MetricType::kHistogram;
constexpr MetricType kGaugeHistogram = MetricType::kGaugeHistogram;

double Number(std::uint64_t count) { return static_cast<double>(count); }

// --- How series of several rows are read -------------------------------------------------------

// Of the last complete poll, while it is known.
template <auto Value>
void FromPoll(const ConnectionReading& reading, FamilyWriter& out) {
  if (reading.values) out.Add(Value(*reading.values));
}

// The same, where the poll may not have the value.
template <auto Value>
void FromPollIfAny(const ConnectionReading& reading, FamilyWriter& out) {
  if (!reading.values) return;
  if (const auto value = Value(*reading.values)) out.Add(Number(*value));
}

// Of all complete polls, from the first one on.
template <auto Value>
void FromTotals(const ConnectionReading& reading, FamilyWriter& out) {
  const CallTotals* totals = reading.connection.totals.get();
  if (totals) out.Add(static_cast<double>(totals->*Value), {}, totals->started_since);
}

template <auto Count>
void ConnectionCount(const ConnectionReading& reading, FamilyWriter& out) {
  out.Add(Number(reading.connection.*Count), {}, reading.connection.added);
}

template <auto Count>
void AccountCount(const AccountReading& reading, FamilyWriter& out) {
  out.Add(Number(reading.account.*Count), {}, reading.account.added);
}

template <auto Value>
void AccountValueIfAny(const AccountReading& reading, FamilyWriter& out) {
  if (const auto& value = reading.account.*Value) out.Add(static_cast<double>(*value));
}

template <auto Value>
void BudgetRate(const AccountReading& reading, FamilyWriter& out) {
  const auto& budget = reading.account.budget;
  if (budget) out.Add((*budget).*Value);
}

// A counter or histogram of the exporter's registry.
void AddCounter(const prometheus::ClientMetric& counter, std::optional<WallTime> created,
                FamilyWriter& out) {
  MetricSeries series{.value = counter.counter.value, .created = created};
  for (const auto& label : counter.label) series.labels.push_back({label.name, label.value});
  series.histogram = {.count = counter.histogram.sample_count, .sum = counter.histogram.sample_sum};
  for (const auto& bucket : counter.histogram.bucket) {
    series.histogram.buckets.push_back(
        {.upper_bound = bucket.upper_bound, .cumulative_count = bucket.cumulative_count});
  }
  out.Add(series);
}

// Of the exporter's registry. Series of an account that has just been removed are left out.
void FromRegistry(const ExporterReading& reading, FamilyWriter& out) {
  const auto family =
      std::ranges::find(reading.counters, out.metric_name(), &prometheus::MetricFamily::name);
  if (family == reading.counters.end()) return;
  std::map<std::string_view, WallTime> added;  // accounts
  for (const auto& account : reading.view.accounts) added.emplace(account->name, account->added);
  // The registry keeps series in no order; expositions in a stable order can be compared.
  std::vector<const prometheus::ClientMetric*> counters;
  for (const prometheus::ClientMetric& counter : family->metric) counters.push_back(&counter);
  std::ranges::sort(counters,
                    [](const auto* left, const auto* right) { return left->label < right->label; });
  for (const prometheus::ClientMetric* counter : counters) {
    std::optional<WallTime> created = reading.exporter.started;
    const auto label =
        std::ranges::find(counter->label, "account", &prometheus::ClientMetric::Label::name);
    if (label != counter->label.end()) {
      const auto account = added.find(label->value);
      if (account == added.end()) continue;
      created = account->second;
    }
    AddCounter(*counter, created, out);
  }
}

void FromProcess(const ExporterReading& reading, FamilyWriter& out) {
  const auto value = std::ranges::find(reading.process, out.metric_name(), &ProcessValue::name);
  if (value == reading.process.end()) return;
  out.Add(value->value, {}, reading.exporter.started);
}

// --- Rows that need more than an expression ----------------------------------------------------

void ReadLongerThan(const ConnectionReading& reading, FamilyWriter& out) {
  if (!reading.values) return;
  const CompletePoll& poll = *reading.values;
  if (poll.long_call_thresholds == nullptr) return;
  const auto& thresholds = *poll.long_call_thresholds;
  const std::vector<std::uint64_t>& legs = poll.summary.longer_than;
  for (std::size_t i = 0; i < std::min(thresholds.size(), legs.size()); ++i) {
    out.Add(Number(legs[i]), {{"seconds", std::to_string(thresholds[i])}});
  }
}

void ReadConnectionInfo(const ConnectionReading& reading, FamilyWriter& out) {
  const ConnectionPlan& plan = reading.connection.identity->plan;
  out.Add(1, {{"record_type", plan.record_type},
              {"source", plan.discovered ? "discovered" : "configured"},
              {"outbound_voice_profile_id", plan.voice_profile_id},
              {"outbound_voice_profile_name", plan.voice_profile_name}});
}

void ReadChannelLimits(const ConnectionReading& reading, FamilyWriter& out) {
  const ConnectionPlan& plan = reading.connection.identity->plan;
  const auto add = [&](const auto& limit, std::string_view direction) {
    if (limit) out.Add(static_cast<double>(*limit), {{"direction", direction}});
  };
  add(plan.channel_limit, "configured");
  add(plan.inbound_channel_limit, "inbound");
  add(plan.outbound_channel_limit, "outbound");
}

void ReadFailureInfo(const ConnectionReading& reading, FamilyWriter& out) {
  if (const auto& failure = reading.connection.failure) {
    out.Add(1, {{"reason", ReasonLabel(failure->reason)}});
  }
}

void ReadPollFailures(const AccountReading& reading, FamilyWriter& out) {
  for (const FailureReason reason : kFailureReasons) {
    out.Add(Number(reading.account.poll_failures[static_cast<std::size_t>(reason)]),
            {{"reason", ReasonLabel(reason)}}, reading.account.added);
  }
}

void ReadVoiceProfiles(const AccountReading& reading, FamilyWriter& out) {
  const auto& discovery = reading.account.discovery;
  if (!discovery || discovery->voice_profiles == nullptr) return;
  for (const ListedVoiceProfile& profile : *discovery->voice_profiles) {
    if (!profile.concurrent_call_limit) continue;
    out.Add(Number(*profile.concurrent_call_limit),
            {{"profile_id", profile.id}, {"profile_name", profile.name}});
  }
}

// How many are unknown is not known before the account's lists were read once.
void ReadCoverage(const AccountReading& reading, FamilyWriter& out) {
  out.Add(Number(reading.coverage.known), {{"state", "known"}});
  const auto& discovery = reading.account.discovery;
  if (discovery && !discovery->last_success) return;
  out.Add(Number(reading.coverage.unknown), {{"state", "unknown"}});
}

void ReadKeyReadable(const ExporterReading& reading, FamilyWriter& out) {
  for (const auto& account : reading.view.accounts) {
    const auto readable = reading.exporter.api_key_readable.find(account->name);
    if (readable == reading.exporter.api_key_readable.end()) continue;
    out.Add(readable->second ? 1 : 0, {{"account", account->name}});
  }
}

constexpr std::array kTable = {
    // Of a connection, from its last complete poll; absent while that is not known.
    MetricRow{{"telnyx_active_calls", kGauge, "",
               "Active call legs at the connection's last complete poll, not at the scrape; each "
               "call_leg_id counts once. Absent while not known."},
              ReadConnection(
                  &FromPoll<[](const CompletePoll& poll) { return Number(poll.summary.legs); }>)},
    MetricRow{{"telnyx_active_call_sessions", kGauge, "",
               "Distinct call sessions of the active legs at the last complete poll. Absent while "
               "not known."},
              ReadConnection(
                  &FromPollIfAny<[](const CompletePoll& poll) { return poll.summary.sessions; }>)},
    MetricRow{{"telnyx_active_calls_peak", kGauge, "",
               "The highest telnyx_active_calls of the polls within poll.peak_window. Absent while "
               "not known."},
              ReadConnection([](const ConnectionReading& reading, FamilyWriter& out) {
                if (!reading.values) return;
                const Duration window = reading.connection.identity->plan.peak_window;
                out.Add(Number(reading.connection.peak.At(reading.now, window)));
              })},
    MetricRow{{"telnyx_active_call_duration_seconds", kGaugeHistogram, "seconds",
               "How long the legs that were active at the last complete poll had lasted. A gauge "
               "histogram: it shrinks when calls end, so never use rate() on it."},
              ReadConnection([](const ConnectionReading& reading, FamilyWriter& out) {
                if (reading.values) AddDurations(*reading.values, out);
              })},
    MetricRow{{"telnyx_longest_active_call_duration_seconds", kGauge, "seconds",
               "Duration of the oldest active leg at the last complete poll, 0 without one. Absent "
               "while not known."},
              ReadConnection(&FromPoll<[](const CompletePoll& poll) -> double {
                return poll.summary.longest_seconds;
              }>)},
    MetricRow{{"telnyx_active_calls_longer_than", kGauge, "",
               "Active legs at the last complete poll that had lasted longer than the seconds of "
               "the label, for each of long_call_thresholds. Absent while not known."},
              ReadConnection(&ReadLongerThan)},
    MetricRow{{"telnyx_reported_active_calls", kGauge, "",
               "The API's own count of active calls (meta.total_items) at the last complete poll. "
               "Absent where it sends none."},
              ReadConnection(
                  &FromPollIfAny<[](const CompletePoll& poll) { return poll.reported_legs; }>)},
    // Of a connection, across its polls; from the first complete one on.
    MetricRow{{"telnyx_calls_started_total", kCounter, "",
               "Call legs that appeared after the first complete poll. A lower bound: calls that "
               "begin and end between two polls are not seen."},
              ReadConnection(&FromTotals<&CallTotals::started>)},
    MetricRow{{"telnyx_calls_started_estimated_total", kCounter, "",
               "Estimate of all call legs that started after the first complete poll, including "
               "those that no poll saw."},
              ReadConnection(&FromTotals<&CallTotals::started_estimated>)},
    MetricRow{{"telnyx_completed_call_duration_seconds", kHistogram, "seconds",
               "How long ended call legs lasted, accurate to half the time between two polls. A "
               "lower bound: calls that begin and end between two polls are not seen."},
              ReadConnection([](const ConnectionReading& reading, FamilyWriter& out) {
                const CallTotals* totals = reading.connection.totals.get();
                if (totals) AddDurations(totals->completed, totals->completed_since, out);
              })},
    // Of a connection and its polls.
    MetricRow{{"telnyx_connection_info", kGauge, "",
               "Always 1: the connection's record type and whether it was configured or "
               "discovered."},
              ReadConnection(&ReadConnectionInfo)},
    MetricRow{{"telnyx_connection_channel_limit", kGauge, "",
               "How many calls the connection may have at once, by the limit's source. Absent "
               "without a limit."},
              ReadConnection(&ReadChannelLimits)},
    MetricRow{{"telnyx_connection_up", kGauge, "",
               "1 when the newest poll was complete and its values are known, else 0; 0 before "
               "the first poll."},
              ReadConnection([](const ConnectionReading& reading, FamilyWriter& out) {
                out.Add(reading.values && reading.connection.complete() ? 1 : 0);
              })},
    MetricRow{{"telnyx_connection_interval_seconds", kGauge, "seconds",
               "Interval between polls in force: the configured one, the idle one, or the longer "
               "one that the request budget allows."},
              ReadConnection([](const ConnectionReading& reading, FamilyWriter& out) {
                out.Add(ToSeconds(reading.connection.in_force().interval));
              })},
    MetricRow{{"telnyx_connection_last_success_timestamp_seconds", kGauge, "seconds",
               "When the newest complete poll ended, in seconds since 1970. Absent before it."},
              ReadConnection([](const ConnectionReading& reading, FamilyWriter& out) {
                if (reading.connection.values) {
                  out.Add(ToUnixSeconds(reading.connection.last_success));
                }
              })},
    MetricRow{{"telnyx_connection_poll_duration_seconds", kGauge, "seconds",
               "How long the newest poll took, all its pages, waits and retries. Absent before "
               "it."},
              ReadConnection([](const ConnectionReading& reading, FamilyWriter& out) {
                const auto& duration = reading.connection.last_poll_duration;
                if (duration) out.Add(ToSeconds(*duration));
              })},
    MetricRow{{"telnyx_connection_poll_pages", kGauge, "",
               "Pages in the newest complete poll. Absent before it."},
              ReadConnection([](const ConnectionReading& reading, FamilyWriter& out) {
                if (reading.connection.values) out.Add(reading.connection.values->pages);
              })},
    MetricRow{{"telnyx_polls_total", kCounter, "", "Polls begun, whatever their outcome."},
              ReadConnection(&ConnectionCount<&ConnectionSnapshot::polls>)},
    MetricRow{{"telnyx_poll_failures_total", kCounter, "", "Polls that did not end complete."},
              ReadConnection(&ConnectionCount<&ConnectionSnapshot::failures>)},
    MetricRow{{"telnyx_connection_failure_info", kGauge, "",
               "1 with the reason of the newest poll's failure; absent when it was complete."},
              ReadConnection(&ReadFailureInfo)},
    MetricRow{{"telnyx_poll_item_mismatches_total", kCounter, "",
               "Complete polls whose count differed from the API's own; calls that come and go "
               "between two pages cause that."},
              ReadConnection(&ConnectionCount<&ConnectionSnapshot::item_mismatches>)},

    // Of an account.
    MetricRow{{kApiRequests, kCounter, "",
               "API requests by HTTP status code; code=\"error\" for those without an answer."},
              ReadExporter(&FromRegistry)},
    MetricRow{{kApiRequestDuration, kHistogram, "seconds", "How long one API request took."},
              ReadExporter(&FromRegistry)},
    MetricRow{{"telnyx_account_poll_failures_total", kCounter, "",
               "Polls of the account's connections that did not end complete, by reason."},
              ReadAccount(&ReadPollFailures)},
    MetricRow{{"telnyx_account_polls_skipped_total", kCounter, "",
               "Polls that were due but not begun because the one before was not over yet."},
              ReadAccount(&AccountCount<&AccountSnapshot::polls_skipped>)},
    MetricRow{{"telnyx_account_connections", kGauge, "",
               "Connections of the account by state: known, with numbers now, or unknown. A sum "
               "over the account is complete when none is unknown. The unknown ones are absent "
               "before the account's lists were read."},
              ReadAccount(&ReadCoverage)},
    MetricRow{{"telnyx_account_required_requests_per_second", kGauge, "",
               "Requests that polls and list refreshes need at the configured and idle "
               "intervals."},
              ReadAccount(&BudgetRate<&RequestBudget::required_per_second>)},
    MetricRow{{"telnyx_account_allowed_requests_per_second", kGauge, "",
               "Requests that the rate limit in force allows."},
              ReadAccount(&BudgetRate<&RequestBudget::allowed_per_second>)},
    MetricRow{{"telnyx_account_channel_limit", kGauge, "",
               "How many calls the whole account may have at once, as the API says. Absent where "
               "not known."},
              ReadAccount(&AccountValueIfAny<&AccountSnapshot::channel_limit>)},
    MetricRow{{"telnyx_account_api_key_readable", kGauge, "",
               "1 when the account's API key could be read at the newest attempt, else 0."},
              ReadExporter(&ReadKeyReadable)},
    MetricRow{{"telnyx_api_retries_total", kCounter, "", "Retries of failed API requests."},
              ReadAccount(&AccountCount<&AccountSnapshot::retries>)},
    MetricRow{{"telnyx_api_response_bytes_total", kCounter, "bytes",
               "Bytes of API response bodies after decompression."},
              ReadAccount(&AccountCount<&AccountSnapshot::response_bytes>)},
    MetricRow{{"telnyx_api_ignored_fields_total", kCounter, "",
               "Optional fields of the API's answers that could not be used and were ignored."},
              ReadAccount(&AccountCount<&AccountSnapshot::ignored_fields>)},
    MetricRow{{"telnyx_api_rate_limit_remaining", kGauge, "",
               "Requests left according to the newest x-ratelimit-remaining header. Absent until "
               "one was seen."},
              ReadAccount(&AccountValueIfAny<&AccountSnapshot::api_remaining>)},
    MetricRow{{"telnyx_api_rate_limit_limit", kGauge, "",
               "Requests allowed according to the newest x-ratelimit-limit header. Absent until "
               "one was seen."},
              ReadAccount(&AccountValueIfAny<&AccountSnapshot::api_limit>)},
    MetricRow{{"telnyx_api_rate_limiter_wait_seconds_total", kCounter, "seconds",
               "Time that requests waited for the exporter's own rate limit of the account."},
              ReadAccount([](const AccountReading& reading, FamilyWriter& out) {
                out.Add(ToSeconds(reading.account.limiter_wait), {}, reading.account.added);
              })},
    MetricRow{{"telnyx_discovered_connections", kGauge, "",
               "Connections that discovery found and keeps. Absent before the first complete "
               "list."},
              ReadAccount([](const AccountReading& reading, FamilyWriter& out) {
                const auto& discovery = reading.account.discovery;
                if (discovery && discovery->last_success) {
                  out.Add(static_cast<double>(reading.coverage.discovered));
                }
              })},
    MetricRow{{"telnyx_discovery_failures_total", kCounter, "",
               "Refreshes of the account's lists that did not end complete."},
              ReadAccount([](const AccountReading& reading, FamilyWriter& out) {
                const auto& discovery = reading.account.discovery;
                if (discovery) out.Add(Number(discovery->failures), {}, discovery->added);
              })},
    MetricRow{{"telnyx_discovery_last_success_timestamp_seconds", kGauge, "seconds",
               "When the account's lists were last read to the end, in seconds since 1970. Absent "
               "before it."},
              ReadAccount([](const AccountReading& reading, FamilyWriter& out) {
                const auto& discovery = reading.account.discovery;
                if (discovery && discovery->last_success_wall) {
                  out.Add(ToUnixSeconds(*discovery->last_success_wall));
                }
              })},
    MetricRow{{"telnyx_discovery_refresh_interval_seconds", kGauge, "seconds",
               "How often the account's lists are to be refreshed, as configured."},
              ReadAccount([](const AccountReading& reading, FamilyWriter& out) {
                const auto& discovery = reading.account.discovery;
                if (discovery) out.Add(ToSeconds(discovery->refresh_interval));
              })},
    MetricRow{{"telnyx_outbound_voice_profile_concurrent_call_limit", kGauge, "",
               "How many calls may use the outbound voice profile at once. Absent without a "
               "limit."},
              ReadAccount(&ReadVoiceProfiles)},

    // Of the exporter itself.
    MetricRow{{"telnyx_exporter_shard_info", kGauge, "",
               "Always 1: which of how many exporters that share the connections this is."},
              ReadExporter([](const ExporterReading& reading, FamilyWriter& out) {
                const auto& shard = reading.exporter.shard;
                if (!shard) return;
                out.Add(1, {{"shard", std::to_string(shard->index)},
                            {"total_shards", std::to_string(shard->total)}});
              })},
    MetricRow{{"telnyx_exporter_build_info", kGauge, "",
               "Always 1: the version, source revision and compiler of the exporter."},
              ReadExporter([](const ExporterReading& reading, FamilyWriter& out) {
                const BuildInfo& build = reading.exporter.build;
                out.Add(1, {{"compiler", build.compiler},
                            {"revision", build.revision},
                            {"version", build.version}});
              })},
    MetricRow{{"telnyx_exporter_config_last_reload_successful", kGauge, "",
               "1 when the newest attempt to load the configuration succeeded, else 0."},
              ReadExporter([](const ExporterReading& reading, FamilyWriter& out) {
                out.Add(reading.exporter.config_successful ? 1 : 0);
              })},
    MetricRow{{"telnyx_exporter_config_last_reload_success_timestamp_seconds", kGauge, "seconds",
               "When the configuration in force was loaded, in seconds since 1970."},
              ReadExporter([](const ExporterReading& reading, FamilyWriter& out) {
                const auto& loaded = reading.exporter.config_loaded;
                if (loaded) out.Add(ToUnixSeconds(*loaded));
              })},
    MetricRow{{"telnyx_exporter_web_config_last_reload_successful", kGauge, "",
               "1 when the newest attempt to load the web configuration succeeded, else 0. Absent "
               "without one."},
              ReadExporter([](const ExporterReading& reading, FamilyWriter& out) {
                const auto& successful = reading.exporter.web_config_successful;
                if (successful) out.Add(*successful ? 1 : 0);
              })},
    MetricRow{{"telnyx_exporter_tls_certificate_expiry_timestamp_seconds", kGauge, "seconds",
               "When the exporter's own TLS certificate expires, in seconds since 1970. Absent "
               "without TLS."},
              ReadExporter([](const ExporterReading& reading, FamilyWriter& out) {
                const auto& expires = reading.exporter.tls_certificate_expires;
                if (expires) out.Add(ToUnixSeconds(*expires));
              })},
    MetricRow{{kPollLag, kHistogram, "seconds", "How much later than due polls began."},
              ReadExporter(&FromRegistry)},
    MetricRow{{"telnyx_exporter_tracked_calls", kGauge, "",
               "Call legs of all connections that the next polls are compared with."},
              ReadExporter([](const ExporterReading& reading, FamilyWriter& out) {
                std::uint64_t tracked = 0;
                for (const auto& connection : reading.view.connections) {
                  tracked += connection->tracked_calls;
                }
                out.Add(Number(tracked));
              })},
    MetricRow{{kWebRequests, kCounter, "", "HTTP requests answered, by handler and status code."},
              ReadExporter(&FromRegistry)},
    MetricRow{{kLogLinesLost, kCounter, "",
               "Log lines that could not be written because standard error was not read in time."},
              ReadExporter(&FromRegistry)},

    // Of the process, under the names that all Prometheus clients use.
    MetricRow{{"process_cpu_seconds_total", kCounter, "seconds", "User and system CPU time spent."},
              ReadExporter(&FromProcess)},
    MetricRow{{"process_open_fds", kGauge, "", "Open file descriptors."},
              ReadExporter(&FromProcess)},
    MetricRow{{"process_max_fds", kGauge, "", "How many file descriptors may be open."},
              ReadExporter(&FromProcess)},
    MetricRow{{"process_virtual_memory_bytes", kGauge, "bytes", "Virtual memory size."},
              ReadExporter(&FromProcess)},
    MetricRow{{"process_virtual_memory_max_bytes", kGauge, "bytes",
               "How much virtual memory may be used."},
              ReadExporter(&FromProcess)},
    MetricRow{{"process_resident_memory_bytes", kGauge, "bytes", "Resident memory size."},
              ReadExporter(&FromProcess)},
    MetricRow{{"process_start_time_seconds", kGauge, "seconds",
               "When the process started, in seconds since 1970."},
              ReadExporter(&FromProcess)},
    MetricRow{{"process_threads", kGauge, "", "Threads of the process."},
              ReadExporter(&FromProcess)},
};

}  // namespace

std::span<const MetricRow> MetricTable() { return kTable; }

}  // namespace telnyx_exporter
