#include "metrics/metrics_page.h"

#include <cstddef>
#include <utility>

namespace telnyx_exporter {

MetricsPage::MetricsPage(const ConnectionStore& connections, const ExporterMetrics& exporter,
                         const Clock& clock)
    : clock_(clock),
      pages_{FormatPage(connections, exporter, TextWriter(), clock),
             FormatPage(connections, exporter, OpenMetricsWriter(), clock),
             FormatPage(connections, exporter, ProtobufWriter(), clock)} {}

std::shared_ptr<const std::string> MetricsPage::Get(ExpositionFormat format) {
  return PageOf(format).Get();
}

std::shared_ptr<const std::string> MetricsPage::GetGzipped(ExpositionFormat format) {
  return PageOf(format).GetGzipped();
}

FormatPage& MetricsPage::PageOf(ExpositionFormat format) {
  FormatPage& wanted = pages_[static_cast<std::size_t>(format)];
  const Instant now = clock_.Now();
  for (FormatPage& page : pages_) {
    if (&page != &wanted) page.ReleaseIfUnasked(now);
  }
  return wanted;
}

}  // namespace telnyx_exporter
