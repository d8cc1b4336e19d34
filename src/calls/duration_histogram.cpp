#include "calls/duration_histogram.h"

#include <algorithm>
#include <cstddef>

namespace telnyx_exporter {

void DurationHistogram::Add(const CallId& leg, double seconds) {
  const auto bound = std::ranges::lower_bound(*bounds_, seconds);
  Bucket& bucket = buckets_[static_cast<std::size_t>(bound - bounds_->begin())];
  ++bucket.count;
  if (IsUuid(leg)) bucket.example = {.leg = leg, .seconds = seconds};
  ++count_;
  total_seconds_ += seconds;
  exponential_buckets_.Add(seconds);
}

void DurationHistogram::Add(const DurationHistogram& later, WallTime now) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    buckets_[i].count += later.buckets_[i].count;
    if (!later.buckets_[i].example) continue;
    buckets_[i].example = later.buckets_[i].example;
    buckets_[i].example->noted = now;
  }
  count_ += later.count_;
  total_seconds_ += later.total_seconds_;
  exponential_buckets_.Add(later.exponential_buckets_);
}

}  // namespace telnyx_exporter
