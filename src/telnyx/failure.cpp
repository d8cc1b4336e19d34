#include "telnyx/failure.h"

#include <algorithm>
#include <utility>

#include <simdjson.h>

#include "base/secret.h"
#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxBodyBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxCodeBytes = 32;
constexpr std::size_t kMaxTitleBytes = 160;
constexpr std::size_t kMaxDetailBytes = 200;

/// Longer sentences are cut before they are looked through.
constexpr std::size_t kMaxSentenceBytes = 4096;
/// Shorter words are no secrets: "KEY is missing".
constexpr std::size_t kShortestSecret = 8;
// What follows these words may be a key, or a token that controls a call.
constexpr std::array<std::string_view, 3> kSecretPrefixes = {"Bearer ", "KEY", "v3:"};

// A sentence of the API's may quote what was sent to it.
std::string HideSecrets(std::string text, std::string_view api_key) {
  HideSecret(text, api_key);
  for (const std::string_view prefix : kSecretPrefixes) {
    for (std::size_t at = text.find(prefix); at != std::string::npos;
         at = text.find(prefix, at + kSecretPlaceholder.size())) {
      const std::size_t begin = at + prefix.size();
      const std::size_t end = std::min(text.find_first_of(" \"',;)]}", begin), text.size());
      if (end - begin < kShortestSecret) {
        at = begin;
        continue;
      }
      text.replace(at, end - at, kSecretPlaceholder);
    }
  }
  return text;
}

std::string Show(std::string_view text, std::string_view api_key, std::size_t max_bytes) {
  return SanitizeForDisplay(HideSecrets(std::string(text.substr(0, kMaxSentenceBytes)), api_key),
                            max_bytes);
}

std::string ReadSentence(simdjson::dom::object error, const char* name, std::string_view api_key,
                         std::size_t max_bytes) {
  std::string_view text;
  if (error[name].get(text) != simdjson::SUCCESS) return {};
  return Show(text, api_key, max_bytes);
}

// Codes are texts in the API's description and numbers in some answers.
std::string ReadCode(simdjson::dom::element code, std::string_view api_key) {
  if (std::string_view text; code.get(text) == simdjson::SUCCESS) {
    return Show(text, api_key, kMaxCodeBytes);
  }
  if (std::uint64_t number = 0; code.get(number) == simdjson::SUCCESS) {
    return std::to_string(number);
  }
  return {};
}

// In the order of FailureReason.
constexpr std::array<std::string_view, kFailureReasons.size()> kLabels = {
    "unauthorized",        "forbidden",          "not_found",   "unprocessable",  "rate_limited",
    "server_error",        "unexpected_status",  "timeout",     "connect",        "tls",
    "malformed_response",  "response_too_large", "cursor_loop", "too_many_pages", "request_budget",
    "too_many_connections"};

}  // namespace

std::string_view ReasonLabel(FailureReason reason) {
  return kLabels[static_cast<std::size_t>(reason)];
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

bool RefusesConnection(FailureReason reason) {
  return reason == FailureReason::kForbidden || reason == FailureReason::kNotFound ||
         reason == FailureReason::kUnprocessable;
}

std::unexpected<PollFailure> ContentFailure(FailureReason reason, std::string detail) {
  return std::unexpected(
      PollFailure{.reason = reason, .http_status = 200, .detail = std::move(detail)});
}

std::optional<ApiError> ParseErrorBody(std::string_view body, std::string_view api_key) {
  if (body.size() > kMaxBodyBytes) return std::nullopt;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  simdjson::dom::parser parser;
  simdjson::dom::object error;
  simdjson::dom::element document;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  if (document["errors"].at(0).get(error) != simdjson::SUCCESS) return std::nullopt;
  ApiError result;
  if (simdjson::dom::element code; error["code"].get(code) == simdjson::SUCCESS) {
    result.code = ReadCode(code, api_key);
  }
  result.title = ReadSentence(error, "title", api_key, kMaxTitleBytes);
  result.detail = ReadSentence(error, "detail", api_key, kMaxDetailBytes);
  return result;
}

}  // namespace telnyx_exporter
