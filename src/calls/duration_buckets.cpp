#include "calls/duration_buckets.h"

#include <array>
#include <bit>

namespace telnyx_exporter {
namespace {

// The bounds within a doubling, 2^(31 + k/8) rounded down. A whole number is above a bound exactly
// when it is above the bound rounded down.
constexpr std::array<std::uint32_t, std::size_t{1} << ExponentialBuckets::kSchema> kScaledBounds = {
    0x80000000, 0x8b95c1e3, 0x9837f051, 0xa5fed6a9, 0xb504f333, 0xc5672a11, 0xd744fcca, 0xeac0c6e7};

}  // namespace

std::size_t DurationBucketOf(std::uint32_t seconds) {
  const auto leading_zeros = static_cast<unsigned>(std::countl_zero(seconds));
  const std::uint32_t scaled = seconds << leading_zeros;
  std::size_t index = (31 - leading_zeros) * kScaledBounds.size();
  for (const std::uint32_t bound : kScaledBounds) index += scaled > bound ? 1 : 0;
  return index;
}

}  // namespace telnyx_exporter
