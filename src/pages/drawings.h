#pragma once

// The small drawings of the status pages, as inline SVG without any style of its own. Each has its
// content in words as well. Pure functions, called on the thread that serves the request.

#include <cstdint>
#include <span>
#include <string>

#include "pages/html.h"
#include "state/snapshots.h"

namespace telnyx_exporter {

struct HistorySummary {
  std::size_t known_minutes = 0;
  std::uint32_t lowest = 0;   // of the known ones
  std::uint32_t highest = 0;  // the same
};
HistorySummary Summarize(const CallHistory::Points& points);

/// "Active calls over the last hour: 12 to 87, known for 57 of 60 minutes."
std::string HistoryWords(const CallHistory::Points& points);

/// The last hour as a line: from 0 at the foot to the hour's highest number at the top, with a
/// dashed foot where nothing was known.
void DrawHistory(const CallHistory::Points& points, Html& html);
/// The same for a place that stretches it.
void DrawLargeHistory(const CallHistory::Points& points, Html& html);

/// How many calls have lasted how long; see CallSummary::bucket_counts.
struct DurationCounts {
  std::span<const std::uint64_t> counts;
  std::span<const double> bounds;  // one less than counts, or none when they are not known
};

/// "up to 5 s", "5 s to 15 s", "over 4 h"; `bucket` counts from 0.
std::string BucketWords(std::span<const double> bounds, std::size_t bucket);
/// "Durations of 66 calls: 3 up to 5 s, 63 of 5 s to 15 s."
std::string DurationCountsWords(const DurationCounts& durations);
/// A bar for each bucket, the fullest one as high as the drawing.
void DrawDurations(const DurationCounts& durations, Html& html);

}  // namespace telnyx_exporter
