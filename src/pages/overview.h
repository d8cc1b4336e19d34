#pragma once

// All connections in short, and which of them a query asks for. Reading copies the little that
// sorting and counting need, so that the polling thread waits no longer than for that; everything
// behind it is a pure function.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "metrics/connection_store.h"
#include "pages/status_query.h"

namespace telnyx_exporter {

/// What a person wants to know of a connection first, the most urgent first.
enum class Condition : std::uint8_t {
  kFailing,    // the newest poll was not complete
  kOverdue,    // it was, but that was so long ago that its values are not known any more
  kNotPolled,  // there was none yet
  kUp,
};
inline constexpr std::size_t kConditions = 4;

Condition ConditionOf(const ConnectionState& state, Instant now);

struct OverviewRow {
  std::size_t place = 0;  // in the store
  std::shared_ptr<const ConnectionIdentity> identity;
  Condition condition = Condition::kNotPolled;
  // Nothing where it is not known now.
  std::optional<std::uint64_t> calls;
  std::optional<std::uint64_t> sessions;
  std::optional<std::uint64_t> longest_seconds;
  std::optional<Instant> last_poll_ended;
};

std::vector<OverviewRow> ReadOverview(const ConnectionStore& connections, Instant now);

/// A sum over the connections of which the number is known, and how many these are.
struct KnownSum {
  std::uint64_t sum = 0;
  std::size_t connections = 0;

  void Add(const std::optional<std::uint64_t>& number);
  bool operator==(const KnownSum&) const = default;
};

struct Totals {
  std::size_t connections = 0;
  std::array<std::size_t, kConditions> by_condition{};
  KnownSum calls;
  KnownSum sessions;
  std::optional<std::uint64_t> longest_seconds;  // nothing when none is known
  std::shared_ptr<const ConnectionIdentity> longest_of;

  std::size_t Count(Condition condition) const {
    return by_condition[static_cast<std::size_t>(condition)];
  }
};

void AddTo(Totals& totals, const OverviewRow& row);

/// Connections on one page.
inline constexpr std::size_t kRowsPerPage = 100;

struct Selection {
  std::vector<std::size_t> places;  // of the connections on the page, in their order
  std::size_t matches = 0;          // on all pages
  std::size_t page = 1;             // the nearest that there is to the one asked for
  std::size_t pages = 1;
};

Selection Select(const std::vector<OverviewRow>& rows, const StatusQuery& query);

/// Whether names are in order as people see it: letters of either case alike, and numbers in them
/// by their value.
bool NaturalLess(std::string_view left, std::string_view right);

}  // namespace telnyx_exporter
