#include "polling/retry_policy.h"

#include <algorithm>

namespace telnyx_exporter {
namespace {

bool IsTransient(FailureReason reason) {
  return reason == FailureReason::kTimeout || reason == FailureReason::kRateLimited ||
         reason == FailureReason::kServerError || reason == FailureReason::kConnect;
}

Duration Backoff(std::uint32_t attempt, double jitter) {
  const auto doublings = std::min(attempt - 1, 10U);
  const Duration full = std::min(kFirstRetryDelay * (1U << doublings), kLongestRetryDelay);
  // Between half of it and all of it: spread out, but never at once.
  return std::chrono::duration_cast<Duration>(full * (0.5 + jitter / 2));
}

}  // namespace

std::optional<Duration> RetryDelay(const FailedAttempt& failed) {
  if (!failed.advice.should_retry.value_or(IsTransient(failed.reason))) return std::nullopt;
  if (failed.attempt >= kMaxAttempts) return std::nullopt;
  Duration delay = Backoff(failed.attempt, failed.jitter);
  if (failed.advice.retry_after) {
    delay = std::max(delay, *failed.advice.retry_after);
  } else if (failed.reason == FailureReason::kRateLimited && failed.advice.rate_limit_reset) {
    delay = std::max(delay, *failed.advice.rate_limit_reset);
  }
  if (delay >= failed.remaining) return std::nullopt;
  return delay;
}

bool RefusesConnection(FailureReason reason) {
  return reason == FailureReason::kForbidden || reason == FailureReason::kNotFound ||
         reason == FailureReason::kUnprocessable;
}

Duration RefusedInterval(Duration interval, std::uint32_t refusals) {
  const Duration longest = std::max(interval, kLongestRefusedInterval);
  Duration wait = interval;
  for (std::uint32_t i = 1; i < refusals && wait < longest; ++i) wait *= 2;
  return std::min(wait, longest);
}

}  // namespace telnyx_exporter
