#pragma once

// What the status page was asked for, and all that it shows, as plain data: computed from one view
// of the state on the thread that serves the request. The query is part of the address, so that it
// works without script, can be bookmarked and survives a reload. Pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/build_info.h"
#include "base/clock.h"
#include "config/config.h"
#include "pages/words.h"
#include "state/snapshots.h"

namespace telnyx_exporter {

/// What a person wants to know of a connection first, the most urgent first.
enum class Condition : std::uint8_t {
  kFailing,    // the newest poll was not complete
  kOverdue,    // it was, but that was so long ago that its values are no longer known
  kNotPolled,  // there was none yet
  kUp,
};
inline constexpr std::array kConditions = {Condition::kFailing, Condition::kOverdue,
                                           Condition::kNotPolled, Condition::kUp};

enum class SortKey : std::uint8_t { kState, kName, kCalls, kSessions, kLongest, kPolled };

enum class SortOrder : std::uint8_t { kAscending, kDescending };

/// The order in which a column is sorted first: what needs attention comes to the top.
SortOrder FirstOrderOf(SortKey key);

struct StatusQuery {
  std::optional<Condition> show;  // nothing: in all
  std::string account;            // empty: of all accounts
  std::string search;             // empty: with any name
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
/// The parameters in it without the page's number, by name and in the address' order.
std::vector<std::pair<std::string_view, std::string>> ParametersOf(const StatusQuery& query);

/// The values of the parameters "show", "sort" and "order". A condition's is also the class that
/// colours what is in it.
std::string_view NameOf(Condition condition);
std::string_view NameOf(SortKey key);
std::string_view NameOf(SortOrder order);

/// The address of a connection's own page, relative to the status page.
std::string ConnectionAddress(std::string_view account, std::string_view id);

/// What every status page shows.
struct ExporterFacts {
  BuildInfo build;
  Duration uptime{};
  ConfigLoadState config;
  std::string telemetry_path;
};

Condition ConditionOf(const ConnectionSnapshot& connection, Instant now);

/// A connection with what sorting and counting need.
struct OverviewRow {
  std::shared_ptr<const ConnectionSnapshot> connection;
  Condition condition = Condition::kNotPolled;
  // Nothing where it is not known now.
  std::optional<std::uint64_t> calls;
  std::optional<std::uint64_t> sessions;
  std::optional<std::uint64_t> longest_seconds;
  std::optional<Instant> last_poll_ended;
};

/// A sum over the connections of which the number is known, and how many these are.
struct KnownSum {
  std::uint64_t sum = 0;
  std::size_t connections = 0;

  void Add(const std::optional<std::uint64_t>& number);
  bool operator==(const KnownSum&) const = default;
};

struct Totals {
  std::size_t connections = 0;
  std::array<std::size_t, kConditions.size()> by_condition{};
  std::size_t idle = 0;        // polled less often because they have no calls
  std::size_t discovered = 0;  // found by discovery
  KnownSum calls;
  KnownSum sessions;
  std::optional<std::uint64_t> longest_seconds;  // nothing when none is known
  std::shared_ptr<const ConnectionSnapshot> longest_of;
  // The connection that the request budget delays most.
  std::shared_ptr<const ConnectionSnapshot> most_delayed;  // null: none

  std::size_t Count(Condition condition) const {
    return by_condition[static_cast<std::size_t>(condition)];
  }
};

/// The interval that the connection is polled at when the request budget does not make it longer.
Duration WantedInterval(const ConnectionSnapshot& connection);

/// Connections shown at once.
inline constexpr std::size_t kRowsPerPage = 100;

struct Selection {
  std::vector<std::shared_ptr<const ConnectionSnapshot>> connections;  // shown, in their order
  std::size_t matches = 0;                                             // on all pages
  std::size_t page = 1;  // the nearest that there is to the one asked for
  std::size_t pages = 1;
};

struct AccountRow {
  std::shared_ptr<const AccountSnapshot> account;
  Totals totals;  // of its connections
};

struct StatusData {
  StatusQuery query;
  Totals totals;
  std::vector<AccountRow> accounts;  // those that need attention first
  Selection selection;
};

StatusData CollectStatus(const View& view, StatusQuery query, Instant now);

/// Null when there is none with this id in this account.
std::shared_ptr<const ConnectionSnapshot> FindConnection(const View& view, std::string_view account,
                                                         std::string_view id);

/// The account needs more requests than it may send.
bool IsBudgetShort(const AccountSnapshot& account);

/// Whether names are in order as people see it: letters of either case alike, and numbers in them
/// by their value.
bool NaturalLess(std::string_view left, std::string_view right);

}  // namespace telnyx_exporter
