#pragma once

// What the poller tells the rest of the program. Metrics and the log listen; nothing they do comes
// back to the poller. All calls are made on the polling thread.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "calls/call_summary.h"
#include "polling/poll_plan.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// Names an account or a connection from its OnAdded to its OnRemoved; afterwards the same key may
/// name another one, so keys stay small and index arrays.
enum class AccountKey : std::uint32_t {};
enum class ConnectionKey : std::uint32_t {};

struct CompletePoll {
  CallSummary summary;
  std::optional<std::uint64_t> reported_legs;  // the server's own count
  std::uint32_t pages = 0;
  std::vector<ActiveCall> longest_calls;  // the longest first
  /// The bounds of summary.bucket_counts.
  std::shared_ptr<const std::vector<double>> duration_bounds;
};

struct PollReport {
  Instant ended;
  WallTime ended_wall;
  Duration elapsed;
  std::expected<CompletePoll, PollFailure> result;
  /// No request was sent, because the account's key had been refused a moment before.
  bool held_back = false;
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

/// A request is sent again after `delay`.
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

class PollObserver {
 public:
  virtual ~PollObserver() = default;

  virtual void OnAccountAdded(AccountKey account, const AccountPlan& plan) = 0;
  /// After the removal of all its connections.
  virtual void OnAccountRemoved(AccountKey account) = 0;
  virtual void OnConnectionAdded(ConnectionKey connection, AccountKey account,
                                 const ConnectionPlan& plan) = 0;
  /// The same connection goes on under another plan: another name, interval, labels, limit.
  virtual void OnConnectionChanged(ConnectionKey connection, const ConnectionPlan& plan) = 0;
  /// A poll under way is given up; nothing more will be said of it.
  virtual void OnConnectionRemoved(ConnectionKey connection) = 0;

  /// `lag`: how much later than due.
  virtual void OnPollBegun(ConnectionKey connection, Duration lag) = 0;
  virtual void OnPollEnded(ConnectionKey connection, const PollReport& report) = 0;
  /// Polls that did not begin, because the one before was not over or the process stood still.
  virtual void OnPollsSkipped(ConnectionKey connection, std::uint64_t count) = 0;

  virtual void OnRequestEnded(AccountKey account, const RequestReport& report) = 0;
  virtual void OnRetry(ConnectionKey connection, const RetryReport& report) = 0;
  /// A request was held back by the account's own rate limit.
  virtual void OnRateLimiterWait(AccountKey account, Duration waited) = 0;
  /// The account is polled less often from now on, until its key is accepted.
  virtual void OnKeyRefused(AccountKey account, const KeyRefusalReport& report) = 0;
  /// A key that had been refused was accepted.
  virtual void OnKeyAccepted(AccountKey account) = 0;
};

}  // namespace telnyx_exporter
