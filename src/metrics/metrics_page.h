#pragma once

// The whole exposition in one format, ready to be served. It is put together when something changed
// and shared by all scrapes until then; a connection's series are written anew only when that
// connection changed. Any thread.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "exposition/exposition_writer.h"
#include "metrics/connection_metrics.h"
#include "metrics/connection_store.h"
#include "metrics/exporter_metrics.h"

namespace telnyx_exporter {

class MetricsPage {
 public:
  /// Everything passed by reference must outlive the page.
  MetricsPage(const ConnectionStore& connections, const ExporterMetrics& exporter,
              std::vector<double> duration_bounds, const ExpositionWriter& writer,
              const Clock& clock);

  /// The present exposition. Values that are too old to be shown are never in it, whenever it is
  /// asked for. Scrapes that need the same new page at the same moment share one rendering.
  std::shared_ptr<const std::string> Get();

 private:
  struct Connection {
    std::uint64_t version = 0;
    bool shows_values = false;
    RenderedConnection rendered;
    Instant rendered_until = Instant::max();  // then its peak is another one
  };

  bool IsCurrent(Instant now) const;
  void RenderChangedConnections(Instant now);
  std::string Join() const;
  void AppendRegistry(std::string& page) const;
  void AppendProcess(std::string& page) const;

  const ConnectionStore& store_;
  const ExporterMetrics& exporter_;
  const std::vector<double> duration_bounds_;
  const ExpositionWriter& writer_;
  const Clock& clock_;

  std::mutex mutex_;
  // All guarded by mutex_.
  std::vector<Connection> connections_;
  std::shared_ptr<const std::string> page_;
  std::uint64_t page_version_ = 0;  // the store's
  Instant page_expires_{};
};

}  // namespace telnyx_exporter
