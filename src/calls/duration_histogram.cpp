#include "calls/duration_histogram.h"

#include <algorithm>
#include <array>
#include <bit>
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

// The bounds within a doubling, 2^(31 + k/8) rounded down. A whole number is above a bound exactly
// when it is above the bound rounded down.
constexpr std::array<std::uint32_t, std::size_t{1} << ExponentialBuckets::kSchema> kScaledBounds = {
    0x80000000, 0x8b95c1e3, 0x9837f051, 0xa5fed6a9, 0xb504f333, 0xc5672a11, 0xd744fcca, 0xeac0c6e7};

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

std::size_t DurationBucketOf(std::uint32_t seconds) {
  const auto leading_zeros = static_cast<unsigned>(std::countl_zero(seconds));
  const std::uint32_t scaled = seconds << leading_zeros;
  std::size_t index = (31 - leading_zeros) * kScaledBounds.size();
  for (const std::uint32_t bound : kScaledBounds) index += scaled > bound ? 1 : 0;
  return index;
}

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
