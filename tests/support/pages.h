#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace telnyx_exporter {

/// The text of a UUID that is made from a number.
inline std::string Uuid(std::uint64_t number) {
  return fmt::format("2dc6fc34-f9e0-11ea-b68e-{:012x}", number);
}

/// One row of an active-calls page as the API sends it.
inline std::string Row(std::uint64_t leg, std::uint64_t session, std::int64_t duration) {
  return fmt::format(
      R"({{"call_control_id":"v3:token{}","call_leg_id":"{}","call_session_id":"{}",)"
      R"("client_state":null,"record_type":"call","call_duration":{}}})",
      leg, Uuid(leg), Uuid(1'000'000 + session), duration);
}

/// A page in the cursor form; an empty `after` is sent as null.
inline std::string Page(const std::vector<std::string>& rows, std::string_view after,
                        std::size_t total_items) {
  const std::string cursor = after.empty() ? "null" : fmt::format("\"{}\"", after);
  return fmt::format(R"({{"data":[{}],"meta":{{"cursors":{{"after":{},"before":null}},)"
                     R"("total_items":{}}}}})",
                     fmt::join(rows, ","), cursor, total_items);
}

}  // namespace telnyx_exporter
