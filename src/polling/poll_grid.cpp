#include "polling/poll_grid.h"

#include <string>

#include <xxhash.h>

namespace telnyx_exporter {

std::uint64_t StableHash(std::string_view account, std::string_view connection_id) {
  std::string text(account);
  text += '\0';
  text += connection_id;
  return XXH3_64bits(text.data(), text.size());
}

PollGrid::PollGrid(Duration interval, std::uint64_t hash, Instant now, WallTime wall_now)
    : interval_(interval) {
  const Duration since_epoch = wall_now.time_since_epoch();
  const auto offset =
      Duration(static_cast<Duration::rep>(hash % static_cast<std::uint64_t>(interval.count())));
  anchor_ = now - since_epoch % interval + offset;
}

std::int64_t PollGrid::SlotOf(Instant time) const {
  const Duration distance = time - anchor_;
  const std::int64_t slot = distance / interval_;
  return distance % interval_ < Duration::zero() ? slot - 1 : slot;
}

Instant PollGrid::NextAfter(Instant time) const { return anchor_ + (SlotOf(time) + 1) * interval_; }

std::uint64_t PollGrid::CountBetween(Instant begin, Instant end) const {
  return end <= begin ? 0 : static_cast<std::uint64_t>(SlotOf(end) - SlotOf(begin));
}

}  // namespace telnyx_exporter
