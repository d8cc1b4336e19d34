#pragma once

// /metrics: a pure function of a view and of what the exporter knows of itself, and the cache that
// lets several scrapers share one exposition. The web server's threads and --once call it.

#include <array>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "exposition/exposition_writer.h"
#include "metrics/exporter_metrics.h"
#include "state/state_store.h"

namespace telnyx_exporter {

struct ExpositionOptions {
  bool process = true;  // with process_*; node_exporter's textfile collector refuses it
  bool openmetrics_created = false;  // with the times at which counters were 0, in OpenMetrics
};

/// Appends the whole exposition as it is at `now`. Returns until when it holds, if nothing happens:
/// then the values of some connection are no longer known.
Instant WriteExposition(const View& view, const ExporterMetrics& exporter, ExpositionFormat format,
                        Instant now, const ExpositionOptions& options, std::string& out);

/// The same, given to `sink` piece by piece.
Instant WriteExposition(const View& view, const ExporterMetrics& exporter, ExpositionFormat format,
                        Instant now, const ExpositionOptions& options, const ExpositionSink& sink);

/// Keeps the newest body of each format, plain and compressed, for a second at most. A body never
/// outlives the values in it, and is made again at once when StateStore::plan_version or
/// ExporterMetrics::version changes. Any thread.
class MetricsExposition {
 public:
  using Body = std::shared_ptr<const std::string>;

  static constexpr Duration kMaxAge = std::chrono::seconds(1);

  /// Everything passed by reference must outlive this object.
  MetricsExposition(const StateStore& store, const ExporterMetrics& exporter, const Clock& clock,
                    const ExpositionOptions& options = {});

  /// Scrapes that need the same new body at the same moment wait for one that makes it.
  Body Get(ExpositionFormat format);
  /// As one gzip member, compressed while it is written: the plain text, which is twenty times as
  /// large, is never in memory as a whole.
  Body GetGzipped(ExpositionFormat format);

 private:
  class Buffers;

  struct Entry {
    Body body;  // null: there is none
    Instant expires{};
    std::uint64_t version = 0;
  };
  struct Bodies {
    std::array<Entry, kExpositionFormats.size()> newest;  // by format
    std::shared_ptr<Buffers> buffers;
  };

  template <typename Write>
  Body Refresh(Bodies& bodies, ExpositionFormat format, const Write& write);
  /// Changes with what a body must not be old in.
  std::uint64_t Version() const;
  void DropExpired(Instant now);

  const StateStore& store_;
  const ExporterMetrics& exporter_;
  const Clock& clock_;
  const ExpositionOptions options_;

  std::mutex mutex_;
  // Guarded by mutex_.
  Bodies plain_;
  Bodies gzipped_;
};

}  // namespace telnyx_exporter
