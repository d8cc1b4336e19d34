#include "metrics/exporter_metrics.h"

#include <algorithm>
#include <utility>

#include "metrics/catalogue.h"

namespace telnyx_exporter {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;

// From a page on the next machine to a page that takes the whole default time-out.
Histogram::BucketBoundaries RequestDurationBounds() {
  return {0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}
// From "on time" to "a whole default interval and more late".
Histogram::BucketBoundaries PollLagBounds() { return {0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300}; }

template <typename Metric, typename Builder>
Family<Metric>& Register(Builder builder, const MetricDescriptor& metric, Registry& registry) {
  return builder.Name(std::string(metric.name)).Help(std::string(metric.help)).Register(registry);
}

Family<Counter>& CounterFamily(const MetricDescriptor& metric, Registry& registry) {
  return Register<Counter>(prometheus::BuildCounter(), metric, registry);
}
Family<Gauge>& GaugeFamily(const MetricDescriptor& metric, Registry& registry) {
  return Register<Gauge>(prometheus::BuildGauge(), metric, registry);
}
Family<Histogram>& HistogramFamily(const MetricDescriptor& metric, Registry& registry) {
  return Register<Histogram>(prometheus::BuildHistogram(), metric, registry);
}

Labels With(Labels labels, std::string name, std::string value) {
  labels.emplace(std::move(name), std::move(value));
  return labels;
}

// A series that is there from the first known value on.
void SetWhereKnown(Gauge*& gauge, Family<Gauge>& family, const Labels& labels,
                   std::optional<double> value) {
  if (!value) return;
  if (gauge == nullptr) gauge = &family.Add(labels);
  gauge->Set(*value);
}

}  // namespace

ExporterMetrics::ExporterMetrics(const BuildInfo& build)
    : requests_(CounterFamily(catalogue::kApiRequests, registry_)),
      request_duration_(HistogramFamily(catalogue::kApiRequestDuration, registry_)),
      failures_(CounterFamily(catalogue::kAccountPollFailures, registry_)),
      skipped_(CounterFamily(catalogue::kAccountPollsSkipped, registry_)),
      retries_(CounterFamily(catalogue::kApiRetries, registry_)),
      response_bytes_(CounterFamily(catalogue::kApiResponseBytes, registry_)),
      rate_limit_remaining_(GaugeFamily(catalogue::kApiRateLimitRemaining, registry_)),
      rate_limit_limit_(GaugeFamily(catalogue::kApiRateLimitLimit, registry_)),
      limiter_wait_(CounterFamily(catalogue::kApiRateLimiterWait, registry_)),
      discovered_(GaugeFamily(catalogue::kDiscoveredConnections, registry_)),
      discovery_failures_(CounterFamily(catalogue::kDiscoveryFailures, registry_)),
      discovery_time_(GaugeFamily(catalogue::kDiscoveryLastSuccess, registry_)),
      voice_profile_limit_(GaugeFamily(catalogue::kVoiceProfileCallLimit, registry_)),
      web_requests_(CounterFamily(catalogue::kWebRequests, registry_)),
      poll_lag_(HistogramFamily(catalogue::kPollLag, registry_).Add({}, PollLagBounds())),
      tracked_calls_(GaugeFamily(catalogue::kTrackedCalls, registry_).Add({})),
      config_successful_(GaugeFamily(catalogue::kConfigReloadSuccessful, registry_).Add({})),
      config_time_(GaugeFamily(catalogue::kConfigReloadTime, registry_).Add({})) {
  GaugeFamily(catalogue::kBuildInfo, registry_)
      .Add({{"version", std::string(build.version)},
            {"revision", std::string(build.revision)},
            {"compiler", std::string(build.compiler)}})
      .Set(1);
}

void ExporterMetrics::ShowShard(const Shard& shard) {
  GaugeFamily(catalogue::kShardInfo, registry_)
      .Add({{"shard", std::to_string(shard.index)}, {"total_shards", std::to_string(shard.total)}})
      .Set(1);
}

void ExporterMetrics::AddAccount(AccountKey key, const AccountPlan& plan) {
  const auto index = static_cast<std::size_t>(key);
  if (accounts_.size() <= index) accounts_.resize(index + 1);
  Account& account = accounts_[index];
  account.labels = {{"account", plan.name}};
  account.request_duration = &request_duration_.Add(account.labels, RequestDurationBounds());
  for (const FailureReason reason : kFailureReasons) {
    account.failures[static_cast<std::size_t>(reason)] =
        &failures_.Add(With(account.labels, "reason", std::string(ReasonLabel(reason))));
  }
  account.skipped = &skipped_.Add(account.labels);
  account.retries = &retries_.Add(account.labels);
  account.response_bytes = &response_bytes_.Add(account.labels);
  account.limiter_wait = &limiter_wait_.Add(account.labels);
  ChangeAccount(key, plan);
}

void ExporterMetrics::ChangeAccount(AccountKey key, const AccountPlan& plan) {
  Account& account = AccountOf(key);
  if (!plan.discovery) {
    ForgetDiscovery(account);
  } else if (account.discovery_failures == nullptr) {
    account.discovery_failures = &discovery_failures_.Add(account.labels);
  }
}

void ExporterMetrics::ForgetDiscovery(Account& account) {
  if (account.discovery_failures) {
    discovery_failures_.Remove(std::exchange(account.discovery_failures, nullptr));
  }
  if (account.discovered) discovered_.Remove(std::exchange(account.discovered, nullptr));
  if (account.discovery_time) {
    discovery_time_.Remove(std::exchange(account.discovery_time, nullptr));
  }
  ShowVoiceProfiles(account, {});
}

void ExporterMetrics::CountDiscovery(AccountKey key, const DiscoveryReport& report) {
  Account& account = AccountOf(key);
  if (!report.result) {
    account.discovery_failures->Increment();
    return;
  }
  SetWhereKnown(account.discovered, discovered_, account.labels,
                static_cast<double>(*report.result));
  SetWhereKnown(account.discovery_time, discovery_time_, account.labels,
                ToUnixSeconds(report.ended_wall));
  ShowVoiceProfiles(account, report.known.voice_profiles());
}

void ExporterMetrics::ShowVoiceProfiles(Account& account,
                                        const std::vector<ListedVoiceProfile>& profiles) {
  std::vector<Gauge*> shown;
  for (const ListedVoiceProfile& profile : profiles) {
    if (!profile.concurrent_call_limit) continue;
    Gauge& gauge = voice_profile_limit_.Add(
        With(With(account.labels, "profile_id", profile.id), "profile_name", profile.name));
    gauge.Set(static_cast<double>(*profile.concurrent_call_limit));
    shown.push_back(&gauge);
  }
  for (Gauge* gauge : std::exchange(account.voice_profiles, shown)) {
    if (std::ranges::find(shown, gauge) == shown.end()) voice_profile_limit_.Remove(gauge);
  }
}

void ExporterMetrics::RemoveAccount(AccountKey key) {
  Account& account = AccountOf(key);
  for (const auto& [status, requests] : account.requests) requests_.Remove(requests);
  request_duration_.Remove(account.request_duration);
  for (Counter* failures : account.failures) failures_.Remove(failures);
  skipped_.Remove(account.skipped);
  retries_.Remove(account.retries);
  response_bytes_.Remove(account.response_bytes);
  limiter_wait_.Remove(account.limiter_wait);
  if (account.rate_limit_remaining) rate_limit_remaining_.Remove(account.rate_limit_remaining);
  if (account.rate_limit_limit) rate_limit_limit_.Remove(account.rate_limit_limit);
  ForgetDiscovery(account);
  account = {};
}

void ExporterMetrics::CountRequest(AccountKey key, const RequestReport& report) {
  Account& account = AccountOf(key);
  Counter*& requests = account.requests[report.http_status];
  if (requests == nullptr) {
    const std::string code = report.http_status == 0 ? "error" : std::to_string(report.http_status);
    requests = &requests_.Add(With(account.labels, "code", code));
  }
  requests->Increment();
  account.request_duration->Observe(ToSeconds(report.elapsed));
  account.response_bytes->Increment(static_cast<double>(report.body_bytes));
  SetWhereKnown(account.rate_limit_remaining, rate_limit_remaining_, account.labels,
                report.rate_limit_remaining);
  SetWhereKnown(account.rate_limit_limit, rate_limit_limit_, account.labels,
                report.rate_limit_limit);
}

void ExporterMetrics::CountRetry(AccountKey key) { AccountOf(key).retries->Increment(); }

void ExporterMetrics::CountPollFailure(AccountKey key, FailureReason reason) {
  AccountOf(key).failures[static_cast<std::size_t>(reason)]->Increment();
}

void ExporterMetrics::CountSkippedPolls(AccountKey key, std::uint64_t count) {
  AccountOf(key).skipped->Increment(static_cast<double>(count));
}

void ExporterMetrics::CountRateLimiterWait(AccountKey key, Duration waited) {
  AccountOf(key).limiter_wait->Increment(ToSeconds(waited));
}

void ExporterMetrics::ObservePollLag(Duration lag) { poll_lag_.Observe(ToSeconds(lag)); }

void ExporterMetrics::SetTrackedCalls(std::uint64_t legs) {
  tracked_calls_.Set(static_cast<double>(legs));
}

void ExporterMetrics::CountWebRequest(std::string_view handler, int status) {
  web_requests_.Add({{"handler", std::string(handler)}, {"code", std::to_string(status)}})
      .Increment();
}

double ExporterMetrics::discovery_failures() const {
  double failures = 0;
  for (const Account& account : accounts_) {
    if (account.discovery_failures) failures += account.discovery_failures->Value();
  }
  return failures;
}

void ExporterMetrics::NoteConfigLoaded(WallTime now) {
  config_successful_.Set(1);
  config_time_.Set(ToUnixSeconds(now));
}

void ExporterMetrics::NoteConfigRefused() { config_successful_.Set(0); }

void ExporterMetrics::SetApiKeyReadable(const std::string& account, bool readable) {
  prometheus::BuildGauge()
      .Name("telnyx_account_api_key_readable")
      .Help("Whether the API key could be read when it was looked for last.")
      .Register(registry_)
      .Add({{"account", account}})
      .Set(readable ? 1 : 0);
}

void ExporterMetrics::SetWebConfigLoaded(bool successful) {
  prometheus::BuildGauge()
      .Name("telnyx_exporter_web_config_last_reload_successful")
      .Help("Whether the newest web configuration is in force.")
      .Register(registry_)
      .Add({})
      .Set(successful ? 1 : 0);
}

void ExporterMetrics::SetTlsCertificateExpiry(std::optional<WallTime> expiry) {
  if (!expiry) return;
  prometheus::BuildGauge()
      .Name("telnyx_exporter_tls_certificate_expiry_timestamp_seconds")
      .Help("When the web server's certificate expires.")
      .Register(registry_)
      .Add({})
      .Set(ToUnixSeconds(*expiry));
}

void ExporterMetrics::AddLogLinesLost(std::uint64_t lines) {
  prometheus::BuildCounter()
      .Name("telnyx_exporter_log_lines_lost_total")
      .Help("Log lines that could not be written.")
      .Register(registry_)
      .Add({})
      .Increment(static_cast<double>(lines));
}

}  // namespace telnyx_exporter
