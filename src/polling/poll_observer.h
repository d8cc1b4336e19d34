#pragma once

// What the poller tells the rest of the program. Metrics and the log listen; nothing they do comes
// back to the poller. All calls are made on the polling thread.

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "calls/call_summary.h"
#include "polling/poll_plan.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// Names an account or a connection for as long as the poller lives; never used again for another.
enum class AccountKey : std::uint32_t {};
enum class ConnectionKey : std::uint32_t {};

struct CompletePoll {
  CallSummary summary;
  std::optional<std::uint64_t> reported_legs;  // the server's own count
  std::uint32_t pages = 0;
};

struct PollReport {
  Instant ended;
  WallTime ended_wall;
  Duration elapsed;
  std::expected<CompletePoll, PollFailure> result;
};

/// One HTTP request that ended, whatever came of it.
struct RequestReport {
  int http_status = 0;  // 0: no answer
  Duration elapsed;
  std::uint64_t body_bytes = 0;  // decompressed
  std::optional<double> rate_limit_limit;
  std::optional<double> rate_limit_remaining;
};

/// A request is sent again after `delay`.
struct RetryReport {
  const PollFailure& failure;
  Duration delay;
};

class PollObserver {
 public:
  virtual ~PollObserver() = default;

  virtual void OnAccountAdded(AccountKey account, const AccountPlan& plan) = 0;
  virtual void OnConnectionAdded(ConnectionKey connection, AccountKey account,
                                 const ConnectionPlan& plan) = 0;

  /// `lag`: how much later than due.
  virtual void OnPollBegun(ConnectionKey connection, Duration lag) = 0;
  virtual void OnPollEnded(ConnectionKey connection, const PollReport& report) = 0;
  /// Polls that did not begin, because the one before was not over or the process stood still.
  virtual void OnPollsSkipped(ConnectionKey connection, std::uint64_t count) = 0;

  virtual void OnRequestEnded(AccountKey account, const RequestReport& report) = 0;
  virtual void OnRetry(ConnectionKey connection, const RetryReport& report) = 0;
  /// A request was held back by the account's own rate limit.
  virtual void OnRateLimiterWait(AccountKey account, Duration waited) = 0;
};

}  // namespace telnyx_exporter
