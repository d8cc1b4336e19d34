#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "simulator/answers.h"
#include "simulator/faults.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr std::size_t kLongCursorBytes = std::size_t{64} * 1024;
constexpr std::uint64_t kIgnoredLimitFactor = 4;
constexpr std::uint64_t kAfterAllLegs = (std::uint64_t{1} << 63U) - 1;

using CursorRequest = Api::CursorRequest;

// kChange is given the request and the page that it would get, and returns the page that it gets.
template <auto kChange>
WireAnswer ChangePage(const FaultyRequest& faulty) {
  const auto asked = faulty.api.AsCursorRequest(faulty.request);
  if (!asked || asked->view->legs.empty()) return faulty.api.Answer(faulty.request);
  const CursorPage page = kChange(*asked, SelectCursorPage(*asked->view, asked->query));
  return CursorPageAnswer(*asked->view, asked->connection_id, page);
}

std::size_t LegsUpTo(const CursorRequest& asked, std::size_t count) {
  return std::min(asked.view->legs.size(), count);
}

// Leads to what follows the view's first `count` legs.
std::string CursorAfter(const CursorRequest& asked, std::size_t count) {
  return EncodeCursor({asked.view->legs[count - 1]->number});
}

std::uint64_t LastLegNumber(const CursorRequest& asked) { return asked.view->legs.back()->number; }

CursorPage RepeatCursor(const CursorRequest& asked, CursorPage page) {
  // Without rows a walk would end; after the last leg the first ones come again.
  if (page.first == page.last) page = {.first = 0, .last = LegsUpTo(asked, asked.query.limit)};
  page.after = asked.query.after ? EncodeCursor(*asked.query.after) : CursorAfter(asked, page.last);
  return page;
}

CursorPage LoopThreeCursors(const CursorRequest& asked, CursorPage page) {
  const std::size_t third =
      std::min<std::size_t>(asked.query.limit, (asked.view->legs.size() + 2) / 3);
  // After the third cursor the legs begin again, and the first cursor follows.
  page.first = page.first >= LegsUpTo(asked, 3 * third) ? 0 : page.first / third * third;
  page.last = LegsUpTo(asked, page.first + third);
  page.after = CursorAfter(asked, page.last);
  return page;
}

CursorPage NameLongCursor(const CursorRequest& /*asked*/, CursorPage page) {
  page.after = std::string(kLongCursorBytes, 'A');
  return page;
}

CursorPage PageWithoutEnd(const CursorRequest& asked, CursorPage page) {
  if (!page.after.empty()) return page;
  const std::uint64_t present = asked.query.after ? asked.query.after->leg_number : 0;
  if (page.first == page.last) page = {.first = 0, .last = 1};
  page.after = EncodeCursor({std::max(present, LastLegNumber(asked)) + 1});
  return page;
}

CursorPage PageBackwards(const CursorRequest& asked, CursorPage page) {
  // A walk that has begun goes on in its order.
  if (asked.query.after) return page;
  CursorQuery query = asked.query;
  query.after = Place{.leg_number = kAfterAllLegs, .backwards = true};
  return SelectCursorPage(*asked.view, query);
}

CursorPage RepeatCalls(const CursorRequest& asked, CursorPage page) {
  if (asked.query.after && page.first > 0) --page.first;
  return page;
}

CursorPage IgnoreLimit(const CursorRequest& asked, const CursorPage& /*page*/) {
  CursorQuery query = asked.query;
  query.limit *= kIgnoredLimitFactor;
  return SelectCursorPage(*asked.view, query);
}

constexpr std::array kPagingFaults = {
    Fault{"repeated_cursor", "names the cursor that was asked for as the next",
          ChangePage<RepeatCursor>},
    Fault{"cursor_loop", "leads through three cursors back to the first",
          ChangePage<LoopThreeCursors>},
    Fault{"long_cursor", "names a cursor of 64 KB", ChangePage<NameLongCursor>},
    Fault{"endless_pages", "always has one more page after the last", ChangePage<PageWithoutEnd>},
    Fault{"backwards_pages", "gives the pages in the opposite order", ChangePage<PageBackwards>},
    Fault{"repeated_calls", "gives the last call of a page on the next one too",
          ChangePage<RepeatCalls>},
    Fault{"ignored_limit", "gives four times as many calls as asked for", ChangePage<IgnoreLimit>},
};

}  // namespace

std::span<const Fault> PagingFaults() { return kPagingFaults; }

}  // namespace telnyx_exporter::simulator
