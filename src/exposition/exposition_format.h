#pragma once

// The formats in which the metrics can be had.

#include <array>
#include <cstdint>
#include <string_view>

namespace telnyx_exporter {

enum class ExpositionFormat : std::uint8_t {
  kText,         // Prometheus text format 0.0.4
  kOpenMetrics,  // OpenMetrics 1.0 text
  kProtobuf,     // length-delimited io.prometheus.client.MetricFamily messages
};

inline constexpr std::array kExpositionFormats = {
    ExpositionFormat::kText, ExpositionFormat::kOpenMetrics, ExpositionFormat::kProtobuf};

/// What a body in the format is sent as.
constexpr std::string_view ContentTypeOf(ExpositionFormat format) {
  switch (format) {
    case ExpositionFormat::kOpenMetrics:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    case ExpositionFormat::kProtobuf:
      return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
             "encoding=delimited";
    case ExpositionFormat::kText:
      break;
  }
  return "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace telnyx_exporter
