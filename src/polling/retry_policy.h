#pragma once

// Whether and when a failed request is sent again. Pure: the time, the headers and the random
// number come in as arguments.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "http/transport.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// Requests for one page in one poll, the first included.
inline constexpr std::uint32_t kMaxAttempts = 5;
inline constexpr Duration kFirstRetryDelay = std::chrono::milliseconds(500);
inline constexpr Duration kLongestRetryDelay = std::chrono::seconds(8);

/// How far apart the polls of something that is refused for good may get.
inline constexpr Duration kLongestRefusedInterval = std::chrono::minutes(5);

/// What an answer's headers say about another try; nothing where they say nothing or nonsense.
struct RetryAdvice {
  std::optional<Duration> retry_after;
  std::optional<Duration> rate_limit_reset;
  std::optional<bool> should_retry;

  bool operator==(const RetryAdvice&) const = default;
};

/// Reads Retry-After (seconds, with or without a fraction, or an HTTP date), x-ratelimit-reset
/// (seconds) and x-should-retry. Any bytes; the result is never negative and at most a day.
RetryAdvice ParseRetryAdvice(const ResponseHeaders& headers, WallTime now);

struct FailedAttempt {
  std::uint32_t attempt = 1;  // 1: the first request for this page failed
  FailureReason reason = FailureReason::kConnect;
  RetryAdvice advice;
  Duration remaining;   // until the poll's time-out
  double jitter = 0.5;  // random, from 0 up to 1
};

/// The wait before the next attempt, or nothing when there is to be none: the failure is permanent,
/// the attempts are used up, or the wait would reach the poll's time-out.
std::optional<Duration> RetryDelay(const FailedAttempt& failed);

/// Whether the API took the key and refused the connection. Only a change of the configuration, or
/// of the account at the vendor, will help: the connection is polled less often.
bool RefusesConnection(FailureReason reason);

/// The interval between polls after `refusals` of them in a row were refused: as configured after
/// the first, then twice as long each time, up to kLongestRefusedInterval (or the configured one,
/// where that is longer).
Duration RefusedInterval(Duration interval, std::uint32_t refusals);

}  // namespace telnyx_exporter
