#pragma once

#include "base/clock.h"

namespace telnyx_exporter {

/// A clock that stands still until it is told to go on.
class ManualClock final : public Clock {
 public:
  Instant Now() const override { return now_; }
  WallTime WallNow() const override { return wall_now_; }

  void Advance(Duration duration) {
    now_ += duration;
    wall_now_ += std::chrono::duration_cast<WallTime::duration>(duration);
  }
  /// Somebody sets the machine's wall clock; intervals go on undisturbed.
  void SetWallTime(WallTime time) { wall_now_ = time; }

 private:
  Instant now_{std::chrono::hours(1)};
  WallTime wall_now_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace telnyx_exporter
