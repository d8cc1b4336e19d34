#pragma once

#include <atomic>

#include "base/clock.h"

namespace telnyx_exporter {

/// A clock that stands still until it is told to go on, for several threads.
class SharedClock final : public Clock {
 public:
  Instant Now() const override { return Instant(Duration(now_.load())); }
  WallTime WallNow() const override { return WallTime(std::chrono::seconds(1'700'000'000)); }

  void Advance(Duration duration) { now_ += duration.count(); }

 private:
  std::atomic<Duration::rep> now_{3'600'000'000'000};
};

}  // namespace telnyx_exporter
