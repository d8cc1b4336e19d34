#include "simulation/sequence_record.h"

#include <algorithm>

#include "simulation/durations.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

using namespace std::chrono_literals;

// What docs/metrics.md and the headers promise.
constexpr std::uint32_t kMostAttempts = 5;
constexpr Duration kFirstBackoff = 500ms;
constexpr Duration kLongestBackoff = 8s;

// A request that times out this shortly before the end may be said to have been cut short by it.
constexpr Duration kCutShort = 10ms;

FailureReason ReasonOf(TransportError::Kind kind) {
  switch (kind) {
    case TransportError::Kind::kTimeout:
      return FailureReason::kTimeout;
    case TransportError::Kind::kConnect:
      return FailureReason::kConnect;
    case TransportError::Kind::kTls:
      return FailureReason::kTls;
    case TransportError::Kind::kMalformed:
      return FailureReason::kMalformedResponse;
    case TransportError::Kind::kResponseTooLarge:
      return FailureReason::kResponseTooLarge;
  }
  Violate("an unknown transport error");
}

FailureReason ReasonOf(int status) {
  if (status == 401) return FailureReason::kUnauthorized;
  if (status == 403) return FailureReason::kForbidden;
  if (status == 404) return FailureReason::kNotFound;
  if (status == 408) return FailureReason::kTimeout;
  if (status == 422) return FailureReason::kUnprocessable;
  if (status == 429) return FailureReason::kRateLimited;
  return status >= 500 && status < 600 ? FailureReason::kServerError
                                       : FailureReason::kUnexpectedStatus;
}

bool MayPass(FailureReason reason) {
  return reason == FailureReason::kTimeout || reason == FailureReason::kConnect ||
         reason == FailureReason::kRateLimited || reason == FailureReason::kServerError;
}

}  // namespace

Expectation Failure(FailureReason reason) {
  return {.kind = Expectation::Kind::kFailure, .reason = reason};
}

bool SequenceRecord::TakeRequest(const std::string& target, Instant now) {
  Require(stage_ != Stage::kInFlight, "a second request while the first is not over");
  Require(stage_ != Stage::kWaitsToRetry || now >= retry_at_, "a request is retried too early");
  Require(now < deadline(), "a request after the time-out");
  Require(!failed_attempt_ || target == target_,
          "another page was asked for after a failed request");
  const bool is_new = !failed_attempt_;
  target_ = target;
  ++requests_;
  stage_ = Stage::kInFlight;
  expectation_ = {};
  return is_new;
}

// Leaves the expectation open when the answer is a page.
void SequenceRecord::BeginOutcome(const Outcome& outcome, WallTime wall_now) {
  Require(stage_ == Stage::kInFlight, "an answer to no request");
  stage_ = Stage::kReady;
  const bool broken_page = outcome.status == 200 && outcome.body_error;
  timed_out_ = outcome.error == TransportError::Kind::kTimeout ||
               (broken_page && outcome.body_error == TransportError::Kind::kTimeout);
  expectation_ = {};
  if (outcome.error) {
    expectation_ = JudgeFailure(ReasonOf(*outcome.error), {}, wall_now);
  } else if (outcome.status != 200) {
    expectation_ = JudgeFailure(ReasonOf(outcome.status), outcome.advice, wall_now);
  } else if (broken_page) {
    expectation_ = JudgeFailure(ReasonOf(*outcome.body_error), outcome.advice, wall_now);
  } else if (!outcome.has_page()) {
    expectation_ = Failure(FailureReason::kMalformedResponse);
  }
}

void SequenceRecord::EndOutcome(const Outcome& outcome, Instant now) {
  if (now > deadline() && !outcome.error && !outcome.body_error && outcome.status == 200) {
    // Too late: what has happened to these calls since is not known.
    expectation_ = Failure(failed_attempt_.value_or(FailureReason::kTimeout));
  }
  if (expectation_.kind == Expectation::Kind::kRetry) {
    ++attempts_;
  } else if (expectation_.kind != Expectation::Kind::kFailure) {
    failed_attempt_.reset();
    attempts_ = 0;
  }
}

Expectation SequenceRecord::JudgeFailure(FailureReason reason, const Advice& advice,
                                         WallTime wall_now) const {
  if (!advice.should_retry.value_or(MayPass(reason))) return Failure(reason);
  if (attempts_ + 1 >= kMostAttempts) return Failure(reason);
  const Duration backoff = std::min(kFirstBackoff * (1U << attempts_), kLongestBackoff);
  Duration asked{};
  if (const auto retry_after = advice.RetryAfter(wall_now)) {
    asked = *retry_after;
  } else if (reason == FailureReason::kRateLimited) {
    asked = advice.reset.value_or(Duration{});
  }
  return {.kind = Expectation::Kind::kRetry,
          .reason = reason,
          .least_wait = std::max(backoff / 2, asked) - kTimeSlack,
          .most_wait = std::max(backoff, asked) + kTimeSlack};
}

void SequenceRecord::OnRetry(Duration delay, Instant now) {
  Require(expectation_.kind == Expectation::Kind::kRetry, "a request is retried without need");
  Require(delay >= expectation_.least_wait && delay <= expectation_.most_wait,
          "a request is retried after {} s instead of {} to {} s", ToSeconds(delay),
          ToSeconds(expectation_.least_wait), ToSeconds(expectation_.most_wait));
  Require(now + delay < deadline(), "a request is to be retried after the time-out");
  stage_ = Stage::kWaitsToRetry;
  retry_at_ = now + delay;
  failed_attempt_ = expectation_.reason;
}

void SequenceRecord::RequireFailure(FailureReason reason, Instant now, bool at_an_answer) const {
  const std::string_view label = ReasonLabel(reason);
  if (!at_an_answer) {
    Require(now >= deadline(), "failed with {}, {} s before the time-out", label,
            ToSeconds(deadline() - now));
    const FailureReason right = failed_attempt_.value_or(FailureReason::kTimeout);
    // One that waited to send is told what it waited for.
    const bool held_back =
        !failed_attempt_ && stage_ == Stage::kReady &&
        (reason == FailureReason::kRequestBudget || reason == FailureReason::kRateLimited);
    Require(held_back || reason == right, "failed with {} instead of {}", label,
            ReasonLabel(right));
    return;
  }
  const bool gives_up =
      expectation_.kind == Expectation::Kind::kRetry && now + expectation_.most_wait >= deadline();
  Require(gives_up || expectation_.kind == Expectation::Kind::kFailure,
          "failed with {} although it need not", label);
  const bool cut_short = timed_out_ && deadline() - now <= kCutShort;
  Require(reason == expectation_.reason || (cut_short && reason == failed_attempt_),
          "failed with {} instead of {}", label, ReasonLabel(expectation_.reason));
}

}  // namespace telnyx_exporter::simulation
