#pragma once

// The polling loop: one thread that begins each connection's poll when it is due, keeps many of
// them in flight through one Transport, and reports what came of them. All decisions are made by
// the parts it drives (PollGrid, SendQueue, Poll); it owns the timers and the connections.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <random>
#include <stop_token>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "calls/call_summary.h"
#include "calls/call_tracker.h"
#include "http/transport.h"
#include "polling/poll.h"
#include "polling/poll_grid.h"
#include "polling/poll_observer.h"
#include "polling/poll_plan.h"
#include "polling/send_queue.h"
#include "telnyx/page_parser.h"

namespace telnyx_exporter {

enum class PollMode {
  kContinuous,  // each connection at its interval, until stopped
  kOnce,        // each connection once, all as soon as the limits allow
};

class Poller {
 public:
  /// Everything passed by reference must outlive the poller. `seed` decides retry jitter and
  /// hashing.
  Poller(const PollPlan& plan, PollMode mode, const Clock& clock, Transport& transport,
         PollObserver& observer, std::uint64_t seed);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Polls until `stop` is requested or, in kOnce, until every poll has ended. Requests in flight
  /// are cancelled at a stop. Owns the calling thread.
  void Run(const std::stop_token& stop);

  /// Has Run call `task` soon, on its thread. Any thread. What Run does not get to any more,
  /// because it has ended, is destroyed without being called.
  void Post(std::move_only_function<void(Poller&)> task);

  /// Puts another plan into force at once. What stays, known by account name and connection id,
  /// goes on: its state, its place in time, its poll under way. What is new begins, what is gone
  /// ends. An account with another base address is another account: it and all its connections
  /// begin anew. On Run's thread.
  void Apply(const PollPlan& plan);

  // What Run is made of, for callers that bring their own time.

  /// Begins and continues everything that is due at the clock's present time.
  void Step();
  /// When Step has something to do again, if no request ends before; nothing when only requests in
  /// flight can bring new work.
  std::optional<Instant> NextWake() const;
  /// Nothing is under way and nothing will be: the end of kOnce.
  bool idle() const;

 private:
  struct Account;
  struct Connection;
  struct DueTime;
  struct InFlight;

  /// Wakes a sender up at a time: its poll or refresh is due, a retry's wait is over or the
  /// deadline is there.
  struct Timer {
    enum class Kind : std::uint8_t { kDue, kRetry, kDeadline };
    Instant when;
    std::uint64_t order;   // timers of the same moment go off in the order in which they were set
    std::uint64_t serial;  // of the due time or of the sequence that it was set for
    AccountKey account;
    Sender sender;
    Kind kind;

    bool operator>(const Timer& other) const {
      return std::tie(when, order) > std::tie(other.when, other.order);
    }
  };

  void RunTasks();

  // Poller's share of Apply, in poller_plan.cpp.
  Account& KeepOrAddAccount(const AccountPlan& plan, Instant now);
  void ChangeAccount(Account& account, const AccountPlan& plan, Instant now);
  void ApplyConnections(Account& account, Instant now);
  void AddConnection(Account& account, const ConnectionPlan& plan, Instant now);
  void ChangeConnection(Connection& connection, const ConnectionPlan& plan, Instant now);
  void RemoveConnections(const std::function<bool(const Connection&)>& gone);
  void RemoveConnection(Connection& connection);

  // Refreshes of the accounts' lists, in poller_discovery.cpp.
  void ScheduleRefresh(Account& account, Instant when);
  void OnRefreshDue(Account& account, Instant now);
  void BeginRefresh(Account& account, Instant now);
  void CancelRefresh(Account& account);
  void EndRefresh(Account& account, Instant now, const PollFailure* failure);

  void OnTimer(const Timer& timer, Instant now);
  void OnDue(Connection& connection, Instant due, Instant now);
  void OnDeadline(Account& account, Sender sender, Instant now);
  void SetTimer(Instant when, Timer::Kind kind, std::uint64_t serial, AccountKey account,
                Sender sender);
  void SetDue(Connection& connection, Instant when);

  bool AdmitOne(Instant now);
  bool AdmitFrom(Account& account, Instant now);
  void BeginPoll(Connection& connection, Instant now);
  void BeginSequence(Account& account, Sender sender);
  void SendRequest(Account& account, Sender sender, Instant now);
  void CancelRequest(Account& account, InFlight& in_flight);
  void OnExchange(Account& account, Sender sender, const Exchange& exchange);
  void ReportRequest(Account& account, const Exchange& exchange, Instant now);
  /// `failure`: null when the sequence is complete.
  void EndSequence(Account& account, Sender sender, Instant now, const PollFailure* failure);
  void EndPoll(Connection& connection, Instant now, const PollFailure* failure);
  CompletePoll Summarize(const Poll& poll);

  /// What an answer, which led the connection's poll to `next`, says about the account's key.
  void LearnOfKey(Connection& connection, const Exchange& exchange, RequestSequence::Next next,
                  Instant now);
  /// What a poll's end says about the connection.
  void LearnFrom(Connection& connection, const PollFailure* failure, Instant now);
  void OnKeyRefused(Connection& connection, const PollFailure& failure, Instant now);
  void OnKeyAccepted(const Connection& connection);
  bool HoldsBack(const Account& account, const Connection& connection, Instant now) const;
  void FailWithoutRequest(Connection& connection, Instant now);

  RequestSequence* SequenceOf(Account& account, Sender sender);
  InFlight& InFlightOf(Account& account, Sender sender);
  Account& AccountOf(AccountKey key) { return *accounts_[static_cast<std::size_t>(key)]; }
  Connection& ConnectionOf(ConnectionKey key) {
    return *connections_[static_cast<std::size_t>(key)];
  }

  const PollMode mode_;
  const Clock& clock_;
  Transport& transport_;
  PollObserver& observer_;
  std::mt19937_64 random_;
  PollWorkspace workspace_;
  SortedLegs legs_;  // of the poll that ended; its order is what the trackers keep theirs in
  SpareLegBlocks spare_leg_blocks_;

  // Of the plan in force.
  PageWalkLimits walk_limits_;
  std::uint32_t max_in_flight_ = 0;
  std::size_t max_response_bytes_ = 0;
  Shard shard_;
  std::optional<CallSummarizer> summarizer_;
  std::vector<std::unique_ptr<Account>> accounts_;        // by AccountKey; null: free
  std::vector<std::unique_ptr<Connection>> connections_;  // by ConnectionKey; null: free
  std::vector<AccountKey> free_accounts_;
  std::vector<ConnectionKey> free_connections_;

  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::size_t next_account_ = 0;  // whose turn it is to send
  std::uint32_t in_flight_ = 0;
  std::uint32_t left_ = 0;  // of kOnce: polls and refreshes
  std::uint64_t last_serial_ = 0;
  std::uint64_t last_timer_ = 0;

  std::mutex tasks_mutex_;
  std::vector<std::move_only_function<void(Poller&)>> tasks_;  // guarded by tasks_mutex_
  bool ended_ = false;                                         // guarded by tasks_mutex_
};

}  // namespace telnyx_exporter
