#pragma once

// The model that every format is written from: a descriptor says what all series of a metric have
// in common, a MetricSeries holds the values of one. Plain values; whoever writes an exposition
// fills them in on the thread that serves it.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace telnyx_exporter {

enum class MetricType : std::uint8_t {
  kCounter,
  kGauge,
  kHistogram,
  /// A histogram of a current state: its buckets can shrink. Its series always have native buckets:
  /// without them Prometheus reads the protobuf message as another type.
  kGaugeHistogram,
};

/// Whether the formats have a start time for it: what only grows from 0 has one.
constexpr bool HasStartTime(MetricType type) {
  return type == MetricType::kCounter || type == MetricType::kHistogram;
}

struct MetricDescriptor {
  std::string_view name;  // counters with their _total
  MetricType type;
  std::string_view unit;  // "seconds", "bytes"; empty for counts and flags
  std::string_view help;  // one line
};

/// Refers to strings that live at least until the series was written.
struct LabelView {
  std::string_view name;
  std::string_view value;
};

/// One of a bucket's observations, with labels that identify it.
struct Exemplar {
  std::vector<LabelView> labels;
  double value = 0;
  /// Prometheus drops an exemplar of a native histogram that has no time.
  std::optional<WallTime> time;
};

/// Whether the labels' names and values have at most the 128 characters that OpenMetrics allows.
/// Longer ones are left out of every format: a scraper would refuse the whole exposition.
bool IsWritable(const Exemplar& exemplar);

struct HistogramBucket {
  double upper_bound = 0;
  std::uint64_t cumulative_count = 0;
  std::optional<Exemplar> exemplar;
};

/// The sparse buckets of a native histogram: bucket i holds what is above 2^((i-1)/2^schema) and up
/// to 2^(i/2^schema). Counts are not cumulative.
struct NativeBuckets {
  struct Bucket {
    std::int32_t index = 0;
    std::uint64_t count = 0;
  };

  std::int32_t schema = 0;
  double zero_threshold = 0;  // above 0, also while nothing was counted
  std::uint64_t zero_count = 0;
  std::vector<Bucket> buckets;  // ascending, none empty
};

/// Observations, counted in buckets with configured bounds and, where there are any, in native ones
/// too. Each format shows what it supports.
struct HistogramValues {
  std::uint64_t count = 0;
  double sum = 0;
  std::vector<HistogramBucket> buckets;  // ascending; the one up to +Inf may be left out
  std::optional<NativeBuckets> native;
};

struct MetricSeries {
  /// Labels that several series share, as ExpositionWriter::EncodeLabels of the same writer wrote
  /// them once; written before `labels`.
  std::string_view encoded_labels;
  std::vector<LabelView> labels;
  double value = 0;                 // of a counter or a gauge
  HistogramValues histogram;        // of a histogram or a gauge histogram
  std::optional<WallTime> created;  // when it was 0; written only where HasStartTime()
};

}  // namespace telnyx_exporter
