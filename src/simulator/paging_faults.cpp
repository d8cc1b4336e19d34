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

// `change` is given the request and the page that it would get, and returns the page that it gets.
template <typename Change>
WireAnswer WithPage(const FaultyRequest& faulty, Change change) {
  const auto asked = faulty.api.AsCursorRequest(faulty.request);
  if (!asked || asked->view->legs.empty()) return faulty.api.Answer(faulty.request);
  const CursorPage page = change(*asked, SelectCursorPage(*asked->view, asked->query));
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

WireAnswer RepeatCursor(const FaultyRequest& faulty) {
  return WithPage(faulty, [](const CursorRequest& asked, CursorPage page) {
    // Without rows a walk would end; after the last leg the first ones come again.
    if (page.first == page.last) page = {.first = 0, .last = LegsUpTo(asked, asked.query.limit)};
    page.after =
        asked.query.after ? EncodeCursor(*asked.query.after) : CursorAfter(asked, page.last);
    return page;
  });
}

WireAnswer LoopThreeCursors(const FaultyRequest& faulty) {
  return WithPage(faulty, [](const CursorRequest& asked, CursorPage page) {
    const std::size_t third =
        std::min<std::size_t>(asked.query.limit, (asked.view->legs.size() + 2) / 3);
    // After the third cursor the legs begin again, and the first cursor follows.
    page.first = page.first >= LegsUpTo(asked, 3 * third) ? 0 : page.first / third * third;
    page.last = LegsUpTo(asked, page.first + third);
    page.after = CursorAfter(asked, page.last);
    return page;
  });
}

WireAnswer NameLongCursor(const FaultyRequest& faulty) {
  return WithPage(faulty, [](const CursorRequest&, CursorPage page) {
    page.after = std::string(kLongCursorBytes, 'A');
    return page;
  });
}

WireAnswer PageWithoutEnd(const FaultyRequest& faulty) {
  return WithPage(faulty, [](const CursorRequest& asked, CursorPage page) {
    if (!page.after.empty()) return page;
    const std::uint64_t present = asked.query.after ? asked.query.after->leg_number : 0;
    if (page.first == page.last) page = {.first = 0, .last = 1};
    page.after = EncodeCursor({std::max(present, LastLegNumber(asked)) + 1});
    return page;
  });
}

WireAnswer PageBackwards(const FaultyRequest& faulty) {
  return WithPage(faulty, [](const CursorRequest& asked, CursorPage page) {
    // A walk that has begun goes on in its order.
    if (asked.query.after) return page;
    CursorQuery query = asked.query;
    query.after = Place{.leg_number = kAfterAllLegs, .backwards = true};
    return SelectCursorPage(*asked.view, query);
  });
}

WireAnswer RepeatCalls(const FaultyRequest& faulty) {
  return WithPage(faulty, [](const CursorRequest& asked, CursorPage page) {
    if (asked.query.after && page.first > 0) --page.first;
    return page;
  });
}

WireAnswer IgnoreLimit(const FaultyRequest& faulty) {
  return WithPage(faulty, [](const CursorRequest& asked, const CursorPage&) {
    CursorQuery query = asked.query;
    query.limit *= kIgnoredLimitFactor;
    return SelectCursorPage(*asked.view, query);
  });
}

constexpr std::array kPagingFaults = {
    Fault{"repeated_cursor", "names the cursor that was asked for as the next", RepeatCursor},
    Fault{"cursor_loop", "leads through three cursors back to the first", LoopThreeCursors},
    Fault{"long_cursor", "names a cursor of 64 KB", NameLongCursor},
    Fault{"endless_pages", "always has one more page after the last", PageWithoutEnd},
    Fault{"backwards_pages", "gives the pages in the opposite order", PageBackwards},
    Fault{"repeated_calls", "gives the last call of a page on the next one too", RepeatCalls},
    Fault{"ignored_limit", "gives four times as many calls as asked for", IgnoreLimit},
};

}  // namespace

std::span<const Fault> PagingFaults() { return kPagingFaults; }

}  // namespace telnyx_exporter::simulator
