#include "polling/request_sequence.h"

#include <algorithm>
#include <utility>

#include "telnyx/error_body.h"

namespace telnyx_exporter {
namespace {

// A request that times out this shortly before the deadline was cut short by it.
constexpr Duration kCutShort = std::chrono::milliseconds(10);

// Together with ReasonOfStatus, all of what decides a failure's reason outside the page walk.
FailureReason ReasonOfTransport(TransportError::Kind kind) {
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
  return FailureReason::kConnect;
}

PollFailure FailureOfStatus(FailureReason reason, const Response& response) {
  PollFailure failure{.reason = reason, .http_status = response.status};
  if (auto error = ParseErrorBody(response.body)) {
    failure.api_code = std::move(error->code);
    failure.api_title = std::move(error->title);
    failure.api_detail = std::move(error->detail);
  }
  return failure;
}

}  // namespace

Duration RequestSequence::AttemptTimeout(Instant now) const {
  return std::min(deadline() - now, attempt_timeout_);
}

RequestSequence::Next RequestSequence::OnExchange(const Exchange& exchange, Instant now,
                                                  WallTime wall_now, double jitter) {
  if (!exchange.result) return OnTransportError(exchange.result.error(), now, jitter);
  const Response& response = *exchange.result;
  const auto reason = ReasonOfStatus(response.status);
  if (!reason && response.body_error) return OnTransportError(*response.body_error, now, jitter);
  const RetryAdvice advice = ParseRetryAdvice(response.headers, wall_now);
  const bool lacks =
      reason == FailureReason::kNotFound && advice.should_retry != true && MayBeLacking();
  if (reason && !lacks) return OnFailure(FailureOfStatus(*reason, response), advice, now, jitter);
  if (now > deadline()) {
    // A suspended machine reads it hours late: it tells of a time that nobody asks for any more.
    OnDeadline("the time-out passed before the answer was read");
    return Next::kFailed;
  }
  auto step = lacks ? OnLacking() : OnPage(response.body);
  if (!step) return Fail(std::move(step.error()));
  attempt_ = 1;
  return *step == Step::kNextPage ? Next::kRequest : Next::kComplete;
}

RequestSequence::Next RequestSequence::OnTransportError(const TransportError& error, Instant now,
                                                        double jitter) {
  const bool cut_short =
      error.kind == TransportError::Kind::kTimeout && deadline() - now <= kCutShort;
  // Such an attempt says nothing: it all failed for the reason for which it had to be tried again.
  if (cut_short && attempt_ > 1) return Next::kFailed;
  return OnFailure({.reason = ReasonOfTransport(error.kind), .detail = error.message}, {}, now,
                   jitter);
}

RequestSequence::Next RequestSequence::OnFailure(PollFailure failure, const RetryAdvice& advice,
                                                 Instant now, double jitter) {
  const auto delay = RetryDelay({.attempt = attempt_,
                                 .reason = failure.reason,
                                 .advice = advice,
                                 .remaining = deadline() - now,
                                 .jitter = jitter});
  if (!delay) return Fail(std::move(failure));
  ++attempt_;
  failure_ = std::move(failure);
  retry_delay_ = *delay;
  return Next::kRetry;
}

void RequestSequence::OnDeadline(std::string_view detail) {
  // One that was waiting to try again failed for the reason it had to.
  if (attempt_ > 1) return;
  Fail({.reason = FailureReason::kTimeout, .detail = std::string(detail)});
}

RequestSequence::Next RequestSequence::Fail(PollFailure failure) {
  failure_ = std::move(failure);
  return Next::kFailed;
}

}  // namespace telnyx_exporter
