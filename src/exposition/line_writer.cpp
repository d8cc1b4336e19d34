#include "exposition/line_writer.h"

#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

namespace telnyx_exporter {
namespace {

// NaN and the infinities have the same names in both formats.
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

// Up to where the sample's number begins.
void BeginSample(std::string& out, std::string_view name, std::string_view suffix,
                 const MetricSeries& series) {
  out += name;
  out += suffix;
  if (!series.labels.empty()) {
    out += '{';
    AppendLabels(out, series.labels);
    out += '}';
  }
  out += ' ';
}

}  // namespace

void AppendNumber(std::string& out, double number) {
  if (AppendNotFinite(out, number)) return;
  char digits[32];
  // As people read counts and timestamps.
  const bool whole = std::abs(number) < 1e15 && number == std::trunc(number);
  const auto [end, error] =
      whole ? std::to_chars(std::begin(digits), std::end(digits), static_cast<std::int64_t>(number))
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

void AppendLabels(std::string& out, const std::vector<LabelView>& labels) {
  for (const LabelView& label : labels) {
    if (&label != &labels.front()) out += ',';
    out += label.name;
    out += "=\"";
    AppendEscaped(out, label.value, true);
    out += '"';
  }
}

void LineWriter::WriteSamples(const MetricDescriptor& metric, const MetricSeries& series,
                              std::string& out) const {
  if (metric.type == MetricType::kHistogram || metric.type == MetricType::kGaugeHistogram) {
    WriteHistogram(metric, series, out);
    return;
  }
  BeginSample(out, metric.name, "", series);
  AppendNumber(out, series.value);
  out += '\n';
}

void LineWriter::WriteHistogram(const MetricDescriptor& metric, const MetricSeries& series,
                                std::string& out) const {
  const HistogramValues& histogram = series.histogram;
  for (const HistogramBucket& bucket : histogram.buckets) {
    WriteBucket(metric, series, bucket, out);
  }
  // The formats want the last bucket even where the model leaves it out.
  if (histogram.buckets.empty() || !std::isinf(histogram.buckets.back().upper_bound)) {
    WriteBucket(metric, series,
                {.upper_bound = std::numeric_limits<double>::infinity(),
                 .cumulative_count = histogram.count},
                out);
  }
  BeginSample(out, metric.name, SumSuffix(metric.type), series);
  AppendNumber(out, histogram.sum);
  out += '\n';
  BeginSample(out, metric.name, CountSuffix(metric.type), series);
  AppendInteger(out, histogram.count);
  out += '\n';
}

void LineWriter::WriteBucket(const MetricDescriptor& metric, const MetricSeries& series,
                             const HistogramBucket& bucket, std::string& out) const {
  out += metric.name;
  out += "_bucket{";
  AppendLabels(out, series.labels);
  if (!series.labels.empty()) out += ',';
  out += "le=\"";
  WriteBound(bucket.upper_bound, out);
  out += "\"} ";
  AppendInteger(out, bucket.cumulative_count);
  if (bucket.exemplar && IsWritable(*bucket.exemplar)) WriteExemplar(*bucket.exemplar, out);
  out += '\n';
}

}  // namespace telnyx_exporter
