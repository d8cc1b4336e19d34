#pragma once

// Counts of durations in the buckets that Prometheus's native histograms of schema 3 have: eight
// for each doubling, so that each is about 9 % wider than the one before it. Sparse: only buckets
// that hold something take memory.

#include <cstdint>
#include <vector>

namespace telnyx_exporter {

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

}  // namespace telnyx_exporter
