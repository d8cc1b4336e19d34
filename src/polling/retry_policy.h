#pragma once

// Whether and when a failed request is retried. Pure: the time, the
// answer's advice and the random number come in as arguments.

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "polling/answer.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// Requests for one page in one poll, the first included.
inline constexpr std::uint32_t kMaxAttempts = 5;
inline constexpr Duration kFirstRetryDelay = std::chrono::milliseconds(500);
inline constexpr Duration kLongestRetryDelay = std::chrono::seconds(8);

/// How far apart the polls of something that is refused for good may get.
inline constexpr Duration kLongestRefusedInterval = std::chrono::minutes(5);

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
