#pragma once

// Random numbers for simulated worlds. Whatever belongs to one thing (an account, a connection, its
// nth request) is drawn from a stream of that thing, so that it does not depend on what else
// happens.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace telnyx_exporter::simulation {

/// One well-mixed number from two.
constexpr std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9e3779b97f4a7c15ULL ^ (b + 0x632be59bd9b4e019ULL);
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() { return Mix(state_ += 0x9e3779b97f4a7c15ULL, 0); }
  /// From 0 up to 1, without 1.
  double Real() { return static_cast<double>(Next() >> 11U) * 0x1p-53; }
  bool Chance(double probability) { return Real() < probability; }
  /// From 0 up to `end`, without `end`.
  std::uint64_t Below(std::uint64_t end) { return Next() % end; }
  std::uint64_t Between(std::uint64_t low, std::uint64_t high) {
    return low + Below(high - low + 1);
  }
  /// Every order of magnitude is as likely as any other.
  double LogBetween(double low, double high) {
    return low * std::exp(Real() * std::log(high / low));
  }
  Duration LogBetween(Duration low, Duration high) {
    return Duration(static_cast<Duration::rep>(
        LogBetween(static_cast<double>(low.count()), static_cast<double>(high.count()))));
  }
  double Exponential(double mean) { return -mean * std::log1p(-Real()); }
  Duration Exponential(Duration mean) {
    return Duration(static_cast<Duration::rep>(Exponential(static_cast<double>(mean.count()))));
  }
  template <typename T, std::size_t kSize>
  const T& Pick(const std::array<T, kSize>& values) {
    return values[Below(kSize)];
  }
  template <typename T>
  T& Pick(std::vector<T>& values) {
    return values[Below(values.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace telnyx_exporter::simulation
