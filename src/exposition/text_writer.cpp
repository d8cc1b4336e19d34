#include <string_view>

#include "exposition/line_writer.h"

namespace telnyx_exporter {
namespace {

constexpr std::string_view TextTypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
    case MetricType::kGaugeHistogram:
      return "histogram";
  }
  return "untyped";
}

class Text004Writer final : public LineWriter {
 public:
  void WriteHeader(const MetricDescriptor& metric, std::size_t /*samples_bytes*/,
                   std::string& out) const override {
    out += "# HELP ";
    out += metric.name;
    out += ' ';
    AppendEscaped(out, metric.help, false);
    out += "\n# TYPE ";
    out += metric.name;
    out += ' ';
    out += TextTypeName(metric.type);
    out += '\n';
  }

  void WriteEnd(std::string& /*out*/) const override {}

 private:
  void WriteBound(double upper_bound, std::string& out) const override {
    AppendNumber(out, upper_bound);
  }
  void WriteExemplar(const Exemplar& /*exemplar*/, std::string& /*out*/) const override {}
  std::string_view SumSuffix(MetricType /*type*/) const override { return "_sum"; }
  std::string_view CountSuffix(MetricType /*type*/) const override { return "_count"; }
};

}  // namespace

const ExpositionWriter& TextWriter() {
  static const Text004Writer writer;
  return writer;
}

}  // namespace telnyx_exporter
