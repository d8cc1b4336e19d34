#include "calls/exponential_buckets.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace telnyx_exporter {
namespace {

constexpr std::int32_t kBucketsPerDoubling = 1 << ExponentialBuckets::kSchema;

// 2^(i/8) / 2: the upper bounds of one doubling's buckets, as std::frexp scales them.
constexpr std::array<double, kBucketsPerDoubling> kFractionBounds = {
    0.5,
    0.5452538663326288,
    0.5946035575013605,
    0.6484197773255048,
    0.7071067811865475,
    0.7711054127039704,
    0.8408964152537144,
    0.9170040432046711,
};

}  // namespace

std::int32_t ExponentialBuckets::IndexOf(double value) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  const auto bound = std::ranges::lower_bound(kFractionBounds, fraction);
  return (exponent - 1) * kBucketsPerDoubling +
         static_cast<std::int32_t>(bound - kFractionBounds.begin());
}

void ExponentialBuckets::Add(double value) {
  if (value > 0) {
    AddTo(IndexOf(value), 1);
  } else {
    ++zero_count_;
  }
}

void ExponentialBuckets::Add(const ExponentialBuckets& other) {
  zero_count_ += other.zero_count_;
  for (const Bucket& bucket : other.buckets_) AddTo(bucket.index, bucket.count);
}

void ExponentialBuckets::AddTo(std::int32_t index, std::uint64_t count) {
  const auto place = std::ranges::lower_bound(buckets_, index, {}, &Bucket::index);
  if (place != buckets_.end() && place->index == index) {
    place->count += count;
  } else {
    buckets_.insert(place, {.index = index, .count = count});
  }
}

}  // namespace telnyx_exporter
