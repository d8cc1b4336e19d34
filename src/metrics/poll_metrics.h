#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/connection_store.h"
#include "metrics/exporter_metrics.h"
#include "polling/poll_observer.h"

namespace telnyx_exporter {

/// Listens to the poller and puts each event where metrics are kept: what is about a connection
/// into the store, what is about an account or the exporter into the registry.
class PollMetrics final : public PollObserver {
 public:
  PollMetrics(ConnectionStore& connections, ExporterMetrics& exporter);

  void OnAccountAdded(AccountKey account, const AccountPlan& plan) override;
  void OnAccountChanged(AccountKey account, const AccountPlan& plan) override;
  void OnAccountRemoved(AccountKey account) override;
  void OnConnectionAdded(ConnectionKey connection, AccountKey account,
                         const ConnectionPlan& plan) override;
  void OnConnectionChanged(ConnectionKey connection, const ConnectionPlan& plan) override;
  void OnConnectionRemoved(ConnectionKey connection) override;
  void OnPlanApplied() override { connections_.OnPlanApplied(); }
  void OnIntervalChanged(ConnectionKey connection, const IntervalInForce& now) override;
  void OnPollBegun(ConnectionKey connection, Duration lag) override;
  void OnPollEnded(ConnectionKey connection, const PollReport& report) override;
  void OnDiscoveryEnded(AccountKey account, const DiscoveryReport& report) override;
  void OnPollsSkipped(ConnectionKey connection, std::uint64_t count) override;
  void OnRequestEnded(AccountKey account, const RequestReport& report) override;
  void OnRetry(AccountKey account, std::optional<ConnectionKey> connection,
               const RetryReport& report) override;
  void OnRateLimiterWait(AccountKey account, Duration waited) override;

 private:
  AccountKey AccountOf(ConnectionKey key) const { return accounts_[static_cast<std::size_t>(key)]; }
  void SetTrackedCalls(ConnectionKey connection, std::uint64_t legs);

  struct Account {
    std::string name;
    bool awaits_discovery = false;  // its first lists
  };

  void StopAwaitingDiscovery(AccountKey key);

  ConnectionStore& connections_;
  ExporterMetrics& exporter_;
  std::vector<Account> accounts_by_key_;
  std::vector<AccountKey> accounts_;          // by ConnectionKey
  std::vector<std::uint64_t> tracked_calls_;  // by ConnectionKey
  std::uint64_t all_tracked_calls_ = 0;
};

}  // namespace telnyx_exporter
