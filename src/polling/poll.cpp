#include "polling/poll.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "telnyx/error_body.h"

namespace telnyx_exporter {
namespace {

constexpr std::uint64_t kMostReservedCalls = 300'000;

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
  }
  return failure;
}

}  // namespace

Poll::Poll(std::string_view connection_id, PageWalkLimits limits, Instant begun, Duration timeout)
    : begun_(begun), timeout_(timeout), walk_(connection_id, limits) {}

Duration Poll::AttemptTimeout(Instant now) const {
  return std::min(deadline() - now, timeout_ / 2);
}

Poll::Next Poll::OnExchange(const Exchange& exchange, Instant now, WallTime wall_now, double jitter,
                            PageParser& parser) {
  if (!exchange.result) {
    const TransportError& error = exchange.result.error();
    return OnFailure({.reason = ReasonOfTransport(error.kind), .detail = error.message}, {}, now,
                     jitter);
  }
  const Response& response = *exchange.result;
  if (const auto reason = ReasonOfStatus(response.status)) {
    return OnFailure(FailureOfStatus(*reason, response),
                     ParseRetryAdvice(response.headers, wall_now), now, jitter);
  }
  return OnPage(response.body, parser);
}

Poll::Next Poll::OnPage(std::string_view body, PageParser& parser) {
  auto page = parser.Parse(body, calls_);
  if (!page) {
    return Fail({.reason = FailureReason::kMalformedResponse,
                 .http_status = 200,
                 .detail = fmt::format("page {}: {}", walk_.pages() + 1, page.error().message)});
  }
  attempt_ = 1;
  if (page->total_items) {
    reported_legs_ = page->total_items;
    // Room for all that are coming, so that they are not moved again and again; the number is the
    // server's, so only up to a bound.
    calls_.reserve(std::min<std::uint64_t>(*page->total_items, kMostReservedCalls));
  }
  auto step = walk_.Advance(*page);
  if (!step) return Fail(std::move(step.error()));
  return *step == PageWalk::Step::kNextPage ? Next::kRequest : Next::kComplete;
}

Poll::Next Poll::OnFailure(PollFailure failure, const RetryAdvice& advice, Instant now,
                           double jitter) {
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

void Poll::OnDeadline(std::string_view detail) {
  // A poll that was waiting to try again failed for the reason it had to.
  if (attempt_ > 1) return;
  Fail({.reason = FailureReason::kTimeout, .detail = std::string(detail)});
}

Poll::Next Poll::Fail(PollFailure failure) {
  failure_ = std::move(failure);
  return Next::kFailed;
}

}  // namespace telnyx_exporter
