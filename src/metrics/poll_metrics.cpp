#include "metrics/poll_metrics.h"

#include <utility>

namespace telnyx_exporter {

PollMetrics::PollMetrics(ConnectionStore& connections, ExporterMetrics& exporter)
    : connections_(connections), exporter_(exporter) {}

void PollMetrics::OnAccountAdded(AccountKey account, const AccountPlan& plan) {
  const auto index = static_cast<std::size_t>(account);
  if (accounts_by_key_.size() <= index) accounts_by_key_.resize(index + 1);
  accounts_by_key_[index] = {.name = plan.name, .awaits_discovery = plan.discovery.has_value()};
  if (plan.discovery) connections_.AwaitDiscovery();
  exporter_.AddAccount(account, plan);
}

void PollMetrics::OnAccountChanged(AccountKey account, const AccountPlan& plan) {
  exporter_.ChangeAccount(account, plan);
  if (!plan.discovery) StopAwaitingDiscovery(account);
}

void PollMetrics::OnAccountRemoved(AccountKey account) {
  exporter_.RemoveAccount(account);
  StopAwaitingDiscovery(account);
}

void PollMetrics::OnDiscoveryEnded(AccountKey account, const DiscoveryReport& report) {
  exporter_.CountDiscovery(account, report);
  StopAwaitingDiscovery(account);
}

void PollMetrics::StopAwaitingDiscovery(AccountKey key) {
  Account& account = accounts_by_key_[static_cast<std::size_t>(key)];
  if (std::exchange(account.awaits_discovery, false)) connections_.OnDiscovered();
}

void PollMetrics::OnConnectionAdded(ConnectionKey connection, AccountKey account,
                                    const ConnectionPlan& plan) {
  const auto index = static_cast<std::size_t>(connection);
  if (accounts_.size() <= index) {
    accounts_.resize(index + 1);
    tracked_calls_.resize(index + 1);
  }
  accounts_[index] = account;
  connections_.Add(connection, accounts_by_key_[static_cast<std::size_t>(account)].name, plan);
}

void PollMetrics::OnConnectionChanged(ConnectionKey connection, const ConnectionPlan& plan) {
  connections_.Change(connection, plan);
}

void PollMetrics::OnConnectionRemoved(ConnectionKey connection) {
  SetTrackedCalls(connection, 0);
  connections_.Remove(connection);
}

void PollMetrics::OnIntervalChanged(ConnectionKey connection, const IntervalInForce& now) {
  connections_.SetInForce(connection, now);
}

void PollMetrics::OnPollBegun(ConnectionKey connection, Duration lag) {
  connections_.OnPollBegun(connection);
  exporter_.ObservePollLag(lag);
}

void PollMetrics::OnPollEnded(ConnectionKey connection, const PollReport& report) {
  if (!report.result) {
    exporter_.CountPollFailure(AccountOf(connection), report.result.error().reason);
  }
  if (report.changes) SetTrackedCalls(connection, report.changes->tracked);
  connections_.OnPollEnded(connection, report);
}

void PollMetrics::SetTrackedCalls(ConnectionKey connection, std::uint64_t legs) {
  std::uint64_t& tracked = tracked_calls_[static_cast<std::size_t>(connection)];
  all_tracked_calls_ += legs - tracked;
  tracked = legs;
  exporter_.SetTrackedCalls(all_tracked_calls_);
}

void PollMetrics::OnPollsSkipped(ConnectionKey connection, std::uint64_t count) {
  exporter_.CountSkippedPolls(AccountOf(connection), count);
}

void PollMetrics::OnRequestEnded(AccountKey account, const RequestReport& report) {
  exporter_.CountRequest(account, report);
}

void PollMetrics::OnRetry(AccountKey account, std::optional<ConnectionKey> /*connection*/,
                          const RetryReport& /*report*/) {
  exporter_.CountRetry(account);
}

void PollMetrics::OnRateLimiterWait(AccountKey account, Duration waited) {
  exporter_.CountRateLimiterWait(account, waited);
}

}  // namespace telnyx_exporter
