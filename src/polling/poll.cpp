#include "polling/poll.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter {
namespace {

// Room is made at once for so many calls, and kept for later polls: 12 MB.
constexpr std::size_t kMostReservedCalls = 300'000;

}  // namespace

Poll::Poll(std::string_view connection_id, PageWalkLimits limits, Instant begun, Duration timeout,
           PollWorkspace& workspace)
    // Half of the whole time, so that a request which hangs leaves time for another.
    : RequestSequence(begun, timeout, timeout / 2),
      workspace_(workspace),
      walk_(connection_id, limits) {}

Poll::~Poll() {
  // Room that was made for calls that never came is not worth keeping.
  const bool needed = calls_.size() >= calls_.capacity() / 2;
  if (!needed || calls_.capacity() > kMostReservedCalls ||
      calls_.capacity() <= workspace_.spare_rows.capacity()) {
    return;
  }
  calls_.clear();
  workspace_.spare_rows = std::move(calls_);
}

// So that they are not moved again and again. The number is the server's, so only up to a bound.
void Poll::MakeRoomFor(std::uint64_t calls) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(calls, kMostReservedCalls));
  if (wanted <= calls_.capacity()) return;
  const std::size_t spare = workspace_.spare_rows.capacity();
  if (wanted <= spare && wanted >= spare / 2) {
    workspace_.spare_rows.assign(calls_.begin(), calls_.end());
    calls_ = std::exchange(workspace_.spare_rows, {});
  } else {
    calls_.reserve(wanted);
  }
}

std::expected<RequestSequence::Step, PollFailure> Poll::OnPage(std::string_view body) {
  auto page = workspace_.parser.Parse(body, calls_);
  if (!page) {
    return ContentFailure(FailureReason::kMalformedResponse,
                          fmt::format("page {}: {}", walk_.pages() + 1, page.error().message));
  }
  if (page->total_items) {
    reported_legs_ = page->total_items;
    MakeRoomFor(*page->total_items);
  }
  auto step = walk_.Advance(*page);
  if (!step) return std::unexpected(std::move(step.error()));
  return *step == PageWalk::Step::kNextPage ? Step::kNextPage : Step::kEnd;
}

}  // namespace telnyx_exporter
