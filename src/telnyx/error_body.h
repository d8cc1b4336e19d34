#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace telnyx_exporter {

/// What the log quotes of an answer that is not a page: the first entry of `errors`, made safe to
/// show and cut to a bounded length. Nothing else of such a body is read.
struct ApiError {
  std::string code;
  std::string title;

  bool operator==(const ApiError&) const = default;
};

/// Nothing when the body is not the API's error form (HTML of a proxy, an empty body). Any thread;
/// any bytes.
std::optional<ApiError> ParseErrorBody(std::string_view body);

}  // namespace telnyx_exporter
