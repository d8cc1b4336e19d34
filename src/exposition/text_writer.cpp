#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "exposition/exposition_writer.h"

namespace telnyx_exporter {
namespace {

using prometheus::ClientMetric;

constexpr std::string_view TypeName(MetricType type) {
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

void AppendEscaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

void AppendInteger(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), number);
  out.append(digits, end);
}

// Leaves the braces open when a further label follows.
void AppendLabels(std::string& out, const ClientMetric& values, bool more) {
  if (values.label.empty() && !more) return;
  char separator = '{';
  for (const ClientMetric::Label& label : values.label) {
    out += separator;
    out += label.name;
    out += "=\"";
    AppendEscaped(out, label.value, true);
    out += '"';
    separator = ',';
  }
  out += more ? separator : '}';
}

class Text004Writer final : public ExpositionWriter {
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
    out += TypeName(metric.type);
    out += '\n';
  }

  void WriteSamples(const MetricDescriptor& metric, const ClientMetric& values,
                    std::string& out) const override {
    switch (metric.type) {
      case MetricType::kCounter:
        WriteSample(metric.name, values, values.counter.value, out);
        break;
      case MetricType::kGauge:
        WriteSample(metric.name, values, values.gauge.value, out);
        break;
      case MetricType::kHistogram:
      case MetricType::kGaugeHistogram:
        WriteHistogram(metric.name, values, out);
        break;
    }
  }

  void WriteEnd(std::string& /*out*/) const override {}

 private:
  static void WriteSample(std::string_view name, const ClientMetric& values, double number,
                          std::string& out) {
    out += name;
    AppendLabels(out, values, false);
    out += ' ';
    AppendNumber(out, number);
    out += '\n';
  }

  static void WriteHistogram(std::string_view name, const ClientMetric& values, std::string& out) {
    for (const ClientMetric::Bucket& bucket : values.histogram.bucket) {
      WriteBucket(name, values, bucket.upper_bound, bucket.cumulative_count, out);
    }
    // The format wants the last bucket even where the model leaves it out.
    if (values.histogram.bucket.empty() ||
        !std::isinf(values.histogram.bucket.back().upper_bound)) {
      WriteBucket(name, values, std::numeric_limits<double>::infinity(),
                  values.histogram.sample_count, out);
    }
    out += name;
    out += "_sum";
    AppendLabels(out, values, false);
    out += ' ';
    AppendNumber(out, values.histogram.sample_sum);
    out += '\n';
    out += name;
    out += "_count";
    AppendLabels(out, values, false);
    out += ' ';
    AppendInteger(out, values.histogram.sample_count);
    out += '\n';
  }

  static void WriteBucket(std::string_view name, const ClientMetric& values, double upper_bound,
                          std::uint64_t count, std::string& out) {
    out += name;
    out += "_bucket";
    AppendLabels(out, values, true);
    out += "le=\"";
    AppendNumber(out, upper_bound);
    out += "\"} ";
    AppendInteger(out, count);
    out += '\n';
  }
};

}  // namespace

void AppendNumber(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "NaN";
  } else if (std::isinf(number)) {
    out += number > 0 ? "+Inf" : "-Inf";
  } else {
    // Whole numbers without an exponent, as people read counts and timestamps.
    char digits[32];
    const bool whole = std::abs(number) < 1e15 && number == std::trunc(number);
    const auto [end, error] = whole ? std::to_chars(std::begin(digits), std::end(digits),
                                                    static_cast<std::int64_t>(number))
                                    : std::to_chars(std::begin(digits), std::end(digits), number);
    out.append(digits, end);
  }
}

const ExpositionWriter& TextWriter() {
  static const Text004Writer writer;
  return writer;
}

}  // namespace telnyx_exporter
