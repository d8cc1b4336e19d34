#pragma once

// The metrics of one connection: a table with a row a metric, which says where its values come from
// and whether it goes with the last complete poll's values. To add a metric, add a row.

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exposition/exposition_writer.h"
#include "exposition/metric.h"
#include "metrics/connection_state.h"

namespace telnyx_exporter {

/// What a table row writes its series into.
class ConnectionSeriesWriter {
 public:
  ConnectionSeriesWriter(const ConnectionIdentity& identity,
                         const std::vector<double>& duration_bounds, Instant now,
                         const ExpositionWriter& writer, std::string& out);

  void BeginMetric(const MetricDescriptor& metric) { metric_ = &metric; }

  const ConnectionIdentity& identity() const { return identity_; }
  /// The moment that the series are to be true of.
  Instant now() const { return now_; }
  /// One series with the connection's labels and, behind them, the given ones that are not empty.
  void Add(double value,
           std::initializer_list<std::pair<std::string_view, std::string_view>> labels = {});
  /// Legs by duration, as CallSummary counts them.
  void AddDurations(const CallSummary& summary);
  void AddDurations(const DurationHistogram& durations);

 private:
  const ConnectionIdentity& identity_;
  const std::vector<double>& duration_bounds_;
  const Instant now_;
  const ExpositionWriter& writer_;
  std::string& out_;
  const MetricDescriptor* metric_ = nullptr;
  prometheus::ClientMetric series_;
  std::size_t common_labels_;
};

struct ConnectionMetric {
  MetricDescriptor descriptor;
  bool expires;  // shown only while the last complete poll's values are
  void (*write)(const ConnectionState& state, ConnectionSeriesWriter& out);
};

std::span<const ConnectionMetric> ConnectionMetrics();

/// One connection's series of every row of ConnectionMetrics(), written: those of row i end at
/// ends[i].
struct RenderedConnection {
  std::string bytes;
  std::vector<std::uint32_t> ends;

  std::string_view SeriesOf(std::size_t row) const {
    if (ends.empty()) return {};  // no connection
    const std::uint32_t begin = row == 0 ? 0 : ends[row - 1];
    return std::string_view(bytes).substr(begin, ends[row] - begin);
  }
};

void RenderConnection(const ConnectionIdentity& identity, const ConnectionState& state,
                      const std::vector<double>& duration_bounds, Instant now,
                      const ExpositionWriter& writer, RenderedConnection& rendered);

}  // namespace telnyx_exporter
