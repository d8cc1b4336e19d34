#include "polling/answer.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <string>
#include <utility>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

// A reset above it is not a number of seconds until then but a time: 30 years, or 2001.
constexpr double kLeastUnixTime = 1e9;

std::optional<Duration> FromSeconds(double seconds) {
  if (!std::isfinite(seconds)) return std::nullopt;
  const double bounded = std::clamp(seconds, 0.0, ToSeconds(kLongestAdvice));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(bounded));
}

std::optional<double> ParseSeconds(std::string_view text) {
  return ParseDouble(TrimWhitespace(text), std::chars_format::fixed);
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

std::optional<Duration> ParseRetryAfter(std::string_view text, WallTime now) {
  const auto seconds = ParseSeconds(text);
  return seconds ? FromSeconds(*seconds) : ParseHttpDate(text, now);
}

std::optional<Duration> ParseReset(std::string_view text, WallTime now) {
  const auto seconds = ParseSeconds(text);
  if (!seconds) return std::nullopt;
  return FromSeconds(*seconds > kLeastUnixTime ? *seconds - ToUnixSeconds(now) : *seconds);
}

std::optional<bool> ParseBool(std::string_view text) {
  text = TrimWhitespace(text);
  if (EqualsIgnoringAsciiCase(text, "true")) return true;
  if (EqualsIgnoringAsciiCase(text, "false")) return false;
  return std::nullopt;
}

std::optional<std::uint64_t> ParseCount(const std::optional<std::string>& text) {
  return text ? ParseUnsigned(TrimWhitespace(*text)) : std::nullopt;
}

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

PollFailure FailureOfTransport(const TransportError& error, int status) {
  return {.reason = ReasonOfTransport(error.kind), .http_status = status, .detail = error.message};
}

PollFailure FailureOfStatus(FailureReason reason, const Response& response,
                            std::string_view api_key) {
  PollFailure failure{.reason = reason, .http_status = response.status};
  if (auto error = ParseErrorBody(response.body, api_key)) {
    failure.api_code = std::move(error->code);
    failure.api_title = std::move(error->title);
    failure.api_detail = std::move(error->detail);
  }
  return failure;
}

std::expected<std::string_view, PollFailure> ReadPage(const Response& response,
                                                      std::string_view api_key) {
  if (const auto reason = ReasonOfStatus(response.status)) {
    return std::unexpected(FailureOfStatus(*reason, response, api_key));
  }
  if (response.body_error) {
    return std::unexpected(FailureOfTransport(*response.body_error, response.status));
  }
  return response.body;
}

}  // namespace

RetryAdvice ParseRetryAdvice(const ResponseHeaders& headers, WallTime now) {
  RetryAdvice advice;
  if (headers.retry_after) advice.retry_after = ParseRetryAfter(*headers.retry_after, now);
  if (headers.rate_limit_reset)
    advice.rate_limit_reset = ParseReset(*headers.rate_limit_reset, now);
  if (headers.should_retry) advice.should_retry = ParseBool(*headers.should_retry);
  return advice;
}

RequestQuota ParseRequestQuota(const ResponseHeaders& headers) {
  return {.limit = ParseCount(headers.rate_limit_limit),
          .remaining = ParseCount(headers.rate_limit_remaining)};
}

Answer ReadAnswer(const Exchange& exchange, WallTime now, std::string_view api_key) {
  Answer answer{.elapsed = exchange.elapsed, .body_bytes = exchange.body_bytes};
  if (!exchange.result) {
    answer.page = std::unexpected(FailureOfTransport(exchange.result.error(), 0));
    return answer;
  }
  const Response& response = *exchange.result;
  answer.status = response.status;
  answer.page = ReadPage(response, api_key);
  answer.advice = ParseRetryAdvice(response.headers, now);
  answer.quota = ParseRequestQuota(response.headers);
  return answer;
}

}  // namespace telnyx_exporter
