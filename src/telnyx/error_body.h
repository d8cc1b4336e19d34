#pragma once

// The API's own words for why it refused: what the log quotes of an answer whose status is not 200.
// RequestSequence asks for them, on the polling thread; a pure function.

#include <optional>
#include <string>
#include <string_view>

namespace telnyx_exporter {

/// The first entry of `errors`, made safe to show and cut to a bounded length. Nothing else of such
/// a body is read.
struct ApiError {
  std::string code;
  std::string title;
  std::string detail;  // "page[limit] must be at most 250"

  bool operator==(const ApiError&) const = default;
};

/// Nothing when the body is not the API's error form (HTML of a proxy, an empty body). Any thread;
/// any bytes.
std::optional<ApiError> ParseErrorBody(std::string_view body);

}  // namespace telnyx_exporter
