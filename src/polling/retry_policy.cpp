#include "polling/retry_policy.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr double kLongestAdviceSeconds = 24 * 3600;

std::optional<Duration> FromSeconds(double seconds) {
  if (!std::isfinite(seconds)) return std::nullopt;
  const double bounded = std::clamp(seconds, 0.0, kLongestAdviceSeconds);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(bounded));
}

std::optional<Duration> ParseSeconds(std::string_view text) {
  text = TrimWhitespace(text);
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return FromSeconds(seconds);
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that today's servers send.
std::optional<Duration> ParseHttpDate(std::string_view text, WallTime now) {
  const std::string date(TrimWhitespace(text));
  std::tm fields{};
  const char* end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &fields);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const std::time_t time = timegm(&fields);
  return FromSeconds(static_cast<double>(time) - ToUnixSeconds(now));
}

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

RetryAdvice ParseRetryAdvice(const ResponseHeaders& headers, WallTime now) {
  RetryAdvice advice;
  if (headers.retry_after) {
    advice.retry_after = ParseSeconds(*headers.retry_after);
    if (!advice.retry_after) advice.retry_after = ParseHttpDate(*headers.retry_after, now);
  }
  if (headers.rate_limit_reset) advice.rate_limit_reset = ParseSeconds(*headers.rate_limit_reset);
  if (headers.should_retry) {
    const std::string_view text = TrimWhitespace(*headers.should_retry);
    if (EqualsIgnoringAsciiCase(text, "true")) advice.should_retry = true;
    if (EqualsIgnoringAsciiCase(text, "false")) advice.should_retry = false;
  }
  return advice;
}

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
