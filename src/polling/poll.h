#pragma once

// One poll of one connection, without I/O: the page walk, its retries and its deadline. The poller
// asks what to request, brings the answers and is told what comes next.

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/transport.h"
#include "polling/retry_policy.h"
#include "telnyx/page_parser.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter {

class Poll {
 public:
  Poll(std::string_view connection_id, PageWalkLimits limits, Instant begun, Duration timeout);

  Instant begun() const { return begun_; }
  Instant deadline() const { return begun_ + timeout_; }
  const std::string& next_target() const { return walk_.next_target(); }
  /// For the next request: half of the poll's time, so that one which hangs leaves time for
  /// another.
  Duration AttemptTimeout(Instant now) const;

  enum class Next { kRequest, kRetry, kComplete, kFailed };

  /// Takes in how the newest request ended.
  Next OnExchange(const Exchange& exchange, Instant now, WallTime wall_now, double jitter,
                  PageParser& parser);
  /// Ends the poll as timed out; `detail` says what it was waiting for.
  void OnDeadline(std::string_view detail);

  /// After kRetry: how long to wait.
  Duration retry_delay() const { return retry_delay_; }
  /// After kRetry and kFailed: what went wrong.
  const PollFailure& failure() const { return failure_; }
  /// After kComplete.
  const std::vector<ActiveCall>& calls() const { return calls_; }
  std::optional<std::uint64_t> reported_legs() const { return reported_legs_; }
  std::uint32_t pages() const { return walk_.pages(); }

 private:
  Next OnPage(std::string_view body, PageParser& parser);
  Next OnFailure(PollFailure failure, const RetryAdvice& advice, Instant now, double jitter);
  Next Fail(PollFailure failure);

  const Instant begun_;
  const Duration timeout_;
  PageWalk walk_;
  std::vector<ActiveCall> calls_;
  std::optional<std::uint64_t> reported_legs_;
  std::uint32_t attempt_ = 1;  // of the present page
  PollFailure failure_;
  Duration retry_delay_{};
};

}  // namespace telnyx_exporter
