#pragma once

// Writes metrics in one exposition format. Samples are written apart from their family's header, so
// that pieces which have not changed can be joined to a new whole without being written again.

#include <cstddef>
#include <string>

#include "exposition/exposition_format.h"
#include "exposition/metric.h"

namespace telnyx_exporter {

/// Stateless: any thread may use the same writer.
class ExpositionWriter {
 public:
  virtual ~ExpositionWriter() = default;

  /// What stands before a family's samples, which are `samples_bytes` bytes in all.
  virtual void WriteHeader(const MetricDescriptor& metric, std::size_t samples_bytes,
                           std::string& out) const = 0;
  /// All that is said of one series.
  virtual void WriteSamples(const MetricDescriptor& metric, const MetricSeries& series,
                            std::string& out) const = 0;
  /// What stands at the very end.
  virtual void WriteEnd(std::string& out) const = 0;
};

/// Text format 0.0.4. A gauge histogram is written as a histogram, the nearest that the format has;
/// native buckets and exemplars are left out.
const ExpositionWriter& TextWriter();

/// OpenMetrics 1.0. Native buckets are left out.
const ExpositionWriter& OpenMetricsWriter();

/// Length-delimited protobuf messages with everything that the model holds, but for the unit, which
/// the messages have no field for.
const ExpositionWriter& ProtobufWriter();

const ExpositionWriter& WriterOf(ExpositionFormat format);

}  // namespace telnyx_exporter
