#pragma once

// The one table of metrics: each row has a metric's name, type, unit and help, and says how its
// series are read. To add a metric, add a row, and a line in docs/metrics.md. Names are a contract
// with users' dashboards and alerts: changing one is a breaking change. Used by
// metrics_exposition.h on the thread that serves a scrape.

#include <span>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "exposition/exposition_writer.h"
#include "metrics/exporter_metrics.h"
#include "state/snapshots.h"

namespace telnyx_exporter {

struct ConnectionReading {
  const ConnectionSnapshot& connection;
  Instant now;
  const CompletePoll* values;  // of the last complete poll; null while they are not known
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

using ReadConnection = void (*)(const ConnectionReading& reading, FamilyWriter& out);
using ReadAccount = void (*)(const AccountReading& reading, FamilyWriter& out);
using ReadExporter = void (*)(const ExporterReading& reading, FamilyWriter& out);

struct MetricRow {
  MetricDescriptor metric;
  /// Called for each connection, for each account or once.
  std::variant<ReadConnection, ReadAccount, ReadExporter> read;
};

/// In the order in which /metrics shows them.
std::span<const MetricRow> MetricTable();

}  // namespace telnyx_exporter
