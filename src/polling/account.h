#pragma once

// One account of the poller: its connections and lists as jobs, and what they share: rate limit,
// API key, request budget. The poller wakes its jobs, gives it turns to send, and takes it through
// reloads. On the polling thread only.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/transport.h"
#include "polling/account_limits.h"
#include "polling/answer.h"
#include "polling/discovery.h"
#include "polling/job.h"
#include "polling/poll_plan.h"
#include "polling/polled_connection.h"
#include "polling/request_sequence.h"

namespace telnyx_exporter {

class Account {
 public:
  /// `context` must outlive it. `seed` decides jitter.
  Account(AccountKey key, AccountPlan plan, PollingContext& context, std::uint64_t seed,
          Instant now);
  /// Cancels its requests; nothing is reported.
  ~Account();

  AccountKey key() const { return key_; }
  const AccountPlan& plan() const { return plan_; }

  // A reload.

  /// Another plan for the same account.
  void Change(const AccountPlan& plan, Instant now);
  /// Adds, changes and removes connections, so that those are polled that the plan and the lists
  /// say.
  void ApplyConnections(Instant now);
  void RemoveConnections();
  /// The next polls come like first ones.
  void PollSoon(Instant now);
  /// Reports need and allowance where they have changed and stretches the intervals accordingly.
  void ReviewBudget(Instant now);

  // A step.

  /// Does what the job's wake time, which has come, asks for.
  void OnWake(Job& job, Instant now);
  bool MaySend(Instant now) const;
  /// Sends one request, when one may be sent.
  void SendNext(Instant now);
  std::uint32_t requests_in_flight() const { return requests_in_flight_; }
  /// After all requests that may be sent have been.
  void EndStep(Instant now);
  /// When SendNext has something to send; nothing when no job waits.
  std::optional<Instant> NextTurn(Instant now) const { return queue_.NextTurn(now); }

 private:
  // A reload.
  void ApplyDiscovery(const AccountPlan& before, bool other_endpoint, Instant now);
  void ForgetKey(Instant now);
  void ScheduleRefresh(Instant now);
  void StopRefresh();
  void RemoveIf(const std::function<bool(const PolledConnection&)>& gone);
  // A step.
  void OnDeadline(Job& job, Instant now);
  void Begin(Job& job, Instant now);
  void Cancel(Job& job);
  void OnExchange(Job& job, const Exchange& exchange);
  void UpdateLimits(const Answer& answer, Instant now);
  void UpdateKeyGuard(PolledConnection& connection, const Answer& answer,
                      RequestSequence::Next next, Instant now);
  void TellKeyAccepted(Instant now);
  void HoldBackWaiting(Instant now);
  void End(Job& job, const Outcome& outcome, Instant now);
  void EndRefresh(const Outcome& outcome, Instant now);
  RequestDemand Demand() const;
  PollFailure WhyHeldBack(std::string_view what, Instant since, Instant now) const;

  const AccountKey key_;
  PollingContext& context_;
  AccountPlan plan_;
  SendQueue queue_;
  KeyGuard key_guard_;
  BudgetReview budget_;
  std::mt19937_64 random_;  // its own, so that nothing in another account changes its times
  std::uint32_t requests_in_flight_ = 0;

  std::vector<std::unique_ptr<PolledConnection>> connections_;
  std::vector<PolledConnection*> expired_;  // in this step, as it seems

  Job refresh_;  // of its lists
  RefreshSchedule refresh_schedule_;
  DiscoveredConnections discovered_;
};

}  // namespace telnyx_exporter
