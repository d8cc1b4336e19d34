#pragma once

// One connection that is polled: a job with its plan, its due times and what its polls leave for
// the next one. It begins and ends its polls and tells the observer of them; when it may send is
// its account's business. On the polling thread only.

#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "calls/call_summary.h"
#include "calls/call_tracker.h"
#include "http/transport.h"
#include "polling/account_limits.h"
#include "polling/job.h"
#include "polling/poll.h"
#include "polling/poll_observer.h"
#include "polling/poll_plan.h"
#include "polling/poll_schedule.h"

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

/// How a sequence of requests ended.
using Outcome = std::expected<void, PollFailure>;

class PolledConnection : public Job {
 public:
  /// `context` must outlive it. `hash` chooses its place in its interval.
  PolledConnection(PollingContext& context, AccountKey account, const ConnectionPlan& plan,
                   std::uint64_t hash, Instant now);

  ConnectionKey key() const { return key_; }
  const ConnectionPlan& plan() const { return plan_; }
  const PollSchedule& schedule() const { return schedule_; }
  /// What it adds to its account's demand, as counted last.
  DemandShare& counted_demand() { return counted_demand_; }
  DemandShare demand() const { return {.requests = schedule_.demand(), .idle = schedule_.idle()}; }

  /// Takes over another plan for the same connection.
  void Change(const ConnectionPlan& plan, Instant now);
  void Stretch(const IntervalStretch& stretch, Instant now);
  /// The account has another key: what was refused is tried again.
  void Retry(Instant now);

  /// Its due time has come. False when no poll is to begin: the one before is not over, or the
  /// machine slept.
  bool OnDue(Instant now);
  /// Makes the sequence of requests for a poll that was waiting.
  void Begin(Instant now);
  /// The sequence is over.
  void End(const Outcome& outcome, Instant now);
  /// A poll that was waiting fails: the account's key was refused.
  void FailWithoutRequest(PollFailure failure, Instant now);
  /// Its values have expired, or its first poll is too much overdue, before a request was allowed.
  void FailExpired(PollFailure failure, Instant now);
  /// Takes over its schedule's times, after any change of it.
  void Reschedule();

 private:
  CompletePoll Summarize(const Poll& poll, PollReport& report);
  void ReportHeldBack(PollFailure failure, Duration lag, Instant now);

  PollingContext& context_;
  const ConnectionKey key_;
  ConnectionPlan plan_;
  PollSchedule schedule_;
  DemandShare counted_demand_;
  CallTracker tracker_;
};

}  // namespace telnyx_exporter
