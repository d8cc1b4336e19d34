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
  void OnConnectionAdded(ConnectionKey connection, AccountKey account,
                         const ConnectionPlan& plan) override {
    for (PollObserver* observer : observers_) {
      observer->OnConnectionAdded(connection, account, plan);
    }
  }
  void OnPollBegun(ConnectionKey connection, Duration lag) override {
    for (PollObserver* observer : observers_) observer->OnPollBegun(connection, lag);
  }
  void OnPollEnded(ConnectionKey connection, const PollReport& report) override {
    for (PollObserver* observer : observers_) observer->OnPollEnded(connection, report);
  }
  void OnPollsSkipped(ConnectionKey connection, std::uint64_t count) override {
    for (PollObserver* observer : observers_) observer->OnPollsSkipped(connection, count);
  }
  void OnRequestEnded(AccountKey account, const RequestReport& report) override {
    for (PollObserver* observer : observers_) observer->OnRequestEnded(account, report);
  }
  void OnRetry(ConnectionKey connection, const RetryReport& report) override {
    for (PollObserver* observer : observers_) observer->OnRetry(connection, report);
  }
  void OnRateLimiterWait(AccountKey account, Duration waited) override {
    for (PollObserver* observer : observers_) observer->OnRateLimiterWait(account, waited);
  }

 private:
  std::vector<PollObserver*> observers_;
};

}  // namespace telnyx_exporter
