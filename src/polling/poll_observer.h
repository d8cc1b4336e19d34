#pragma once

// What the poller tells the rest of the program. The state, the metrics and the log listen; nothing
// they do comes back to the poller. All calls are made on the polling thread.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "calls/call_summary.h"
#include "calls/call_tracker.h"
#include "polling/discovery.h"
#include "polling/poll_plan.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// Names an account or a connection from its OnAdded to its OnRemoved; afterwards the same key may
/// name another one, so keys stay small and index arrays.
enum class AccountKey : std::uint32_t {};
enum class ConnectionKey : std::uint32_t {};

struct CompletePoll {
  CallSummary summary;
  DurationBounds duration_bounds;  // of summary.bucket_counts
  std::shared_ptr<const std::vector<std::uint32_t>>
      long_call_thresholds;                    // of summary.longer_than, seconds
  std::optional<std::uint64_t> reported_legs;  // the server's own count
  std::uint32_t pages = 0;
  std::vector<ActiveCall> longest_calls;  // the longest first
};

/// How often a connection is polled at present.
struct IntervalInForce {
  Duration
      interval{};  // the configured one, the idle one, or the longer one that the budget allows
  Duration stale_after{};  // how long complete values are kept: as given, or three such intervals
  bool idle = false;       // by poll.idle_interval, because there are no calls

  bool operator==(const IntervalInForce&) const = default;
};

struct PollReport {
  Instant ended;
  WallTime ended_wall;
  Duration elapsed;
  std::expected<CompletePoll, PollFailure> result;
  /// Since the last complete poll. Only of a complete poll, and not when connections are polled
  /// once only.
  std::optional<CallChanges> changes;
  /// No request was sent: the account's key had been refused a moment before, or no request was
  /// allowed in time.
  bool held_back = false;
  IntervalInForce in_force;
  std::optional<Instant> next_due;  // nothing when the connection is polled once only
};

/// One HTTP request that ended, whatever came of it.
struct RequestReport {
  int http_status = 0;  // 0: no answer
  Duration elapsed;
  std::uint64_t body_bytes = 0;  // decompressed
  std::optional<double> rate_limit_limit;
  std::optional<double> rate_limit_remaining;
  RateLimit rate_limit;            // as configured
  double requests_per_second = 0;  // in force: less than configured after refusals
};

/// How many requests an account's polls and refreshes need, and how many are allowed.
struct RequestBudget {
  /// By the configured and idle intervals: the sum over the connections of the pages of the newest
  /// complete poll (1 before it) per interval, and the share of the list refreshes.
  double required_per_second = 0;
  double allowed_per_second = 0;  // by the rate limit in force
  std::size_t connections = 0;    // that are polled

  bool operator==(const RequestBudget&) const = default;
};

/// A request is retried after `delay`.
struct RetryReport {
  const PollFailure& failure;
  Duration delay;
};

/// The API refused an account's key.
struct KeyRefusalReport {
  const PollFailure& failure;
  std::string_view connection_id;  // whose poll met the refusal
  std::uint32_t refusals = 1;      // in a row
  Duration wait;                   // until the key is tried again
};

/// A refresh of an account's lists ended.
struct DiscoveryReport {
  WallTime ended_wall;
  /// Complete: how many discovered connections are polled now.
  std::expected<std::size_t, PollFailure> result;
  const DiscoveredConnections& known;  // what the lists have named
};

/// A listener overrides what it wants to hear.
class PollObserver {
 public:
  virtual ~PollObserver() = default;

  virtual void OnAccountAdded(AccountKey /*account*/, const AccountPlan& /*plan*/) {}
  /// The same account under another plan.
  virtual void OnAccountChanged(AccountKey /*account*/, const AccountPlan& /*plan*/) {}
  /// After the removal of all its connections.
  virtual void OnAccountRemoved(AccountKey /*account*/) {}
  virtual void OnConnectionAdded(ConnectionKey /*connection*/, AccountKey /*account*/,
                                 const ConnectionPlan& /*plan*/) {}
  /// The same connection goes on under another plan: another name, interval, labels, limit.
  virtual void OnConnectionChanged(ConnectionKey /*connection*/, const ConnectionPlan& /*plan*/) {}
  /// A poll under way is given up; nothing more will be said of it.
  virtual void OnConnectionRemoved(ConnectionKey /*connection*/) {}
  /// All that a plan says by itself has been added, changed and removed; lists may tell of more.
  virtual void OnPlanApplied() {}

  /// `lag`: how much later than due.
  virtual void OnPollBegun(ConnectionKey /*connection*/, Duration /*lag*/) {}
  virtual void OnPollEnded(ConnectionKey /*connection*/, const PollReport& /*report*/) {}
  /// The interval in force changed without a poll: by a reload, a discovery or the budget.
  virtual void OnIntervalChanged(ConnectionKey /*connection*/, const IntervalInForce& /*now*/) {}
  /// Polls that did not begin, because the one before was not over or the process stood still.
  virtual void OnPollsSkipped(ConnectionKey /*connection*/, std::uint64_t /*count*/) {}
  virtual void OnDiscoveryEnded(AccountKey /*account*/, const DiscoveryReport& /*report*/) {}

  virtual void OnRequestEnded(AccountKey /*account*/, const RequestReport& /*report*/) {}
  /// `connection`: whose poll; nothing for the account's lists.
  virtual void OnRetry(AccountKey /*account*/, std::optional<ConnectionKey> /*connection*/,
                       const RetryReport& /*report*/) {}
  /// A request was held back by the account's own rate limit.
  virtual void OnRateLimiterWait(AccountKey /*account*/, Duration /*waited*/) {}
  /// Optional fields of an answer could not be used and were ignored.
  virtual void OnFieldsIgnored(AccountKey /*account*/, std::uint64_t /*count*/) {}
  /// The need or the allowance changed: at the start, after a reload or a discovery, when polls
  /// have more or fewer pages, when connections become idle or busy, when the API refuses.
  virtual void OnBudgetChanged(AccountKey /*account*/, const RequestBudget& /*budget*/) {}
  /// The account is polled less often from now on, until its key is accepted.
  virtual void OnKeyRefused(AccountKey /*account*/, const KeyRefusalReport& /*report*/) {}
  /// A key that had been refused was accepted.
  virtual void OnKeyAccepted(AccountKey /*account*/) {}
};

/// The poller's listeners, who hear every event in their order.
class PollObservers {
 public:
  explicit PollObservers(std::vector<PollObserver*> observers) : observers_(std::move(observers)) {}

  /// Calls `event` of each: Tell(&PollObserver::OnPollEnded, key, report).
  template <typename... Parameters, typename... Arguments>
  void Tell(void (PollObserver::*event)(Parameters...), const Arguments&... arguments) const {
    for (PollObserver* observer : observers_) (observer->*event)(arguments...);
  }

 private:
  std::vector<PollObserver*> observers_;
};

}  // namespace telnyx_exporter
