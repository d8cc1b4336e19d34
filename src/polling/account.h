#pragma once

// One account of the poller: its connections and lists as jobs, and what they share: rate limit,
// API key, request budget. The poller wakes its jobs, gives it turns to send, and takes it through
// reloads. On the polling thread only.

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "calls/call_summary.h"
#include "calls/call_tracker.h"
#include "polling/discovery.h"
#include "polling/job.h"
#include "polling/key_guard.h"
#include "polling/poll.h"
#include "polling/poll_schedule.h"
#include "polling/request_budget.h"
#include "polling/send_queue.h"

namespace telnyx_exporter {

/// Small keys, used again after their release.
template <typename Key>
class KeyPool {
 public:
  Key Acquire() {
    if (free_.empty()) return static_cast<Key>(used_++);
    const Key key = free_.back();
    free_.pop_back();
    return key;
  }
  void Release(Key key) { free_.push_back(key); }

 private:
  std::vector<Key> free_;
  std::uint32_t used_ = 0;
};

/// What all accounts of a poller share.
struct PollingContext {
  const Clock& clock;
  Transport& transport;
  PollObserver& observer;
  SortedLegs legs;  // of the poll that ends; what the trackers keep is in their order

  WakeSet wakes{};
  KeyPool<ConnectionKey> connection_keys{};
  PollWorkspace workspace{};
  SpareLegBlocks spare_leg_blocks{};
  std::uint32_t in_flight = 0;

  // Of the plan in force.
  PageWalkLimits walk{};
  std::uint32_t max_in_flight = 0;
  std::size_t max_response_bytes = 0;
  Shard shard{};
  bool first_polls_at_once = false;
  bool single_round = false;
  std::optional<CallSummarizer> summarizer{};

  bool has_free_slot() const { return in_flight < max_in_flight; }
};

class Account {
 public:
  /// `context` must outlive it. `seed` decides jitter.
  Account(AccountKey key, AccountPlan plan, PollingContext& context, std::uint64_t seed,
          Instant now);
  /// Cancels its requests; nothing is reported.
  ~Account();
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

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
  /// Sends one request, if one may be sent.
  bool SendNext(Instant now);
  /// After all requests that may be sent have been.
  void EndStep(Instant now);
  /// When SendNext has something to send; nothing when nobody waits.
  std::optional<Instant> NextTurn(Instant now) const { return queue_.NextTurn(now); }

 private:
  /// How a sequence of requests ended.
  using Outcome = std::expected<void, PollFailure>;

  struct Connection : Job {
    Connection(AccountKey of, ConnectionKey connection_key, ConnectionPlan its_plan,
               PollSchedule its_schedule);

    const ConnectionKey key;
    ConnectionPlan plan;
    PollSchedule schedule;
    double demand = 0;          // its share of polls_demand_
    bool demands_idle = false;  // of which part
    CallTracker tracker;
  };

  // Plans, in account_plan.cpp.
  void AddConnection(const ConnectionPlan& plan, Instant now);
  void ChangeConnection(Connection& connection, const ConnectionPlan& plan, Instant now);
  void RemoveIf(const std::function<bool(const Connection&)>& gone);
  void ApplyDiscovery(const AccountPlan& before, bool other_endpoint, Instant now);
  bool NamesUnknown(const AccountPlan& before) const;
  void ForgetKey(Instant now);
  void ScheduleRefresh(Instant now);
  void StopRefresh();
  void EndRefresh(const Outcome& outcome, Instant now);
  void UpdateDemand(Connection& connection);
  RequestDemand Demand() const;

  // Requests.
  /// Takes over its schedule's times, after any change of it.
  void Reschedule(Connection& connection);
  void OnRefreshDue(Instant now);
  void OnConnectionDue(Connection& connection, Instant now);
  void OnDeadline(Job& job, Instant now);
  void Begin(Job& job, Instant now);
  void Send(Job& job, Instant now);
  void Cancel(Job& job);
  void OnExchange(Job& job, const Exchange& exchange);
  void LearnLimits(const Answer& answer, Instant now);
  void LearnOfKey(Connection& connection, const Answer& answer, RequestSequence::Next next,
                  Instant now);
  void HoldBackWaiting(Instant now);
  void End(Job& job, const Outcome& outcome, Instant now);
  void EndPoll(Connection& connection, const Outcome& outcome, Instant now);
  CompletePoll Summarize(const Poll& poll, Connection& connection, PollReport& report);
  void FailWithoutRequest(Connection& connection, PollFailure failure, Instant now);
  void FailExpired(Connection& connection, Instant now);
  PollFailure HeldBack(std::string_view what, Instant since, Instant now) const;
  void ReportHeldBack(const Connection& connection, PollFailure failure, Duration lag, Instant now);
  Duration ShortestInterval() const;

  const AccountKey key_;
  PollingContext& context_;
  AccountPlan plan_;
  SendQueue queue_;
  KeyGuard key_guard_;
  std::mt19937_64 random_;  // its own, so that nothing in another account changes its times
  std::uint32_t requests_in_flight_ = 0;

  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> expired_;  // in this step, as it seems

  // Its lists.
  Job refresh_;
  DiscoveredConnections discovered_;
  std::optional<Instant> last_refresh_;  // when it ended
  std::uint32_t failed_refreshes_ = 0;   // in a row
  double refresh_spread_ = 1;            // of the wait until the next one
  std::uint32_t refresh_requests_ = 1;   // of the newest complete one

  // Its budget.
  RequestDemand polls_demand_;  // of its connections
  IntervalStretch stretch_;
  std::optional<RequestBudget> reported_budget_;
};

}  // namespace telnyx_exporter
