#include "telnyx/page_walk.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

// A server that ignores the limit of rows could fill the memory; one that merely prefers another
// page size never has so many.
constexpr std::uint64_t kMostRows = 1'000'000;

}  // namespace

PageWalk::PageWalk(std::string_view connection_id, PageWalkLimits limits)
    : PageWalk(Form::kCalls,
               fmt::format("/connections/{}/active_calls", PercentEncode(connection_id)), limits) {
  next_target_ = fmt::format("{}?page%5Blimit%5D={}", path_, limits.page_limit);
}

PageWalk PageWalk::OfList(std::string_view path, PageWalkLimits limits) {
  PageWalk walk(Form::kList, std::string(path), limits);
  walk.asked_size_ = limits.page_limit;
  walk.next_target_ = walk.NumberedTarget();
  return walk;
}

PageWalk::PageWalk(Form form, std::string path, PageWalkLimits limits)
    : form_(form), limits_(limits), path_(std::move(path)) {}

std::expected<PageWalk::Step, PollFailure> PageWalk::Advance(const PageInfo& page) {
  ++pages_;
  rows_ += page.rows;
  if (form_ == Form::kList) return AdvanceToNumber(page);
  if (page.rows == 0 && !NamesFurtherRows(page)) return Step::kEnd;
  const std::uint64_t room = std::uint64_t{limits_.page_limit} * limits_.max_pages;
  if (rows_ > std::max(room, kMostRows)) {
    return ContentFailure(FailureReason::kTooManyPages,
                          fmt::format("there are more than {} rows", std::max(room, kMostRows)));
  }
  if (!page.after.empty()) return AdvanceToCursor(page.after);
  if (!seen_cursors_.empty()) return EndOfCursors(page);
  // A numbered page that does not say how many there are, but of more rows than have come.
  const bool lacks_rows = page.page_number && page.total_items.value_or(0) > rows_;
  if (page.total_pages || number_ > 1 || lacks_rows) return AdvanceToNumber(page);
  return Step::kEnd;
}

// Of an empty page, which is the last one unless it contradicts that twice.
bool PageWalk::NamesFurtherRows(const PageInfo& page) const {
  if (page.page_number && page.total_pages.value_or(0) > number_) return true;
  return page.total_items.value_or(0) > rows_ && !page.after.empty() &&
         !seen_cursors_.contains(page.after);
}

std::expected<PageWalk::Step, PollFailure> PageWalk::EndOfCursors(const PageInfo& page) const {
  if (!page.page_number || page.total_pages.value_or(0) <= *page.page_number) return Step::kEnd;
  return ContentFailure(FailureReason::kMalformedResponse,
                        fmt::format("page {} of {} does not name the next one", *page.page_number,
                                    *page.total_pages));
}

std::unexpected<PollFailure> PageWalk::TooManyPages() const {
  return ContentFailure(FailureReason::kTooManyPages,
                        fmt::format("there are more than {}{} pages",
                                    form_ == Form::kCalls ? "max_pages=" : "", limits_.max_pages));
}

std::expected<PageWalk::Step, PollFailure> PageWalk::AdvanceToCursor(const std::string& cursor) {
  if (!seen_cursors_.insert(cursor).second) {
    return ContentFailure(FailureReason::kCursorLoop,
                          fmt::format("page {} leads back to a page already read", pages_));
  }
  if (pages_ >= limits_.max_pages) return TooManyPages();
  next_target_ = fmt::format("{}?page%5Blimit%5D={}&page%5Bafter%5D={}", path_, limits_.page_limit,
                             PercentEncode(cursor));
  return Step::kNextPage;
}

std::expected<PageWalk::Step, PollFailure> PageWalk::AdvanceToNumber(const PageInfo& page) {
  if (auto checked = CheckNumbered(page); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  if (number_ >= *page.total_pages) return Step::kEnd;
  if (*page.total_pages > limits_.max_pages) return TooManyPages();
  // Pages of different sizes do not join: rows would be left out between them. The last page is
  // not asked, since a server may tell what is on it and not what would fit.
  if (page.page_size && page.page_size != told_page_size_.value_or(*page.page_size)) {
    return ContentFailure(FailureReason::kMalformedResponse,
                          fmt::format("page {} has the size {}, those before it {}", pages_,
                                      *page.page_size, *told_page_size_));
  }
  if (page.page_size) told_page_size_ = page.page_size;
  // Calls were asked for by another form: what the server made of that is kept.
  if (asked_size_ == 0) asked_size_ = page.page_size.value_or(0) > 0 ? *page.page_size : page.rows;
  first_row_ = page.first_row;
  ++number_;
  next_target_ = NumberedTarget();
  return Step::kNextPage;
}

std::expected<void, PollFailure> PageWalk::CheckNumbered(const PageInfo& page) const {
  if (page.page_number && *page.page_number != number_) {
    return ContentFailure(
        FailureReason::kCursorLoop,
        fmt::format("page number {} was asked for and {} came", number_, *page.page_number));
  }
  // A server that does not say which page it sends may send the same one again and again. A single
  // row may have moved to the next page, more than one hardly.
  if (!page.page_number && number_ > 1 && page.rows > 1 && page.first_row &&
      page.first_row == first_row_) {
    return ContentFailure(FailureReason::kCursorLoop,
                          fmt::format("page {} begins like the page before it", pages_));
  }
  if (!page.total_pages) {
    return ContentFailure(FailureReason::kMalformedResponse,
                          fmt::format("page {}: meta.total_pages is missing", pages_));
  }
  return {};
}

std::string PageWalk::NumberedTarget() const {
  return fmt::format("{}?page%5Bnumber%5D={}&page%5Bsize%5D={}", path_, number_, asked_size_);
}

std::string CursorOfNextAddress(std::string_view address) {
  const std::size_t question_mark = address.find('?');
  if (question_mark == std::string_view::npos) return {};
  std::string_view query = address.substr(question_mark + 1);
  query = query.substr(0, query.find('#'));
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    if (PercentDecode(parameter.substr(0, equals)) != "page[after]") continue;
    // A raw + stays a +: cursors are base64, and the address is sent half encoded.
    return PercentDecode(parameter.substr(equals + 1)).value_or(std::string());
  }
  return {};
}

}  // namespace telnyx_exporter
