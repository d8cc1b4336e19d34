#pragma once

// What the exporter must know of an account's lists, and what it must therefore poll: the
// documented rules once more, apart from the exporter's own code.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "polling/poll_plan.h"
#include "simulation/list_wire.h"
#include "simulation/sequence_record.h"

namespace telnyx_exporter::simulation {

/// Discovery keeps connections whose names begin so, where its plan has a pattern.
inline constexpr std::string_view kKeptNames = "prod-";

/// One refresh of an account's lists.
class RefreshRecord final : public SequenceRecord {
 public:
  /// `known`: ids of connections that are kept whatever the filters say.
  RefreshRecord(Instant begun, const DiscoveryPlan& plan, std::set<std::string> known);

  /// A Violation when it is not the request that must come next.
  void OnSent(const std::string& target, const ListRequest& request, Instant now);
  void OnOutcome(const Outcome& outcome, Instant now, WallTime wall_now);

  /// The rows of a list, in the order in which they came.
  const std::vector<ListRow>& rows(std::size_t list) const { return rows_[list]; }
  /// Whether a row is worth keeping.
  bool Keeps(const ListRow& row) const;
  /// That were read, of all lists together.
  std::uint32_t pages() const { return pages_; }

 private:
  Expectation JudgePage(const ListPage& page);

  bool HasTooMany() const;

  const DiscoveryPlan plan_;
  const std::set<std::string> known_;
  std::uint32_t pages_ = 0;
  std::array<std::vector<ListRow>, kListPaths.size()> rows_;
  std::size_t list_ = 0;
  std::uint64_t number_ = 1;  // of the page that comes next
  std::optional<std::uint64_t> size_;
};

class DiscoveryModel {
 public:
  /// Takes in lists that were read to the end.
  void Update(const RefreshRecord& refresh);

  /// Of the connections that the lists have named and that were kept.
  std::set<std::string> KnownIds() const;

  /// The lists that tell limits are not read any more.
  void ForgetLimits();

  /// What the shard must poll of the account, in any order.
  std::vector<ConnectionPlan> ConnectionsToPoll(const AccountPlan& account,
                                                const Shard& shard) const;
  /// How many of the voice profiles have a limit.
  std::size_t limited_profiles() const;

 private:
  struct Known {
    ListRow row;
    bool missed = false;           // by the newest list
    bool in_list_by_kind = false;  // in the newest ones
  };

  void FillIn(const ListRow& row, ConnectionPlan& plan) const;

  std::vector<Known> known_;
  std::vector<ListRow> profiles_;
};

}  // namespace telnyx_exporter::simulation
