#include <string_view>

#include "exposition/line_writer.h"

namespace telnyx_exporter {
namespace {

constexpr std::string_view OpenMetricsTypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kGaugeHistogram:
      return "gaugehistogram";
  }
  return "unknown";
}

// A counter's family is named without the _total that its samples have.
std::string_view FamilyName(const MetricDescriptor& metric) {
  constexpr std::string_view kTotal = "_total";
  std::string_view name = metric.name;
  if (metric.type == MetricType::kCounter && name.ends_with(kTotal)) {
    name.remove_suffix(kTotal.size());
  }
  return name;
}

class OpenMetrics1Writer final : public LineWriter {
 public:
  void WriteHeader(const MetricDescriptor& metric, std::size_t /*samples_bytes*/,
                   std::string& out) const override {
    const std::string_view family = FamilyName(metric);
    AppendMetadata(out, "# HELP ", family);
    AppendEscaped(out, metric.help, true);
    out += '\n';
    AppendMetadata(out, "# TYPE ", family);
    out += OpenMetricsTypeName(metric.type);
    out += '\n';
    if (metric.unit.empty() || !family.ends_with(metric.unit)) return;
    AppendMetadata(out, "# UNIT ", family);
    out += metric.unit;
    out += '\n';
  }

  void WriteEnd(std::string& out) const override { out += "# EOF\n"; }

 private:
  static void AppendMetadata(std::string& out, std::string_view keyword, std::string_view family) {
    out += keyword;
    out += family;
    out += ' ';
  }

  void WriteBound(double upper_bound, std::string& out) const override {
    AppendCanonicalNumber(out, upper_bound);
  }

  void WriteExemplar(const Exemplar& exemplar, std::string& out) const override {
    out += " # {";
    AppendLabels(out, exemplar.labels);
    out += "} ";
    AppendNumber(out, exemplar.value);
    if (!exemplar.time) return;
    out += ' ';
    AppendNumber(out, ToUnixSeconds(*exemplar.time));
  }

  std::string_view SumSuffix(MetricType type) const override {
    return type == MetricType::kGaugeHistogram ? "_gsum" : "_sum";
  }
  std::string_view CountSuffix(MetricType type) const override {
    return type == MetricType::kGaugeHistogram ? "_gcount" : "_count";
  }
};

}  // namespace

const ExpositionWriter& OpenMetricsWriter() {
  static const OpenMetrics1Writer writer;
  return writer;
}

}  // namespace telnyx_exporter
