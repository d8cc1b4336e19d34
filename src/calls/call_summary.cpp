#include "calls/call_summary.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {
namespace {

// What belongs to durations below this many seconds is looked up: four hours, the longest that most
// calls can last.
constexpr std::uint32_t kTabledSeconds = 4 * 3600;

// How many of the ascending bounds a duration is above.
template <typename Bound>
std::uint16_t CountBelow(const std::vector<Bound>& bounds, std::uint32_t seconds) {
  return static_cast<std::uint16_t>(std::ranges::lower_bound(bounds, seconds) - bounds.begin());
}

// The same for a duration not below the one that `count` is of.
template <typename Bound>
void Advance(const std::vector<Bound>& bounds, std::uint32_t seconds, std::uint16_t& count) {
  while (count < bounds.size() && bounds[count] < seconds) ++count;
}

}  // namespace

CallSummarizer::CallSummarizer(std::vector<double> duration_bounds,
                               std::vector<std::uint32_t> long_call_thresholds)
    : duration_bounds_(std::make_shared<const std::vector<double>>(std::move(duration_bounds))),
      thresholds_(
          std::make_shared<const std::vector<std::uint32_t>>(std::move(long_call_thresholds))) {
  places_of_second_.reserve(kTabledSeconds);
  // Search() for each of them would be a fiftieth of a start.
  Places places;
  for (std::uint32_t seconds = 0; seconds < kTabledSeconds; ++seconds) {
    Advance(*duration_bounds_, seconds, places.bucket);
    Advance(*thresholds_, seconds, places.threshold);
    places_of_second_.push_back(places);
  }
}

CallSummary CallSummarizer::Summarize(const SortedLegs& legs) {
  CallSummary summary{.legs = legs.legs().size(), .sessions = legs.sessions()};
  summary.bucket_counts.resize(duration_bounds_->size() + 1);
  std::vector<std::uint64_t> above(thresholds_->size() + 1);
  for (const std::uint32_t seconds : legs.durations_seconds()) {
    const Places places =
        seconds < places_of_second_.size() ? places_of_second_[seconds] : Search(seconds);
    ++summary.bucket_counts[places.bucket];
    ++above[places.threshold];
    ++(seconds == 0 ? summary.zero_seconds_legs : duration_counts_[DurationBucketOf(seconds)]);
    summary.total_seconds += seconds;
    summary.longest_seconds = std::max(summary.longest_seconds, seconds);
  }
  // Above the second threshold is above the first, too.
  for (std::size_t i = above.size() - 1; i > 0; --i) above[i - 1] += above[i];
  summary.longer_than.assign(above.begin() + 1, above.end());
  summary.duration_buckets = ExtractDurationBuckets();
  return summary;
}

CallSummarizer::Places CallSummarizer::Search(std::uint32_t duration_seconds) const {
  return {.bucket = CountBelow(*duration_bounds_, duration_seconds),
          .threshold = CountBelow(*thresholds_, duration_seconds)};
}

std::vector<ExponentialBuckets::Bucket> CallSummarizer::ExtractDurationBuckets() {
  std::vector<ExponentialBuckets::Bucket> buckets;
  for (std::size_t i = 0; i < duration_counts_.size(); ++i) {
    const std::uint64_t count = std::exchange(duration_counts_[i], 0);
    if (count > 0) buckets.push_back({.index = static_cast<std::int32_t>(i), .count = count});
  }
  return buckets;
}

}  // namespace telnyx_exporter
