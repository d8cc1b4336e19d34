#pragma once

// Which connections the status page shows, in which order, and which hundred of them. The query is
// part of the address, so that it works without script, can be bookmarked and survives a reload.
// Pure functions, called on the thread that serves the request.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace telnyx_exporter {

enum class ShownConnections : std::uint8_t { kAll, kFailing, kOverdue, kNotPolled, kUp };

enum class SortKey : std::uint8_t { kState, kName, kCalls, kSessions, kLongest, kPolled };

enum class SortOrder : std::uint8_t { kAscending, kDescending };

/// The order in which a column is sorted first: what needs attention comes to the top.
SortOrder FirstOrderOf(SortKey key);

struct StatusQuery {
  ShownConnections show = ShownConnections::kAll;
  std::string account;  // empty: of all accounts
  std::string search;   // empty: with any name
  SortKey sort = SortKey::kState;
  SortOrder order = SortOrder::kAscending;
  std::size_t page = 1;

  bool operator==(const StatusQuery&) const = default;
};

/// A parameter of a request's query by its name; nothing when it is not there.
using QueryParameter = std::function<std::optional<std::string>(std::string_view name)>;

/// Never fails: an unknown value counts as absent, and what is too long is cut.
StatusQuery ParseStatusQuery(const QueryParameter& parameter);

/// The address of the status page with this query, relative to it: "./?show=failing&sort=calls";
/// defaults are left out.
std::string AddressOf(const StatusQuery& query);

/// The values of the parameters "show", "sort" and "order".
std::string_view NameOf(ShownConnections show);
std::string_view NameOf(SortKey key);
std::string_view NameOf(SortOrder order);

/// The address of a connection's own page, relative to the status page.
std::string ConnectionAddress(std::string_view account, std::string_view id);

}  // namespace telnyx_exporter
