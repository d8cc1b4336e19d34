#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "polling/poll_observer.h"

namespace telnyx_exporter {

/// Notes all that the poller says.
class RecordingObserver final : public PollObserver {
 public:
  void OnAccountAdded(AccountKey, const AccountPlan& plan) override {
    accounts.push_back(plan.name);
  }
  void OnAccountRemoved(AccountKey) override { ++accounts_removed; }
  void OnConnectionAdded(ConnectionKey key, AccountKey, const ConnectionPlan& plan) override {
    const auto index = static_cast<std::size_t>(key);
    if (connections.size() <= index) connections.resize(index + 1);
    connections[index] = plan.id;
    added.push_back(plan.id);
    plans.push_back(plan);
  }
  void OnConnectionChanged(ConnectionKey key, const ConnectionPlan& plan) override {
    plans.push_back(plan);
    changed.push_back(connections[static_cast<std::size_t>(key)] + "=" + plan.name);
  }
  void OnConnectionRemoved(ConnectionKey key) override {
    removed.push_back(connections[static_cast<std::size_t>(key)]);
  }
  void OnPlanApplied() override { connections_when_applied.push_back(added.size()); }
  void OnPollBegun(ConnectionKey key, Duration lag) override {
    begun.push_back(connections[static_cast<std::size_t>(key)]);
    lags.push_back(lag);
  }
  void OnPollEnded(ConnectionKey, const PollReport& report) override { ended.push_back(report); }
  void OnIntervalChanged(ConnectionKey, const IntervalInForce& now) override {
    intervals.push_back(now);
  }
  void OnBudgetChanged(AccountKey, const RequestBudget& budget) override {
    budgets.push_back(budget);
  }
  void OnPollsSkipped(ConnectionKey, std::uint64_t count) override { skipped += count; }
  void OnRequestEnded(AccountKey, const RequestReport& report) override {
    requests.push_back(report);
  }
  void OnRetry(AccountKey, std::optional<ConnectionKey>, const RetryReport& report) override {
    retries.push_back(report.delay);
  }
  void OnRateLimiterWait(AccountKey, Duration duration) override { waited += duration; }
  void OnKeyRefused(AccountKey, const KeyRefusalReport& report) override {
    key_waits.push_back(report.wait);
  }
  void OnKeyAccepted(AccountKey) override { ++keys_accepted; }
  void OnDiscoveryEnded(AccountKey, const DiscoveryReport& report) override {
    discoveries.push_back(report.result);
    lacking = report.known.lists().lacking;
  }

  std::vector<std::string> accounts, connections, added, changed, removed, begun;
  std::vector<std::size_t> connections_when_applied;
  std::vector<ConnectionPlan> plans;
  std::vector<Duration> key_waits;
  std::vector<IntervalInForce> intervals;
  std::vector<RequestBudget> budgets;
  std::vector<std::expected<std::size_t, PollFailure>> discoveries;
  std::vector<std::string_view> lacking;  // lists, by the newest discovery
  int accounts_removed = 0;
  int keys_accepted = 0;
  std::vector<Duration> lags, retries;
  std::vector<PollReport> ended;
  std::vector<RequestReport> requests;
  std::uint64_t skipped = 0;
  Duration waited{};
};

}  // namespace telnyx_exporter
