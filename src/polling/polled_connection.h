#pragma once

// One connection that is polled, and one poll of it: the walk through all pages of its active
// calls. The connection is a job with its plan, its due times and what its polls leave for the next
// one. It begins and ends its polls and tells the observer of them; when it may send is its
// account's business. On the polling thread only.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "calls/call_rows.h"
#include "calls/call_summary.h"
#include "calls/call_tracker.h"
#include "http/transport.h"
#include "polling/account_limits.h"
#include "polling/job.h"
#include "polling/poll_observer.h"
#include "polling/poll_plan.h"
#include "polling/poll_schedule.h"
#include "polling/request_sequence.h"
#include "telnyx/page_parser.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter {

/// What polls that follow each other use again; it outlives them all.
struct PollWorkspace {
  PageParser parser;
  std::vector<ActiveCall> page;  // the rows of the page that is read
  CallRows spare_rows;           // empty, with the memory of a large poll
};

/// One poll: the requests for all pages of a connection's active calls.
class Poll final : public RequestSequence {
 public:
  Poll(std::string_view connection_id, PageWalkLimits limits, Instant begun, Duration timeout,
       PollWorkspace& workspace);
  ~Poll() override;

  const std::string& next_target() const override { return walk_.next_target(); }

  // After kComplete.

  CallRows& rows() { return rows_; }
  std::vector<ActiveCall> longest_calls() const { return longest_calls_.Sorted(); }
  std::optional<std::uint64_t> reported_legs() const { return reported_legs_; }
  std::uint32_t pages() const { return walk_.pages(); }

 protected:
  std::expected<Step, PollFailure> OnPage(std::string_view body) override;

 private:
  void MakeRoomFor(std::uint64_t rows);

  PollWorkspace& workspace_;
  PageWalk walk_;
  CallRows rows_;
  LongestCalls longest_calls_;
  std::optional<std::uint64_t> reported_legs_;
};

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
  PollObservers observers;
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
  /// Counts what it needs in place of what was counted before; `was_cleared`: nothing is counted.
  void CountDemand(BudgetReview& budget, bool was_cleared = false);

  /// Takes over another plan for the same connection.
  void Change(const ConnectionPlan& plan, Instant now);
  void Stretch(const IntervalStretch& stretch, Instant now);
  /// Tells the schedule, and takes over its times.
  template <typename... Arguments>
  void Reschedule(void (PollSchedule::*event)(Arguments...), Arguments... arguments) {
    (schedule_.*event)(arguments...);
    Reschedule();
  }
  /// The account's key is accepted again: the next poll comes soon if the newest one failed because
  /// of the key.
  void RetryAfterKeyRefusal(Instant now);

  /// The API took the key for this connection.
  void NoteKeyAccepted() { key_refused_at_.reset(); }
  /// The API refused the key for this connection. True when that is about the connection alone: the
  /// key was refused for it before, and accepted for another one since, at `accepted_at`.
  bool NoteKeyRefused(std::optional<Instant> accepted_at, Instant now);

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
  CompletePoll Summarize(Poll& poll, PollReport& report);
  void NoteFailure(FailureReason reason, const RequestSequence& poll, Instant now);
  void ReportHeldBack(PollFailure failure, Duration lag, Instant now);

  PollingContext& context_;
  const ConnectionKey key_;
  ConnectionPlan plan_;
  PollSchedule schedule_;
  DemandShare counted_demand_;  // in its account's budget
  bool failed_by_key_ = false;  // the newest poll, asked or not
  // When the newest answer about the key refused it; nothing: it was accepted.
  std::optional<Instant> key_refused_at_;
  bool refused_alone_ = false;  // that refusal is about this connection alone
  CallTracker tracker_;
};

}  // namespace telnyx_exporter
