#pragma once

// The one table of metrics: each row has a metric's name, type, unit and help, and says how its
// series are read. To add a metric, add a row, and a line in docs/metrics.md. Names are a contract
// with users' dashboards and alerts: changing one is a breaking change. Used by
// metrics_exposition.h on the thread that serves a scrape.

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "exposition/exposition_writer.h"
#include "metrics/exporter_metrics.h"
#include "metrics/process_metrics.h"
#include "state/snapshots.h"

namespace telnyx_exporter {

/// What a row of the table writes its series to.
class SeriesWriter {
 public:
  SeriesWriter(ExpositionFormat format, FamilyWriter& families)
      : native_buckets_(format == ExpositionFormat::kProtobuf),
        exemplars_(format != ExpositionFormat::kText),
        families_(families) {}

  void Begin(const MetricDescriptor& metric);
  std::string_view metric_name() const { return metric_->name; }
  /// Labels of all following series, encoded by the format's writer; must live as long.
  void SetSharedLabels(std::string_view encoded) { series_.encoded_labels = encoded; }

  /// One series; labels with an empty value are left out. `created`: when the counter was 0.
  void Add(double value, std::initializer_list<LabelView> labels = {},
           std::optional<WallTime> created = std::nullopt);
  /// Active legs by duration.
  void AddDurations(const CompletePoll& poll);
  /// Ended legs by duration.
  void AddDurations(const DurationHistogram& durations, WallTime created);
  /// A counter or histogram of the registry.
  void AddCounter(const prometheus::ClientMetric& counter, std::optional<WallTime> created);

 private:
  void SetNativeBuckets(std::uint64_t zero_count,
                        std::span<const ExponentialBuckets::Bucket> buckets);

  const bool native_buckets_;
  const bool exemplars_;
  FamilyWriter& families_;
  const MetricDescriptor* metric_ = nullptr;
  MetricSeries series_;
};

struct ConnectionReading {
  const ConnectionSnapshot& connection;
  Instant now;
  bool known;  // the values of the last complete poll, now
};

struct AccountReading {
  const AccountSnapshot& account;
  Coverage coverage;
};

/// The exporter as a whole.
struct ExporterReading {
  const View& view;
  ExporterState exporter;
  std::vector<prometheus::MetricFamily> counters;  // the registry's
  std::vector<ProcessValue> process;
};

using ReadConnection = void (*)(const ConnectionReading& reading, SeriesWriter& out);
using ReadAccount = void (*)(const AccountReading& reading, SeriesWriter& out);
using ReadExporter = void (*)(const ExporterReading& reading, SeriesWriter& out);

struct MetricRow {
  MetricDescriptor metric;
  /// Called for each connection, for each account or once.
  std::variant<ReadConnection, ReadAccount, ReadExporter> read;
};

/// In the order in which /metrics shows them.
std::span<const MetricRow> MetricTable();

}  // namespace telnyx_exporter
