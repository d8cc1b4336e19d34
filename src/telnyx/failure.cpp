#include "telnyx/failure.h"

#include <utility>

namespace telnyx_exporter {

std::string_view ReasonLabel(FailureReason reason) {
  switch (reason) {
    case FailureReason::kUnauthorized:
      return "unauthorized";
    case FailureReason::kForbidden:
      return "forbidden";
    case FailureReason::kNotFound:
      return "not_found";
    case FailureReason::kUnprocessable:
      return "unprocessable";
    case FailureReason::kRateLimited:
      return "rate_limited";
    case FailureReason::kServerError:
      return "server_error";
    case FailureReason::kUnexpectedStatus:
      return "unexpected_status";
    case FailureReason::kTimeout:
      return "timeout";
    case FailureReason::kConnect:
      return "connect";
    case FailureReason::kTls:
      return "tls";
    case FailureReason::kMalformedResponse:
      return "malformed_response";
    case FailureReason::kResponseTooLarge:
      return "response_too_large";
    case FailureReason::kCursorLoop:
      return "cursor_loop";
    case FailureReason::kTooManyPages:
      return "too_many_pages";
    case FailureReason::kRequestBudget:
      return "request_budget";
    case FailureReason::kTooManyConnections:
      return "too_many_connections";
  }
  return "unexpected_status";
}

std::optional<FailureReason> ReasonOfStatus(int status) {
  switch (status) {
    case 200:
      return std::nullopt;
    case 401:
      return FailureReason::kUnauthorized;
    case 403:
      return FailureReason::kForbidden;
    case 404:
      return FailureReason::kNotFound;
    case 408:
      return FailureReason::kTimeout;
    case 422:
      return FailureReason::kUnprocessable;
    case 429:
      return FailureReason::kRateLimited;
    default:
      return status >= 500 && status <= 599 ? FailureReason::kServerError
                                            : FailureReason::kUnexpectedStatus;
  }
}

std::unexpected<PollFailure> ContentFailure(FailureReason reason, std::string detail) {
  return std::unexpected(
      PollFailure{.reason = reason, .http_status = 200, .detail = std::move(detail)});
}

}  // namespace telnyx_exporter
