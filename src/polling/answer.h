#pragma once

// One HTTP exchange, read once: a page's body or a failure, and in either case what the headers say
// about further requests. The account reads each exchange on the polling thread; its rate limiter,
// its key guard and the request sequence go by the result; headers are read here alone.

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "http/transport.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// No wait that a header asks for is taken for longer.
inline constexpr Duration kLongestAdvice = std::chrono::hours(24);

/// What an answer's headers say about another try; nothing where they say nothing or nonsense.
struct RetryAdvice {
  std::optional<Duration> retry_after;
  std::optional<Duration> rate_limit_reset;
  std::optional<bool> should_retry;

  bool operator==(const RetryAdvice&) const = default;
};

/// How many requests the API will take, by its headers.
struct RequestQuota {
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> remaining;

  bool operator==(const RequestQuota&) const = default;
};

struct Answer {
  int status = 0;  // 0: no answer
  /// The body of a page. Valid as long as the exchange.
  std::expected<std::string_view, PollFailure> page;
  RetryAdvice advice;
  RequestQuota quota;
  Duration elapsed{};            // from sending the request to its end
  std::uint64_t body_bytes = 0;  // decompressed
};

/// The status decides: with any other than 200 the body is only looked at for the API's error code,
/// and it does not matter whether it arrived. With 200 a body that did not arrive is a failure.
/// `api_key`, with which the request was sent, is hidden in what the API says.
Answer ReadAnswer(const Exchange& exchange, WallTime now, std::string_view api_key = {});

/// Reads Retry-After (seconds, with or without a fraction, or an HTTP date), x-ratelimit-reset
/// (seconds, or above 1e9 a Unix time) and x-should-retry. Any bytes; the result is never negative
/// and at most kLongestAdvice.
RetryAdvice ParseRetryAdvice(const ResponseHeaders& headers, WallTime now);

/// Whole numbers of up to 64 bits; anything else is ignored.
RequestQuota ParseRequestQuota(const ResponseHeaders& headers);

}  // namespace telnyx_exporter
