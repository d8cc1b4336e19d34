#pragma once

// Why a poll did not end complete. The reason is the label that users alert on; this is the one
// place that lists the reasons and says which HTTP status stands for which. With it are the API's
// own words for why it refused, which the log quotes. Values and pure functions; any thread.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace telnyx_exporter {

enum class FailureReason : std::uint8_t {
  kUnauthorized,
  kForbidden,
  kNotFound,
  kUnprocessable,
  kRateLimited,
  kServerError,
  kUnexpectedStatus,
  kTimeout,
  kConnect,
  kTls,
  kMalformedResponse,
  kResponseTooLarge,
  kCursorLoop,
  kTooManyPages,
  kRequestBudget,       // our own rate limit is too small to poll in time
  kTooManyConnections,  // discovery found more than allowed
};

inline constexpr std::array kFailureReasons = {
    FailureReason::kUnauthorized,      FailureReason::kForbidden,
    FailureReason::kNotFound,          FailureReason::kUnprocessable,
    FailureReason::kRateLimited,       FailureReason::kServerError,
    FailureReason::kUnexpectedStatus,  FailureReason::kTimeout,
    FailureReason::kConnect,           FailureReason::kTls,
    FailureReason::kMalformedResponse, FailureReason::kResponseTooLarge,
    FailureReason::kCursorLoop,        FailureReason::kTooManyPages,
    FailureReason::kRequestBudget,     FailureReason::kTooManyConnections,
};

/// The value of the label `reason`: "rate_limited".
std::string_view ReasonLabel(FailureReason reason);

/// The reason that an answer's HTTP status means; nothing for 200, the only status with a page.
std::optional<FailureReason> ReasonOfStatus(int status);

/// Whether the API took the key and refused the connection. Only a change of the configuration, or
/// of the account at the vendor, will help.
bool RefusesConnection(FailureReason reason);

struct PollFailure {
  FailureReason reason = FailureReason::kConnect;
  int http_status = 0;  // 0: no answer
  std::string
      api_code;  // of the first entry of the answer's "errors", as the API sent it; or empty
  std::string api_title;   // the same
  std::string api_detail;  // the same, without what may be a secret
  std::string detail;      // one sentence for the log; no secret, no body

  bool operator==(const PollFailure&) const = default;
};

/// That of an answer with status 200 whose content will not do.
std::unexpected<PollFailure> ContentFailure(FailureReason reason, std::string detail);

/// The first entry of `errors`, made safe to show and cut to a bounded length. Nothing else of such
/// a body is read.
struct ApiError {
  std::string code;
  std::string title;
  std::string detail;  // "page[limit] must be at most 250"

  bool operator==(const ApiError&) const = default;
};

/// Nothing when the body is not the API's error form (HTML of a proxy, an empty body). `api_key`,
/// with which the request was sent, is hidden wherever it is quoted. Any thread; any bytes.
std::optional<ApiError> ParseErrorBody(std::string_view body, std::string_view api_key = {});

}  // namespace telnyx_exporter
