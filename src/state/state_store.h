#pragma once

// The newest snapshot of every connection and account. The polling thread tells it everything as a
// PollObserver and puts new snapshots into their slots; any thread reads all of them at one moment.
// The lock is held only while pointers are copied.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "polling/poll_observer.h"
#include "state/snapshots.h"

namespace telnyx_exporter {

class StateStore : public PollObserver {
 public:
  /// `clock` must outlive the store.
  explicit StateStore(const Clock& clock) : clock_(clock) {}

  /// Any thread.
  View Read() const;
  /// View::ready alone. Any thread.
  bool ready() const;
  /// Changes when connections or accounts come, go or change their plan or interval, so that what
  /// was reconfigured shows at once. Any thread, without a lock.
  std::uint64_t plan_version() const { return plan_version_.load(std::memory_order_acquire); }

  void OnAccountAdded(AccountKey account, const AccountPlan& plan) override;
  void OnAccountChanged(AccountKey account, const AccountPlan& plan) override;
  void OnAccountRemoved(AccountKey account) override;
  void OnConnectionAdded(ConnectionKey connection, AccountKey account,
                         const ConnectionPlan& plan) override;
  void OnConnectionChanged(ConnectionKey connection, const ConnectionPlan& plan) override;
  void OnConnectionRemoved(ConnectionKey connection) override;
  void OnPlanApplied() override;
  void OnPollBegun(ConnectionKey connection, Duration lag) override;
  void OnPollEnded(ConnectionKey connection, const PollReport& report) override;
  void OnIntervalChanged(ConnectionKey connection, const IntervalInForce& now) override;
  void OnPollsSkipped(ConnectionKey connection, std::uint64_t count) override;
  void OnDiscoveryEnded(AccountKey account, const DiscoveryReport& report) override;
  void OnRequestEnded(AccountKey account, const RequestReport& report) override;
  void OnRetry(AccountKey account, std::optional<ConnectionKey> connection,
               const RetryReport& report) override;
  void OnRateLimiterWait(AccountKey account, Duration waited) override;
  void OnFieldsIgnored(AccountKey account, std::uint64_t count) override;
  void OnBudgetChanged(AccountKey account, const RequestBudget& budget) override;
  void OnKeyRefused(AccountKey account, const KeyRefusalReport& report) override;
  void OnKeyAccepted(AccountKey account) override;

 private:
  template <typename Key, typename Snapshot>
  void Publish(std::vector<std::shared_ptr<const Snapshot>>& slots, Key key,
               std::shared_ptr<const Snapshot> snapshot);
  template <typename Change>
  void ChangeAccount(AccountKey key, const Change& change);
  template <typename Change>
  void ChangeConnection(ConnectionKey key, const Change& change);
  const ConnectionSnapshot& ConnectionOf(ConnectionKey key) const {
    return *connections_[static_cast<std::size_t>(key)];
  }
  const AccountSnapshot& AccountOf(AccountKey key) const {
    return *accounts_[static_cast<std::size_t>(key)];
  }
  AccountKey AccountOf(ConnectionKey key) const {
    return account_of_connection_[static_cast<std::size_t>(key)];
  }
  void StopAwaitingDiscovery(AccountKey key);
  void UpdateReady();
  void ChangePlanVersion() { plan_version_.fetch_add(1, std::memory_order_release); }

  const Clock& clock_;
  // Polling thread only.
  std::vector<AccountKey> account_of_connection_;  // by ConnectionKey
  std::vector<bool> awaits_discovery_;             // by AccountKey: its first lists
  std::size_t not_polled_ = 0;                     // connections
  std::size_t awaited_ = 0;                        // discoveries

  std::atomic<std::uint64_t> plan_version_{0};
  mutable std::mutex mutex_;
  // Changed under mutex_ by the polling thread alone, which therefore reads them without it.
  std::vector<std::shared_ptr<const ConnectionSnapshot>> connections_;  // by key; null: none
  std::vector<std::shared_ptr<const AccountSnapshot>> accounts_;        // the same
  bool ready_ = false;
};

}  // namespace telnyx_exporter
