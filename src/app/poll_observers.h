#pragma once

#include <vector>

#include "polling/poll_observer.h"

namespace telnyx_exporter {

/// Hands every event of the poller on to several listeners, in their order.
class PollObservers final : public PollObserver {
 public:
  explicit PollObservers(std::vector<PollObserver*> observers) : observers_(std::move(observers)) {}

  void OnAccountAdded(AccountKey account, const AccountPlan& plan) override {
    for (PollObserver* observer : observers_) observer->OnAccountAdded(account, plan);
  }
  void OnAccountChanged(AccountKey account, const AccountPlan& plan) override {
    for (PollObserver* observer : observers_) observer->OnAccountChanged(account, plan);
  }
  void OnAccountRemoved(AccountKey account) override {
    for (PollObserver* observer : observers_) observer->OnAccountRemoved(account);
  }
  void OnConnectionAdded(ConnectionKey connection, AccountKey account,
                         const ConnectionPlan& plan) override {
    for (PollObserver* observer : observers_) {
      observer->OnConnectionAdded(connection, account, plan);
    }
  }
  void OnConnectionChanged(ConnectionKey connection, const ConnectionPlan& plan) override {
    for (PollObserver* observer : observers_) observer->OnConnectionChanged(connection, plan);
  }
  void OnConnectionRemoved(ConnectionKey connection) override {
    for (PollObserver* observer : observers_) observer->OnConnectionRemoved(connection);
  }
  void OnPlanApplied() override {
    for (PollObserver* observer : observers_) observer->OnPlanApplied();
  }
  void OnPollBegun(ConnectionKey connection, Duration lag) override {
    for (PollObserver* observer : observers_) observer->OnPollBegun(connection, lag);
  }
  void OnPollEnded(ConnectionKey connection, const PollReport& report) override {
    for (PollObserver* observer : observers_) observer->OnPollEnded(connection, report);
  }
  void OnIntervalChanged(ConnectionKey connection, const IntervalInForce& now) override {
    for (PollObserver* observer : observers_) observer->OnIntervalChanged(connection, now);
  }
  void OnFieldsIgnored(AccountKey account, std::uint64_t count) override {
    for (PollObserver* observer : observers_) observer->OnFieldsIgnored(account, count);
  }
  void OnBudgetChanged(AccountKey account, const RequestBudget& budget) override {
    for (PollObserver* observer : observers_) observer->OnBudgetChanged(account, budget);
  }
  void OnPollsSkipped(ConnectionKey connection, std::uint64_t count) override {
    for (PollObserver* observer : observers_) observer->OnPollsSkipped(connection, count);
  }
  void OnRequestEnded(AccountKey account, const RequestReport& report) override {
    for (PollObserver* observer : observers_) observer->OnRequestEnded(account, report);
  }
  void OnRetry(AccountKey account, std::optional<ConnectionKey> connection,
               const RetryReport& report) override {
    for (PollObserver* observer : observers_) observer->OnRetry(account, connection, report);
  }
  void OnDiscoveryEnded(AccountKey account, const DiscoveryReport& report) override {
    for (PollObserver* observer : observers_) observer->OnDiscoveryEnded(account, report);
  }
  void OnRateLimiterWait(AccountKey account, Duration waited) override {
    for (PollObserver* observer : observers_) observer->OnRateLimiterWait(account, waited);
  }
  void OnKeyRefused(AccountKey account, const KeyRefusalReport& report) override {
    for (PollObserver* observer : observers_) observer->OnKeyRefused(account, report);
  }
  void OnKeyAccepted(AccountKey account) override {
    for (PollObserver* observer : observers_) observer->OnKeyAccepted(account);
  }

 private:
  std::vector<PollObserver*> observers_;
};

}  // namespace telnyx_exporter
