#pragma once

// The exposition in every format, each made only while somebody asks for it: a FormatPage each.
// Any thread.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "exposition/exposition_format.h"
#include "metrics/connection_store.h"
#include "metrics/exporter_metrics.h"
#include "metrics/format_page.h"

namespace telnyx_exporter {

class MetricsPage {
 public:
  /// Everything passed by reference must outlive the page.
  MetricsPage(const ConnectionStore& connections, const ExporterMetrics& exporter,
              const Clock& clock);

  /// The present exposition. Values that are too old to be shown are never in it, whenever it is
  /// asked for. The body is shared by all who ask for it until something changes.
  std::shared_ptr<const std::string> Get(ExpositionFormat format);
  /// The same, compressed with gzip.
  std::shared_ptr<const std::string> GetGzipped(ExpositionFormat format);

 private:
  FormatPage& PageOf(ExpositionFormat format);

  const Clock& clock_;
  std::array<FormatPage, kExpositionFormats.size()> pages_;  // by ExpositionFormat
};

}  // namespace telnyx_exporter
