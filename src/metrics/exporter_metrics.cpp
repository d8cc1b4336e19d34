#include "metrics/exporter_metrics.h"

#include <utility>

namespace telnyx_exporter {
namespace {

using prometheus::Counter;
using prometheus::Histogram;
using prometheus::Labels;

// From an answer of a machine nearby to a request that takes the whole default time-out.
Histogram::BucketBoundaries RequestDurationBounds() {
  return {0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}
// From on time to later than a whole default interval.
Histogram::BucketBoundaries PollLagBounds() { return {0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300}; }

prometheus::Family<Counter>& CounterFamily(std::string_view name, prometheus::Registry& registry) {
  return prometheus::BuildCounter().Name(std::string(name)).Register(registry);
}

prometheus::Family<Histogram>& HistogramFamily(std::string_view name,
                                               prometheus::Registry& registry) {
  return prometheus::BuildHistogram().Name(std::string(name)).Register(registry);
}

}  // namespace

ExporterMetrics::ExporterMetrics(const BuildInfo& build, std::optional<WallTime> started)
    : requests_(CounterFamily(kApiRequests, registry_)),
      request_duration_(HistogramFamily(kApiRequestDuration, registry_)),
      poll_lag_(HistogramFamily(kPollLag, registry_).Add({}, PollLagBounds())),
      web_requests_(CounterFamily(kWebRequests, registry_)),
      log_lines_lost_(CounterFamily(kLogLinesLost, registry_).Add({})),
      state_{.build = build, .started = started} {}

void ExporterMetrics::ShowShard(const Shard& shard) {
  const std::lock_guard lock(mutex_);
  state_.shard = shard;
}

void ExporterMetrics::NoteConfigLoaded(WallTime now) {
  const std::lock_guard lock(mutex_);
  state_.config_successful = true;
  state_.config_loaded = now;
}

void ExporterMetrics::NoteConfigRefused() {
  const std::lock_guard lock(mutex_);
  state_.config_successful = false;
}

void ExporterMetrics::SetWebConfigLoaded(bool successful) {
  const std::lock_guard lock(mutex_);
  state_.web_config_successful = successful;
}

void ExporterMetrics::SetTlsCertificateExpiry(std::optional<WallTime> expires) {
  const std::lock_guard lock(mutex_);
  state_.tls_certificate_expires = expires;
}

void ExporterMetrics::SetApiKeyReadable(std::string_view account, bool readable) {
  const std::lock_guard lock(mutex_);
  state_.api_key_readable.insert_or_assign(std::string(account), readable);
}

void ExporterMetrics::CountWebRequest(std::string_view handler, int status) {
  web_requests_.Add({{"handler", std::string(handler)}, {"code", std::to_string(status)}})
      .Increment();
}

void ExporterMetrics::AddLogLinesLost(std::uint64_t lines) {
  log_lines_lost_.Increment(static_cast<double>(lines));
}

void ExporterMetrics::OnAccountAdded(AccountKey key, const AccountPlan& plan) {
  const auto index = static_cast<std::size_t>(key);
  if (accounts_.size() <= index) accounts_.resize(index + 1);
  accounts_[index] = {.name = plan.name,
                      .request_duration = &request_duration_.Add(Labels{{"account", plan.name}},
                                                                 RequestDurationBounds())};
}

void ExporterMetrics::OnAccountRemoved(AccountKey key) {
  Account account = std::exchange(AccountOf(key), {});
  for (const auto& [status, requests] : account.requests) requests_.Remove(requests);
  request_duration_.Remove(account.request_duration);
  const std::lock_guard lock(mutex_);
  state_.api_key_readable.erase(account.name);
}

void ExporterMetrics::OnPollBegun(ConnectionKey /*connection*/, Duration lag) {
  poll_lag_.Observe(ToSeconds(lag));
}

void ExporterMetrics::OnRequestEnded(AccountKey key, const RequestReport& report) {
  Account& account = AccountOf(key);
  Counter*& requests = account.requests[report.http_status];
  if (requests == nullptr) {
    const std::string code = report.http_status == 0 ? "error" : std::to_string(report.http_status);
    requests = &requests_.Add({{"account", account.name}, {"code", code}});
  }
  requests->Increment();
  account.request_duration->Observe(ToSeconds(report.elapsed));
}

ExporterState ExporterMetrics::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace telnyx_exporter
