#pragma once

// How many calls lasted how long, in all the forms in which a histogram can be shown: buckets with
// the configured bounds, exponential ones, the sum, and for each configured bucket one call as an
// example.

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "calls/duration_bounds.h"
#include "calls/exponential_buckets.h"
#include "telnyx/call_id.h"

namespace telnyx_exporter {

class DurationHistogram {
 public:
  /// One call in a bucket, whose id is a UUID.
  struct Example {
    CallId leg;
    double seconds = 0;
    WallTime noted{};

    bool operator==(const Example&) const = default;
  };

  struct Bucket {
    std::uint64_t count = 0;         // of this bucket alone
    std::optional<Example> example;  // the newest
  };

  /// Nothing counted.
  explicit DurationHistogram(DurationBounds bounds)
      : bounds_(std::move(bounds)), buckets_(bounds_->size() + 1) {}

  void Add(const CallId& leg, double seconds);
  /// Adds what was counted later, under the same bounds, and noted at `now`.
  void Add(const DurationHistogram& later, WallTime now);

  const DurationBounds& bounds() const { return bounds_; }
  std::uint64_t count() const { return count_; }
  double total_seconds() const { return total_seconds_; }
  /// For each bound what is up to it and above the bound before, and at the end what is above the
  /// last bound.
  const std::vector<Bucket>& buckets() const { return buckets_; }
  const ExponentialBuckets& exponential_buckets() const { return exponential_buckets_; }

 private:
  DurationBounds bounds_;
  std::uint64_t count_ = 0;
  double total_seconds_ = 0;
  std::vector<Bucket> buckets_;
  ExponentialBuckets exponential_buckets_;
};

}  // namespace telnyx_exporter
