#include "polling/request_sequence.h"

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

// A request that times out this shortly before the deadline was cut short by it.
constexpr Duration kCutShort = std::chrono::milliseconds(10);

// Where the account does not have what was asked for, and nothing says that it will.
bool SaysNotThere(const Answer& answer) {
  return answer.status == 404 && answer.advice.should_retry != true;
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

Duration RefusedInterval(Duration interval, std::uint32_t refusals) {
  const Duration longest = std::max(interval, kLongestRefusedInterval);
  Duration wait = interval;
  for (std::uint32_t i = 1; i < refusals && wait < longest; ++i) wait *= 2;
  return std::min(wait, longest);
}

Duration RequestSequence::AttemptTimeout(Instant now) const {
  return std::min(deadline() - now, attempt_timeout_);
}

RequestSequence::Next RequestSequence::OnAnswer(const Answer& answer, Instant now, double jitter) {
  const bool lacks = SaysNotThere(answer) && MayBeLacking();
  if (!answer.page && !lacks) return OnFailure(answer, now, jitter);
  if (now > deadline()) {
    // A suspended machine reads it hours late: it is about a time that has passed.
    OnDeadline({.reason = FailureReason::kTimeout,
                .detail = "the time-out passed before the answer was read"});
    return Next::kFailed;
  }
  auto step = lacks ? OnLacking() : OnPage(*answer.page);
  if (!step) return Fail(std::move(step.error()));
  attempt_ = 1;
  ++pages_read_;
  return *step == Step::kNextPage ? Next::kRequest : Next::kComplete;
}

RequestSequence::Next RequestSequence::OnFailure(const Answer& answer, Instant now, double jitter) {
  const PollFailure& failure = answer.page.error();
  const bool timed_out = failure.reason == FailureReason::kTimeout && answer.status != 408;
  const bool cut_short = timed_out && deadline() - now <= kCutShort;
  // Such an attempt says nothing: it all failed for the reason for which it had to be tried again.
  if (cut_short && attempt_ > 1) return Next::kFailed;
  const auto delay = RetryDelay({.attempt = attempt_,
                                 .reason = failure.reason,
                                 .advice = answer.advice,
                                 .remaining = deadline() - now,
                                 .jitter = jitter});
  if (!delay) return Fail(failure);
  ++attempt_;
  failure_ = failure;
  retry_delay_ = *delay;
  return Next::kRetry;
}

void RequestSequence::OnDeadline(PollFailure failure) {
  // One that was waiting to try again failed for the reason it had to.
  if (attempt_ > 1) return;
  Fail(std::move(failure));
}

RequestSequence::Next RequestSequence::Fail(PollFailure failure) {
  failure_ = std::move(failure);
  return Next::kFailed;
}

}  // namespace telnyx_exporter
