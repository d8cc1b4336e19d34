#pragma once

// The metrics of one connection: a table with a row a metric, which says where its values come from
// and whether it goes with the last complete poll's values. To add a metric, add a row.

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/exposition_writer.h"
#include "exposition/metric.h"
#include "metrics/connection_state.h"

namespace telnyx_exporter {

/// What a table row writes its series into.
class ConnectionSeriesWriter {
 public:
  /// The connection's series at the moment `now`.
  ConnectionSeriesWriter(const ConnectionIdentity& identity, Instant now,
                         const ExpositionWriter& writer, std::string& out);

  void BeginMetric(const MetricDescriptor& metric) { metric_ = &metric; }

  const ConnectionIdentity& identity() const { return identity_; }
  /// The moment that the series are to be true of.
  Instant now() const { return now_; }
  /// One series with the connection's labels and, behind them, the given ones that are not empty.
  void Add(double value, std::initializer_list<LabelView> labels = {});
  /// Legs by duration, as CallSummary counts them.
  void AddDurations(const CompletePoll& poll);
  /// Calls that have ended, with examples.
  void AddDurations(const DurationHistogram& durations);

 private:
  void SetNativeBuckets(std::uint64_t zero_count,
                        std::span<const ExponentialBuckets::Bucket> buckets);

  const ConnectionIdentity& identity_;
  const Instant now_;
  const ExpositionWriter& writer_;
  std::string& out_;
  const MetricDescriptor* metric_ = nullptr;
  MetricSeries series_;
  std::size_t common_labels_;
};

struct ConnectionMetric {
  MetricDescriptor descriptor;
  bool expires;  // shown only while the last complete poll's values are
  void (*write)(const ConnectionState& state, ConnectionSeriesWriter& out);
};

std::span<const ConnectionMetric> ConnectionMetrics();

/// One connection's series of every row of ConnectionMetrics(), written: those of row i end at
/// ends[i]. Empty where there is no connection.
struct RenderedConnection {
  std::string bytes;
  std::vector<std::uint32_t> ends;

  std::string_view SeriesOf(std::size_t row) const {
    if (ends.empty()) return {};  // no connection
    const std::uint32_t begin = row == 0 ? 0 : ends[row - 1];
    return std::string_view(bytes).substr(begin, ends[row] - begin);
  }
};

void RenderConnection(const ConnectionIdentity& identity, const ConnectionState& state, Instant now,
                      const ExpositionWriter& writer, RenderedConnection& rendered);

}  // namespace telnyx_exporter
