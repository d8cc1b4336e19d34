#include "telnyx/list_walk.h"

#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter {
ListWalk::ListWalk(std::string_view path, ListWalkLimits limits)
    : limits_(limits), path_(path), next_target_(TargetOf(1)) {}

std::expected<ListWalk::Step, PollFailure> ListWalk::Advance(const ListPage& page) {
  ++pages_;
  if (auto checked = Check(page); !checked) return std::unexpected(std::move(checked.error()));
  if (page.total_results) total_results_ = page.total_results;
  if (pages_ >= *page.total_pages) return Step::kEnd;
  // Pages of different sizes do not join: entries would be left out between them. The last page is
  // not asked, since a server may tell what is on it and not what would fit.
  if (page.page_size && page.page_size != page_size_.value_or(*page.page_size)) {
    return ContentFailure(FailureReason::kMalformedResponse,
                          fmt::format("page {} has the size {}, those before it {}", pages_,
                                      *page.page_size, *page_size_));
  }
  if (page.page_size) page_size_ = page.page_size;
  next_target_ = TargetOf(std::uint64_t{pages_} + 1);
  return Step::kNextPage;
}

std::expected<void, PollFailure> ListWalk::Check(const ListPage& page) const {
  if (page.page_number && *page.page_number != pages_) {
    return ContentFailure(
        FailureReason::kCursorLoop,
        fmt::format("page number {} was asked for and {} came", pages_, *page.page_number));
  }
  if (!page.total_pages) {
    return ContentFailure(FailureReason::kMalformedResponse,
                          fmt::format("page {}: meta.total_pages is missing", pages_));
  }
  if (*page.total_pages > limits_.max_pages) {
    return ContentFailure(
        FailureReason::kTooManyPages,
        fmt::format("there are {} pages, more than {}", *page.total_pages, limits_.max_pages));
  }
  return {};
}

std::string ListWalk::TargetOf(std::uint64_t page_number) const {
  return fmt::format("{}?page%5Bnumber%5D={}&page%5Bsize%5D={}", path_, page_number,
                     limits_.page_size);
}

}  // namespace telnyx_exporter
