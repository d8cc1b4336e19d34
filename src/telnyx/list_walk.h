#pragma once

// The walk through all pages of one of an account's lists, without I/O: it says which request is
// next and is told what the page said. Discovery owns one for as long as it lasts.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "telnyx/connection_list.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

struct ListWalkLimits {
  std::uint32_t page_size = 250;  // rows asked for
  std::uint32_t max_pages = 400;
};

class ListWalk {
 public:
  /// `path` is one of the lists' paths, as it is sent: kConnectionsPath.
  ListWalk(std::string_view path, ListWalkLimits limits);

  /// The path and query of the next request, to be put behind the API's base address. The same
  /// until Advance, so a failed request is repeated, not the walk.
  const std::string& next_target() const { return next_target_; }

  enum class Step { kNextPage, kEnd };

  /// Takes in the page that next_target() brought. The list ends where its newest page says so and
  /// nowhere else: an empty page does not end it. Fails with `cursor_loop` when another page came
  /// than was asked for, with `too_many_pages` when there are more than max_pages, and with
  /// `malformed_response` when the page does not say how many there are or has another size than
  /// those before it; the walk is over then.
  std::expected<Step, PollFailure> Advance(const ListPage& page);

  std::uint32_t pages() const { return pages_; }
  /// The server's own count of entries, by its newest page. Entries that come and go during the
  /// walk make it differ from what came.
  std::optional<std::uint64_t> total_results() const { return total_results_; }

 private:
  std::expected<void, PollFailure> Check(const ListPage& page) const;
  std::string TargetOf(std::uint64_t page_number) const;

  ListWalkLimits limits_;
  std::string path_;
  std::string next_target_;
  std::uint32_t pages_ = 0;
  std::optional<std::uint64_t> page_size_;  // by the first page that told it
  std::optional<std::uint64_t> total_results_;
};

/// Keeps the first of the rows with the same id, in their order, and returns how many were removed:
/// an entry that is added during a walk moves others to the next page, where they come again.
template <typename Row>
std::size_t RemoveDuplicateIds(std::vector<Row>& rows) {
  std::unordered_set<std::string> seen;
  return std::erase_if(rows, [&](const Row& row) { return !seen.insert(row.id).second; });
}

}  // namespace telnyx_exporter
