// The two text formats: a line for each sample, labels in braces, histograms as buckets, sum and
// count. LineWriter has what they share.

#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "exposition/exposition_writer.h"

namespace telnyx_exporter {
namespace {

// NaN and the infinities are spelled the same in both formats.
bool AppendNotFinite(std::string& out, double number) {
  if (std::isfinite(number)) return false;
  if (std::isnan(number)) {
    out += "NaN";
  } else {
    out += number > 0 ? "+Inf" : "-Inf";
  }
  return true;
}

void AppendInteger(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), number);
  out.append(digits, end);
}

bool NeedsEscaping(std::string_view text) {
  bool needed = false;
  for (const char c : text) needed |= c == '\\' || c == '\n' || c == '"';
  return needed;
}

// Escapes backslashes and line ends, and quotes where `quotes` says so.
void AppendEscaped(std::string& out, std::string_view text, bool quotes) {
  if (!NeedsEscaping(text)) {
    out += text;
    return;
  }
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

// Without braces: `a="x",b="y"`.
void AppendLabels(std::span<const LabelView> labels, std::string& out) {
  for (const LabelView& label : labels) {
    if (&label != &labels.front()) out += ',';
    out += label.name;
    out += "=\"";
    AppendEscaped(out, label.value, true);
    out += '"';
  }
}

bool HasLabels(const MetricSeries& series) {
  return !series.encoded_labels.empty() || !series.labels.empty();
}

void AppendAllLabels(const MetricSeries& series, std::string& out) {
  out += series.encoded_labels;
  if (!series.encoded_labels.empty() && !series.labels.empty()) out += ',';
  AppendLabels(series.labels, out);
}

// Up to where the sample's number begins.
void BeginSample(std::string_view name, std::string_view suffix, const MetricSeries& series,
                 std::string& out) {
  out += name;
  out += suffix;
  if (HasLabels(series)) {
    out += '{';
    AppendAllLabels(series, out);
    out += '}';
  }
  out += ' ';
}

constexpr bool IsHistogram(MetricType type) {
  return type == MetricType::kHistogram || type == MetricType::kGaugeHistogram;
}

class LineWriter : public ExpositionWriter {
 public:
  void EncodeLabels(std::span<const LabelView> labels, std::string& out) const final {
    AppendLabels(labels, out);
  }

  void WriteSamples(const MetricDescriptor& metric, const MetricSeries& series,
                    std::string& out) const final {
    if (IsHistogram(metric.type)) {
      WriteHistogram(metric, series, out);
    } else {
      BeginSample(metric.name, "", series, out);
      AppendNumber(out, series.value);
      out += '\n';
    }
    WriteCreated(metric, series, out);
  }

  void EndFamily(std::size_t /*begin*/, std::string& /*out*/) const final {}

 private:
  virtual void WriteBound(double upper_bound, std::string& out) const = 0;
  virtual void WriteExemplar(const Exemplar& exemplar, std::string& out) const = 0;
  virtual void WriteCreated(const MetricDescriptor& metric, const MetricSeries& series,
                            std::string& out) const = 0;
  virtual std::string_view SumSuffix(MetricType type) const = 0;
  virtual std::string_view CountSuffix(MetricType type) const = 0;

  void WriteHistogram(const MetricDescriptor& metric, const MetricSeries& series,
                      std::string& out) const {
    const HistogramValues& histogram = series.histogram;
    const std::size_t begin = out.size();
    out += metric.name;
    out += "_bucket{";
    AppendAllLabels(series, out);
    out += HasLabels(series) ? ",le=\"" : "le=\"";
    // What all buckets begin with is written once and then copied.
    const std::size_t prefix_size = out.size() - begin;
    bool first = true;
    const auto write_bucket = [&](const HistogramBucket& bucket) {
      if (!std::exchange(first, false)) out.append(out, begin, prefix_size);
      WriteBound(bucket.upper_bound, out);
      out += "\"} ";
      AppendInteger(out, bucket.cumulative_count);
      if (bucket.exemplar && IsWritable(*bucket.exemplar)) WriteExemplar(*bucket.exemplar, out);
      out += '\n';
    };
    for (const HistogramBucket& bucket : histogram.buckets) write_bucket(bucket);
    // Both formats require the last bucket.
    if (histogram.buckets.empty() || !std::isinf(histogram.buckets.back().upper_bound)) {
      write_bucket({.upper_bound = std::numeric_limits<double>::infinity(),
                    .cumulative_count = histogram.count});
    }
    BeginSample(metric.name, SumSuffix(metric.type), series, out);
    AppendNumber(out, histogram.sum);
    out += '\n';
    BeginSample(metric.name, CountSuffix(metric.type), series, out);
    AppendInteger(out, histogram.count);
    out += '\n';
  }
};

// By MetricType.
using TypeNames = std::array<std::string_view, 4>;

void AppendMetadata(std::string& out, std::string_view keyword, std::string_view family) {
  out += keyword;
  out += family;
  out += ' ';
}

class Text004Writer final : public LineWriter {
 public:
  ExpositionFormat format() const override { return ExpositionFormat::kText; }

  void BeginFamily(const MetricDescriptor& metric, std::string& out) const override {
    constexpr TypeNames kNames = {"counter", "gauge", "histogram", "histogram"};
    AppendMetadata(out, "# HELP ", metric.name);
    AppendEscaped(out, metric.help, false);
    out += '\n';
    AppendMetadata(out, "# TYPE ", metric.name);
    out += kNames[static_cast<std::size_t>(metric.type)];
    out += '\n';
  }

  void WriteEnd(std::string& /*out*/) const override {}

 private:
  void WriteBound(double upper_bound, std::string& out) const override {
    AppendNumber(out, upper_bound);
  }
  void WriteExemplar(const Exemplar& /*exemplar*/, std::string& /*out*/) const override {}
  void WriteCreated(const MetricDescriptor& /*metric*/, const MetricSeries& /*series*/,
                    std::string& /*out*/) const override {}
  std::string_view SumSuffix(MetricType /*type*/) const override { return "_sum"; }
  std::string_view CountSuffix(MetricType /*type*/) const override { return "_count"; }
};

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
  explicit OpenMetrics1Writer(bool created) : created_(created) {}

  ExpositionFormat format() const override { return ExpositionFormat::kOpenMetrics; }

  void BeginFamily(const MetricDescriptor& metric, std::string& out) const override {
    constexpr TypeNames kNames = {"counter", "gauge", "histogram", "gaugehistogram"};
    const std::string_view family = FamilyName(metric);
    AppendMetadata(out, "# HELP ", family);
    AppendEscaped(out, metric.help, true);
    out += '\n';
    AppendMetadata(out, "# TYPE ", family);
    out += kNames[static_cast<std::size_t>(metric.type)];
    out += '\n';
    if (metric.unit.empty() || !family.ends_with(metric.unit)) return;
    AppendMetadata(out, "# UNIT ", family);
    out += metric.unit;
    out += '\n';
  }

  void WriteEnd(std::string& out) const override { out += "# EOF\n"; }

 private:
  void WriteBound(double upper_bound, std::string& out) const override {
    AppendCanonicalNumber(out, upper_bound);
  }

  void WriteExemplar(const Exemplar& exemplar, std::string& out) const override {
    out += " # {";
    AppendLabels(exemplar.labels, out);
    out += "} ";
    AppendNumber(out, exemplar.value);
    if (!exemplar.time) return;
    out += ' ';
    AppendNumber(out, ToUnixSeconds(*exemplar.time));
  }

  void WriteCreated(const MetricDescriptor& metric, const MetricSeries& series,
                    std::string& out) const override {
    if (!created_ || !series.created || !HasStartTime(metric.type)) return;
    BeginSample(FamilyName(metric), "_created", series, out);
    AppendNumber(out, ToUnixSeconds(*series.created));
    out += '\n';
  }

  std::string_view SumSuffix(MetricType type) const override {
    return type == MetricType::kGaugeHistogram ? "_gsum" : "_sum";
  }
  std::string_view CountSuffix(MetricType type) const override {
    return type == MetricType::kGaugeHistogram ? "_gcount" : "_count";
  }

  const bool created_;
};

}  // namespace

void AppendNumber(std::string& out, double number) {
  if (AppendNotFinite(out, number)) return;
  char digits[32];
  // Counts and timestamps are easier to read without an exponent.
  const bool integer = std::abs(number) < 1e15 && number == std::trunc(number);
  const auto [end, error] = integer ? std::to_chars(std::begin(digits), std::end(digits),
                                                    static_cast<std::int64_t>(number))
                                    : std::to_chars(std::begin(digits), std::end(digits), number);
  out.append(digits, end);
}

void AppendCanonicalNumber(std::string& out, double number) {
  if (AppendNotFinite(out, number)) return;
  char digits[32];
  const auto [end, error] =
      std::to_chars(std::begin(digits), std::end(digits), number, std::chars_format::general);
  const std::string_view text(digits, end);
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

const ExpositionWriter& TextWriter() {
  static const Text004Writer writer;
  return writer;
}

const ExpositionWriter& OpenMetricsWriter(bool created) {
  static const OpenMetrics1Writer plain(false);
  static const OpenMetrics1Writer with_created(true);
  return created ? with_created : plain;
}

}  // namespace telnyx_exporter
