#include "metrics/poll_metrics.h"

namespace telnyx_exporter {

PollMetrics::PollMetrics(ConnectionStore& connections, ExporterMetrics& exporter)
    : connections_(connections), exporter_(exporter) {}

void PollMetrics::OnAccountAdded(AccountKey account, const AccountPlan& plan) {
  const auto index = static_cast<std::size_t>(account);
  if (account_names_.size() <= index) account_names_.resize(index + 1);
  account_names_[index] = plan.name;
  exporter_.AddAccount(account, plan.name);
}

void PollMetrics::OnConnectionAdded(ConnectionKey connection, AccountKey account,
                                    const ConnectionPlan& plan) {
  const auto index = static_cast<std::size_t>(connection);
  if (accounts_.size() <= index) {
    accounts_.resize(index + 1);
    tracked_calls_.resize(index + 1);
  }
  accounts_[index] = account;
  connections_.Add(connection, account_names_[static_cast<std::size_t>(account)], plan);
}

void PollMetrics::OnAccountRemoved(AccountKey account) { exporter_.RemoveAccount(account); }

void PollMetrics::OnConnectionChanged(ConnectionKey connection, const ConnectionPlan& plan) {
  connections_.Change(connection, plan);
}

void PollMetrics::OnConnectionRemoved(ConnectionKey connection) {
  SetTrackedCalls(connection, 0);
  connections_.Remove(connection);
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

void PollMetrics::OnRetry(ConnectionKey connection, const RetryReport& /*report*/) {
  exporter_.CountRetry(AccountOf(connection));
}

void PollMetrics::OnRateLimiterWait(AccountKey account, Duration waited) {
  exporter_.CountRateLimiterWait(account, waited);
}

void PollMetrics::OnKeyRefused(AccountKey /*account*/, const KeyRefusalReport& /*report*/) {}

void PollMetrics::OnKeyAccepted(AccountKey /*account*/) {}

}  // namespace telnyx_exporter
