#pragma once

#include <cstdint>
#include <mutex>

#include "base/clock.h"

namespace telnyx_exporter::simulator {

/// So many requests in each second of real time. Any thread.
class RequestQuota {
 public:
  struct Verdict {
    bool allowed;
    std::uint32_t remaining;
    std::uint32_t reset_seconds;
  };

  RequestQuota(const Clock& clock, std::uint32_t per_second)
      : clock_(clock), per_second_(per_second) {}

  std::uint32_t per_second() const { return per_second_; }

  Verdict Take() {
    const std::lock_guard lock(mutex_);
    const auto second =
        std::chrono::floor<std::chrono::seconds>(clock_.Now().time_since_epoch()).count();
    if (second != second_) {
      second_ = second;
      used_ = 0;
    }
    if (used_ >= per_second_) return {.allowed = false, .remaining = 0, .reset_seconds = 1};
    ++used_;
    return {.allowed = true, .remaining = per_second_ - used_, .reset_seconds = 1};
  }

 private:
  const Clock& clock_;
  const std::uint32_t per_second_;
  std::mutex mutex_;
  std::int64_t second_ = -1;
  std::uint32_t used_ = 0;
};

}  // namespace telnyx_exporter::simulator
