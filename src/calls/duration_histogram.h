#pragma once

// How many calls lasted how long, in all the forms in which a histogram can be shown: buckets with
// the configured bounds, exponential ones, the sum, and for each configured bucket one call as an
// example. Summaries and trackers count with it, on the polling thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "telnyx/active_call.h"

namespace telnyx_exporter {

/// Upper bounds of the buckets of a duration histogram in seconds, ascending. Whatever was counted
/// keeps the bounds that it was counted under, also when a reload brings others.
using DurationBounds = std::shared_ptr<const std::vector<double>>;

/// Counts of durations in the buckets that Prometheus's native histograms of schema 3 have: eight
/// for each doubling, so that each is about 9 % wider than the one before it. Sparse: only buckets
/// that hold something take memory.
class ExponentialBuckets {
 public:
  static constexpr std::int32_t kSchema = 3;

  struct Bucket {
    std::int32_t index = 0;
    std::uint64_t count = 0;

    bool operator==(const Bucket&) const = default;
  };

  /// Bucket i holds what is above 2^((i-1)/8) and up to 2^(i/8). `value` is above 0.
  static std::int32_t IndexOf(double value);

  /// What is not above 0 has a place of its own.
  void Add(double value);
  void Add(const ExponentialBuckets& other);

  std::uint64_t zero_count() const { return zero_count_; }
  /// Ascending, none empty.
  const std::vector<Bucket>& buckets() const { return buckets_; }

  bool operator==(const ExponentialBuckets&) const = default;

 private:
  void AddTo(std::int32_t index, std::uint64_t count);

  std::uint64_t zero_count_ = 0;
  std::vector<Bucket> buckets_;
};

/// All durations in whole seconds that fit 32 bits share so many exponential buckets.
inline constexpr std::size_t kDurationBuckets =
    32 * (std::size_t{1} << ExponentialBuckets::kSchema) + 1;

/// ExponentialBuckets::IndexOf for a duration above 0 s, found without arithmetic on fractions:
/// every active call of every poll asks. Below kDurationBuckets.
std::size_t DurationBucketOf(std::uint32_t seconds);

/// All of these forms of the same calls.
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
