#pragma once

// The polling loop: one thread that wakes each job when it is due, keeps many requests in flight
// through one Transport, and reports what comes of them. All decisions are made by the parts it
// drives: Account and what that consists of.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "http/transport.h"
#include "polling/account.h"
#include "polling/poll_observer.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

class Poller {
 public:
  /// Everything passed by reference must outlive the poller. `seed` decides retry jitter and
  /// hashing.
  Poller(const PollPlan& plan, const Clock& clock, Transport& transport, PollObservers observers,
         std::uint64_t seed);

  /// Polls until `stop` is requested. Requests in flight are cancelled when the poller ends. Owns
  /// the calling thread.
  void Run(const std::stop_token& stop);

  /// Has Run call `task` soon, on its thread. Any thread. What Run does not get to any more,
  /// because it has ended, is destroyed without being called.
  void Post(std::move_only_function<void(Poller&)> task);

  /// Puts another plan into force at once: from then on everything is as if the poller had started
  /// with it, but for what it has learned. What stays, known by account name and connection id,
  /// goes on: its state, its place in time, its poll under way. What is new begins, what is gone
  /// ends. An account with another base address is another account: it and all its connections
  /// start from nothing. On Run's thread.
  void Apply(const PollPlan& plan);

  // What Run is made of, for callers that bring their own time.

  /// Begins and continues everything that is due at the clock's present time.
  void Step();
  /// When Step has something to do again, if no request ends before; nothing when only requests in
  /// flight can bring new work.
  std::optional<Instant> NextWake() const;

 private:
  void RunTasks();
  /// True when complete polls are to say something else.
  bool ApplySettings(const PollPlan& plan);
  void RemoveAccounts(const PollPlan& plan);
  Account& KeepOrAddAccount(const AccountPlan& plan, Instant now);
  bool SendOne(Instant now);

  PollingContext context_;
  std::mt19937_64 random_;
  KeyPool<AccountKey> account_keys_;
  std::vector<std::unique_ptr<Account>> accounts_;  // by AccountKey; null: free
  std::size_t next_account_ = 0;                    // whose turn it is to send

  std::mutex tasks_mutex_;
  std::vector<std::move_only_function<void(Poller&)>> tasks_;  // guarded by tasks_mutex_
  bool ended_ = false;                                         // guarded by tasks_mutex_
};

/// The thread that polls. The daemon starts it when everything that it needs is there and stops it
/// first of all.
class PollThread {
 public:
  /// Runs `poller`, which must outlive the thread, until Stop or the end of this object.
  explicit PollThread(Poller& poller);

  /// Puts another plan into force and waits until it is; false when polling has stopped. Any thread
  /// but the polling one.
  bool Apply(PollPlan plan);

  /// Ends polling with whatever is in flight, and waits for it.
  void Stop();

 private:
  Poller& poller_;
  std::jthread thread_;
};

}  // namespace telnyx_exporter
