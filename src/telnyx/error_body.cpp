#include "telnyx/error_body.h"

#include <simdjson.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxBodyBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxCodeBytes = 32;
constexpr std::size_t kMaxTitleBytes = 160;

// Codes are texts in the API's description and numbers in some answers.
std::string ReadCode(simdjson::dom::element code) {
  if (std::string_view text; code.get(text) == simdjson::SUCCESS) {
    return SanitizeForDisplay(text, kMaxCodeBytes);
  }
  if (std::uint64_t number = 0; code.get(number) == simdjson::SUCCESS) {
    return std::to_string(number);
  }
  return {};
}

}  // namespace

std::optional<ApiError> ParseErrorBody(std::string_view body) {
  if (body.size() > kMaxBodyBytes) return std::nullopt;
  simdjson::dom::parser parser;
  simdjson::dom::object error;
  simdjson::dom::element document;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  if (document["errors"].at(0).get(error) != simdjson::SUCCESS) return std::nullopt;
  ApiError result;
  if (simdjson::dom::element code; error["code"].get(code) == simdjson::SUCCESS) {
    result.code = ReadCode(code);
  }
  if (std::string_view title; error["title"].get(title) == simdjson::SUCCESS) {
    result.title = SanitizeForDisplay(title, kMaxTitleBytes);
  }
  return result;
}

}  // namespace telnyx_exporter
