#pragma once

// The formats of /metrics and the writers that produce them. A FamilyWriter writes one metric after
// the other with the writer of a format; metrics/ calls it on the thread that serves a scrape.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace telnyx_exporter {

enum class MetricType : std::uint8_t {
  kCounter,
  kGauge,
  kHistogram,
  /// A histogram of a current state: its buckets can shrink. Its series always have native buckets:
  /// without them Prometheus reads the protobuf message as another type.
  kGaugeHistogram,
};

/// Whether the formats have a start time for it: what only grows from 0 has one.
constexpr bool HasStartTime(MetricType type) {
  return type == MetricType::kCounter || type == MetricType::kHistogram;
}

/// What all series of a metric have in common.
struct MetricDescriptor {
  std::string_view name;  // counters with their _total
  MetricType type;
  std::string_view unit;  // "seconds", "bytes"; empty for counts and flags
  std::string_view help;  // one line
};

/// Refers to strings that live at least until the series was written.
struct LabelView {
  std::string_view name;
  std::string_view value;
};

/// One of a bucket's observations, with labels that identify it.
struct Exemplar {
  std::vector<LabelView> labels;
  double value = 0;
  /// Prometheus drops an exemplar of a native histogram that has no time.
  std::optional<WallTime> time;
};

/// Whether the labels' names and values have at most the 128 characters that OpenMetrics allows.
/// Longer ones are left out of every format: a scraper would refuse the whole exposition.
bool IsWritable(const Exemplar& exemplar);

struct HistogramBucket {
  double upper_bound = 0;
  std::uint64_t cumulative_count = 0;
  std::optional<Exemplar> exemplar;
};

/// The sparse buckets of a native histogram: bucket i holds what is above 2^((i-1)/2^schema) and up
/// to 2^(i/2^schema). Counts are not cumulative.
struct NativeBuckets {
  struct Bucket {
    std::int32_t index = 0;
    std::uint64_t count = 0;
  };

  std::int32_t schema = 0;
  double zero_threshold = 0;  // above 0, also while nothing was counted
  std::uint64_t zero_count = 0;
  std::vector<Bucket> buckets;  // ascending, none empty
};

/// Observations, counted in buckets with configured bounds and, where there are any, in native ones
/// too. Each format shows what it supports.
struct HistogramValues {
  std::uint64_t count = 0;
  double sum = 0;
  std::vector<HistogramBucket> buckets;  // ascending; the one up to +Inf may be left out
  std::optional<NativeBuckets> native;
};

struct MetricSeries {
  /// Labels that several series share, as ExpositionWriter::EncodeLabels of the same writer wrote
  /// them once; written before `labels`.
  std::string_view encoded_labels;
  std::vector<LabelView> labels;
  double value = 0;                 // of a counter or a gauge
  HistogramValues histogram;        // of a histogram or a gauge histogram
  std::optional<WallTime> created;  // when it was 0; written only where HasStartTime()
};

enum class ExpositionFormat : std::uint8_t {
  kText,         // Prometheus text format 0.0.4
  kOpenMetrics,  // OpenMetrics 1.0 text
  kProtobuf,     // length-delimited io.prometheus.client.MetricFamily messages
};

inline constexpr std::array kExpositionFormats = {
    ExpositionFormat::kText, ExpositionFormat::kOpenMetrics, ExpositionFormat::kProtobuf};

/// The Content-Type of a body in the format.
std::string_view ContentTypeOf(ExpositionFormat format);

/// Stateless: any thread may use the same writer.
class ExpositionWriter {
 public:
  virtual ~ExpositionWriter() = default;

  virtual ExpositionFormat format() const = 0;
  /// Appends what MetricSeries::encoded_labels takes.
  virtual void EncodeLabels(std::span<const LabelView> labels, std::string& out) const = 0;
  /// Appends what comes before a family's samples.
  virtual void BeginFamily(const MetricDescriptor& metric, std::string& out) const = 0;
  /// Appends one series.
  virtual void WriteSamples(const MetricDescriptor& metric, const MetricSeries& series,
                            std::string& out) const = 0;
  /// The family is complete; it begins at out[begin].
  virtual void EndFamily(std::size_t begin, std::string& out) const = 0;
  /// Whether EndFamily needs the family as a whole.
  virtual bool needs_whole_family() const { return false; }
  /// Appends what comes after the last family.
  virtual void WriteEnd(std::string& out) const = 0;
};

/// Text format 0.0.4. A gauge histogram is written as a histogram, the nearest type that the format
/// has; native buckets, exemplars and creation times are left out.
const ExpositionWriter& TextWriter();

/// OpenMetrics 1.0. Native buckets are left out, and without `created` creation times are too.
const ExpositionWriter& OpenMetricsWriter(bool created = false);

/// Length-delimited protobuf messages with everything that the model holds. A unit is written only
/// where it is the suffix of the metric's name: some versions of Prometheus refuse the scrape
/// otherwise.
const ExpositionWriter& ProtobufWriter();

const ExpositionWriter& WriterOf(ExpositionFormat format, bool openmetrics_created = false);

/// Takes an exposition piece by piece, so that the whole need never be in memory.
using ExpositionSink = std::function<void(std::string_view piece)>;

/// Writes families one after the other. A family without a series is left out.
class FamilyWriter {
 public:
  /// With a sink, what is written goes there whenever it has kPieceBytes; the rest stays in `out`.
  FamilyWriter(const ExpositionWriter& writer, std::string& out, ExpositionSink sink = nullptr)
      : writer_(writer),
        out_(out),
        sink_(std::move(sink)),
        give_within_family_(sink_ && !writer.needs_whole_family()) {}

  static constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;

  const ExpositionWriter& writer() const { return writer_; }
  std::string_view metric_name() const { return metric_->name; }

  /// `metric` must live until the next Begin or the End.
  void Begin(const MetricDescriptor& metric);
  /// Labels of all following series of the family, as the writer's EncodeLabels wrote them; must
  /// live as long.
  void SetSharedLabels(std::string_view encoded) { series_.encoded_labels = encoded; }

  /// One counter or gauge; labels with an empty value are left out. `created`: when it was 0.
  void Add(double value, std::initializer_list<LabelView> labels = {},
           std::optional<WallTime> created = std::nullopt);
  void Add(const MetricSeries& series);
  /// A series of the family with the shared labels, to be filled and added: its memory is used
  /// again. It still has the values of the one before.
  MetricSeries& reused_series() { return series_; }
  void End();

 private:
  void GiveToSink();

  const ExpositionWriter& writer_;
  std::string& out_;
  const ExpositionSink sink_;
  const bool give_within_family_;
  const MetricDescriptor* metric_ = nullptr;
  MetricSeries series_;
  bool begun_ = false;  // the family has a series
  std::size_t family_begin_ = 0;
};

/// Appends the shortest text that reads back as the same number, integers without an exponent;
/// `+Inf`, `-Inf`, `NaN`.
void AppendNumber(std::string& out, double number);

/// The same in the one form that OpenMetrics allows a bucket's bound to have: `60.0`, `1e+06`.
void AppendCanonicalNumber(std::string& out, double number);

}  // namespace telnyx_exporter
