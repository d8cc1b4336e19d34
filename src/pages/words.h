#pragma once

// Numbers, times and failures in the words of the status pages. Pure functions, called on the
// thread that serves the request.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// One moment on both clocks, so that either kind of time can be told.
struct Moment {
  Instant now;
  WallTime wall;

  WallTime WallOf(Instant time) const {
    return wall + std::chrono::duration_cast<WallTime::duration>(time - now);
  }
};

/// "12,345"
std::string CountWords(std::uint64_t count);
/// "1 call", "12,345 calls"
std::string CountWords(std::uint64_t count, std::string_view one, std::string_view many);
/// "10", "2.5", "0.16": at most two decimals, no trailing 0.
std::string NumberWords(double number);
/// The two largest units: "0 s", "59 s", "4 min 3 s", "2 h 13 min", "3 d 4 h".
std::string DurationWords(Duration duration);
/// How long a short piece of work took: "under 1 ms", "4 ms", "0.21 s", "12 s".
std::string ElapsedWords(Duration elapsed);
/// "just now", "4 s ago"
std::string AgeWords(Duration age);
/// "now", "in 4 s"
std::string UntilWords(Duration duration);
/// "14:02:31 UTC" on the day of `now`, else "2026-01-31 14:02:31 UTC".
std::string ClockWords(WallTime time, WallTime now);
/// "2026-01-31T14:02:31Z"
std::string IsoTime(WallTime time);

/// A failure's reason, as docs/metrics.md has it.
struct ReasonWords {
  std::string_view what_happened;
  std::string_view what_to_do;
};
ReasonWords WordsOf(FailureReason reason);

}  // namespace telnyx_exporter
