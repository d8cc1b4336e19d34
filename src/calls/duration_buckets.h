#pragma once

// The exponential buckets of durations in whole seconds, found without arithmetic on fractions:
// every active call of every poll falls into one. All durations that fit 32 bits share 257 of them.

#include <cstddef>
#include <cstdint>

#include "calls/exponential_buckets.h"

namespace telnyx_exporter {

inline constexpr std::size_t kDurationBuckets =
    32 * (std::size_t{1} << ExponentialBuckets::kSchema) + 1;

/// ExponentialBuckets::IndexOf for a duration above 0 s. Below kDurationBuckets.
std::size_t DurationBucketOf(std::uint32_t seconds);

}  // namespace telnyx_exporter
