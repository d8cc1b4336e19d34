#include "exposition/exposition_writer.h"

namespace telnyx_exporter {

const ExpositionWriter& WriterOf(ExpositionFormat format) {
  switch (format) {
    case ExpositionFormat::kOpenMetrics:
      return OpenMetricsWriter();
    case ExpositionFormat::kProtobuf:
      return ProtobufWriter();
    case ExpositionFormat::kText:
      break;
  }
  return TextWriter();
}

}  // namespace telnyx_exporter
