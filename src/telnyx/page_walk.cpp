#include "telnyx/page_walk.h"

#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter {
PageWalk::PageWalk(std::string_view connection_id, PageWalkLimits limits)
    : limits_(limits),
      path_(fmt::format("/connections/{}/active_calls", PercentEncode(connection_id))),
      next_target_(fmt::format("{}?page%5Blimit%5D={}", path_, limits.page_limit)) {}

std::expected<PageWalk::Step, PollFailure> PageWalk::Advance(const PageInfo& page) {
  ++pages_;
  if (page.rows == 0) return Step::kEnd;
  if (!page.after.empty()) return AdvanceToCursor(page.after);
  if (page.total_pages) return AdvanceToNumber(page);
  return Step::kEnd;
}

std::expected<PageWalk::Step, PollFailure> PageWalk::AdvanceToCursor(const std::string& cursor) {
  if (!seen_cursors_.insert(cursor).second) {
    return ContentFailure(FailureReason::kCursorLoop,
                          fmt::format("page {} leads back to a page already read", pages_));
  }
  if (pages_ >= limits_.max_pages) {
    return ContentFailure(FailureReason::kTooManyPages,
                          fmt::format("there are more than max_pages={} pages", limits_.max_pages));
  }
  next_target_ = fmt::format("{}?page%5Blimit%5D={}&page%5Bafter%5D={}", path_, limits_.page_limit,
                             PercentEncode(cursor));
  return Step::kNextPage;
}

std::expected<PageWalk::Step, PollFailure> PageWalk::AdvanceToNumber(const PageInfo& page) {
  if (page.page_number && *page.page_number != next_page_number_) {
    return ContentFailure(FailureReason::kCursorLoop,
                          fmt::format("page number {} was asked for and {} came", next_page_number_,
                                      *page.page_number));
  }
  if (next_page_number_ >= *page.total_pages) return Step::kEnd;
  if (pages_ >= limits_.max_pages) {
    return ContentFailure(FailureReason::kTooManyPages,
                          fmt::format("there are more than max_pages={} pages", limits_.max_pages));
  }
  // The size of the first page is kept whatever was asked for, so that the pages join without a
  // gap.
  if (page_size_ == 0) page_size_ = page.page_size.value_or(page.rows);
  ++next_page_number_;
  next_target_ =
      fmt::format("{}?page%5Bnumber%5D={}&page%5Bsize%5D={}", path_, next_page_number_, page_size_);
  return Step::kNextPage;
}

}  // namespace telnyx_exporter
