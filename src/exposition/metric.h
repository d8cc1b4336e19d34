#pragma once

// The model that every format is written from: prometheus-cpp's ClientMetric holds the values of
// one series, the descriptor what is said once about all of them and what the library has no field
// for.

#include <cstdint>
#include <string_view>

#include <prometheus/client_metric.h>

namespace telnyx_exporter {

enum class MetricType : std::uint8_t {
  kCounter,
  kGauge,
  kHistogram,
  kGaugeHistogram,  // a histogram of what is there now: its buckets can shrink
};

struct MetricDescriptor {
  std::string_view name;  // counters with their _total
  MetricType type;
  std::string_view unit;  // "seconds", "bytes"; empty for counts and flags
  std::string_view help;  // one line
};

}  // namespace telnyx_exporter
