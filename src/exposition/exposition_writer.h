#pragma once

// Writes metrics in one exposition format. Samples are written apart from their family's header, so
// that pieces which have not changed can be joined to a new whole without being written again.

#include <cstddef>
#include <string>

#include <prometheus/client_metric.h>

#include "exposition/metric.h"

namespace telnyx_exporter {

/// Stateless: any thread may use the same writer.
class ExpositionWriter {
 public:
  virtual ~ExpositionWriter() = default;

  /// What stands before a family's samples, which are `samples_bytes` bytes in all.
  virtual void WriteHeader(const MetricDescriptor& metric, std::size_t samples_bytes,
                           std::string& out) const = 0;
  /// All the lines of one series.
  virtual void WriteSamples(const MetricDescriptor& metric, const prometheus::ClientMetric& values,
                            std::string& out) const = 0;
  /// What stands at the very end.
  virtual void WriteEnd(std::string& out) const = 0;
};

/// Text format 0.0.4. A gauge histogram is written as a histogram, the nearest that the format has.
const ExpositionWriter& TextWriter();

/// The shortest text that reads back as the same number; `+Inf`, `-Inf`, `NaN`.
void AppendNumber(std::string& out, double number);

}  // namespace telnyx_exporter
