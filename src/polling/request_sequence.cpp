#include "polling/request_sequence.h"

#include <algorithm>
#include <utility>

#include "polling/retry_policy.h"

namespace telnyx_exporter {
namespace {

// A request that times out this shortly before the deadline was cut short by it.
constexpr Duration kCutShort = std::chrono::milliseconds(10);

// Where the account does not have what was asked for, and nothing says that it will.
bool SaysNotThere(const Answer& answer) {
  return answer.status == 404 && answer.advice.should_retry != true;
}

}  // namespace

Duration RequestSequence::AttemptTimeout(Instant now) const {
  return std::min(deadline() - now, attempt_timeout_);
}

RequestSequence::Next RequestSequence::OnAnswer(const Answer& answer, Instant now, double jitter) {
  const bool lacks = SaysNotThere(answer) && MayBeLacking();
  if (!answer.page && !lacks) return OnFailure(answer, now, jitter);
  if (now > deadline()) {
    // A suspended machine reads it hours late: it tells of a time that nobody asks for any more.
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
