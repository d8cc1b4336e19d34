#include "polling/poll.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter {
namespace {

constexpr std::uint64_t kMostReservedCalls = 300'000;

}  // namespace

Poll::Poll(std::string_view connection_id, PageWalkLimits limits, Instant begun, Duration timeout,
           PageParser& parser)
    // Half of the whole time, so that a request which hangs leaves time for another.
    : RequestSequence(begun, timeout, timeout / 2), parser_(parser), walk_(connection_id, limits) {}

std::expected<RequestSequence::Step, PollFailure> Poll::OnPage(std::string_view body) {
  auto page = parser_.Parse(body, calls_);
  if (!page) {
    return ContentFailure(FailureReason::kMalformedResponse,
                          fmt::format("page {}: {}", walk_.pages() + 1, page.error().message));
  }
  if (page->total_items) {
    reported_legs_ = page->total_items;
    // Room for all that are coming, so that they are not moved again and again; the number is the
    // server's, so only up to a bound.
    calls_.reserve(std::min<std::uint64_t>(*page->total_items, kMostReservedCalls));
  }
  auto step = walk_.Advance(*page);
  if (!step) return std::unexpected(std::move(step.error()));
  return *step == PageWalk::Step::kNextPage ? Step::kNextPage : Step::kEnd;
}

}  // namespace telnyx_exporter
