#include "polling/poll.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter {
namespace {

// Room is made at once for so many rows, and kept for later polls: 11 MB.
constexpr std::size_t kMostReservedRows = 300'000;
// The memory of a page with more rows is not kept; the API's have 250.
constexpr std::size_t kMostKeptPageRows = 1000;

}  // namespace

Poll::Poll(std::string_view connection_id, PageWalkLimits limits, Instant begun, Duration timeout,
           PollWorkspace& workspace)
    // Half of the whole time, so that a request which hangs leaves time for another.
    : RequestSequence(begun, timeout, timeout / 2),
      workspace_(workspace),
      walk_(connection_id, limits) {}

Poll::~Poll() {
  // Room that was made for calls that never came is not worth keeping.
  const bool needed = rows_.size() >= rows_.capacity() / 2;
  if (!needed || rows_.capacity() > kMostReservedRows ||
      rows_.capacity() <= workspace_.spare_rows.capacity()) {
    return;
  }
  rows_.Clear();
  workspace_.spare_rows = std::move(rows_);
}

// So that they are not moved again and again. The number is the server's, so only up to a bound.
void Poll::MakeRoomFor(std::uint64_t rows) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(rows, kMostReservedRows));
  const std::size_t spare = workspace_.spare_rows.capacity();
  if (wanted <= spare && wanted >= spare / 2) rows_ = std::exchange(workspace_.spare_rows, {});
  rows_.Reserve(wanted);
}

std::expected<RequestSequence::Step, PollFailure> Poll::OnPage(std::string_view body) {
  std::vector<ActiveCall>& rows = workspace_.page;
  rows.clear();
  auto page = workspace_.parser.Parse(body, rows);
  if (!page) {
    return ContentFailure(FailureReason::kMalformedResponse,
                          fmt::format("page {}: {}", walk_.pages() + 1, page.error().message));
  }
  CountIgnoredFields(page->ignored_fields);
  if (page->total_items) {
    reported_legs_ = page->total_items;
    if (rows_.size() == 0) MakeRoomFor(*page->total_items);
  }
  rows_.Add(rows);
  longest_calls_.Add(rows);
  if (rows.capacity() > kMostKeptPageRows) rows = std::vector<ActiveCall>();
  auto step = walk_.Advance(*page);
  if (!step) return std::unexpected(std::move(step.error()));
  return *step == PageWalk::Step::kNextPage ? Step::kNextPage : Step::kEnd;
}

}  // namespace telnyx_exporter
