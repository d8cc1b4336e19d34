#pragma once

// How many calls a connection had in each minute of the last hour, for the status pages. A part of
// ConnectionSnapshot; it holds no memory of its own, so that recording a poll allocates nothing.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/clock.h"

namespace telnyx_exporter {

class CallHistory {
 public:
  static constexpr std::size_t kMinutes = 60;
  /// The highest number of each minute, the oldest first and the current minute last; nothing where
  /// it was not known.
  using Points = std::array<std::optional<std::uint32_t>, kMinutes>;

  CallHistory() { highest_.fill(kUnknown); }

  /// A complete poll that ended at `now` counted `calls`, and that is known until `expires`. `now`
  /// never goes back.
  void Note(std::uint64_t calls, Instant now, Instant expires);

  /// A minute in which no poll ended has the number of the poll before, as long as that was known.
  Points At(Instant now) const;

 private:
  static constexpr std::uint32_t kUnknown = std::numeric_limits<std::uint32_t>::max();

  void MoveTo(std::int64_t minute);

  std::array<std::uint32_t, kMinutes> highest_;  // of minute m at m % kMinutes
  std::int64_t minute_ = -1;                     // the newest in it
  std::uint32_t calls_ = kUnknown;               // of the newest poll
  Instant expires_{};
};

}  // namespace telnyx_exporter
