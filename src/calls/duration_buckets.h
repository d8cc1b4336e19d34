#pragma once

// Exponential buckets of call durations, the ones that Prometheus's native histograms of schema 3
// have: eight for each doubling, so each bucket is about 9 % wider than the one before it. All
// durations that fit 32 bits fall into 257 of them.

#include <cstddef>
#include <cstdint>

namespace telnyx_exporter {

inline constexpr int kDurationSchema = 3;
inline constexpr std::size_t kDurationBuckets = 32 * (std::size_t{1} << kDurationSchema) + 1;

/// The bucket of a duration above 0 s: bucket i holds what is above 2^((i-1)/8) s and up to 2^(i/8)
/// s, so 1 s is in bucket 0. Below kDurationBuckets.
std::size_t DurationBucketOf(std::uint32_t seconds);

/// How many durations are in a bucket.
struct DurationBucket {
  std::uint32_t index = 0;
  std::uint64_t count = 0;

  bool operator==(const DurationBucket&) const = default;
};

}  // namespace telnyx_exporter
