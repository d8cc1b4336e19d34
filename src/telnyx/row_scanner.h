#pragma once

// Rows of an active-calls page that stand as the API writes them, read without simdjson: what a
// poll of many calls mostly does. PageParser tries it first; anything unusual is left to simdjson.

#include <optional>
#include <string_view>
#include <vector>

#include "telnyx/active_call.h"

namespace telnyx_exporter {

/// How a page begins whose rows can be scanned.
inline constexpr std::string_view kScannedPageStart = R"({"data":[)";

/// Appends the page's rows to `calls` and returns what follows them in `body`, from the list's `]`
/// on, unread. Nothing, with `calls` as it was, unless the page begins with kScannedPageStart and
/// has no blanks, ids are UUIDs, durations allowed, all other members texts of visible ASCII
/// without escapes or null, and what is read of a row is there once. So what is scanned is valid
/// JSON and means the same to simdjson. `body` must be followed by kJsonPadding readable bytes.
std::optional<std::string_view> ScanRows(std::string_view body, std::vector<ActiveCall>& calls);

}  // namespace telnyx_exporter
