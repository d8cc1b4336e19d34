#pragma once

// A log whose lines a test can read.

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "support/manual_clock.h"

namespace telnyx_exporter {

class StringLog {
 public:
  explicit StringLog(LogLevel level = LogLevel::kInfo)
      : log_(clock_, level, LogFormat::kLogfmt, [this](std::string_view line) {
          const std::lock_guard lock(mutex_);
          text_ += line;
        }) {}

  Log& log() { return log_; }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  /// The lines since the last call.
  std::string Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(text_, {});
  }

 private:
  ManualClock clock_;
  mutable std::mutex mutex_;
  std::string text_;
  Log log_;
};

}  // namespace telnyx_exporter
