#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <io/prometheus/client/metrics.pb.h>

#include "exposition/exposition_writer.h"

namespace telnyx_exporter {
namespace {

namespace pb = io::prometheus::client;

constexpr pb::MetricType TypeOf(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return pb::COUNTER;
    case MetricType::kGauge:
      return pb::GAUGE;
    case MetricType::kHistogram:
      return pb::HISTOGRAM;
    case MetricType::kGaugeHistogram:
      return pb::GAUGE_HISTOGRAM;
  }
  return pb::UNTYPED;
}

void AppendVarint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) out += static_cast<char>((number & 0x7fU) | 0x80U);
  out += static_cast<char>(number);
}

void SetLabel(const LabelView& label, pb::LabelPair& pair) {
  pair.set_name(label.name.data(), label.name.size());
  pair.set_value(label.value.data(), label.value.size());
}

void SetTimestamp(WallTime time, google::protobuf::Timestamp& timestamp) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  timestamp.set_seconds(seconds.time_since_epoch().count());
  timestamp.set_nanos(static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds).count()));
}

void SetExemplar(const Exemplar& exemplar, pb::Exemplar& message) {
  for (const LabelView& label : exemplar.labels) SetLabel(label, *message.add_label());
  message.set_value(exemplar.value);
  if (exemplar.time) SetTimestamp(*exemplar.time, *message.mutable_timestamp());
}

void SetBucket(const HistogramBucket& bucket, pb::Bucket& message) {
  message.set_cumulative_count(bucket.cumulative_count);
  message.set_upper_bound(bucket.upper_bound);
  if (bucket.exemplar && IsWritable(*bucket.exemplar)) {
    SetExemplar(*bucket.exemplar, *message.mutable_exemplar());
  }
}

// A span is a run of neighbouring buckets; counts are written as differences to the bucket before.
void SetNativeBuckets(const NativeBuckets& native, pb::Histogram& message) {
  message.set_schema(native.schema);
  message.set_zero_threshold(native.zero_threshold);
  message.set_zero_count(native.zero_count);
  std::int32_t next_index = 0;
  std::int64_t count_before = 0;
  pb::BucketSpan* span = nullptr;
  for (const NativeBuckets::Bucket& bucket : native.buckets) {
    if (span == nullptr || bucket.index != next_index) {
      span = message.add_positive_span();
      span->set_offset(bucket.index - next_index);
      span->set_length(0);
    }
    span->set_length(span->length() + 1);
    const auto count = static_cast<std::int64_t>(bucket.count);
    message.add_positive_delta(count - count_before);
    count_before = count;
    next_index = bucket.index + 1;
  }
}

void SetHistogram(const HistogramValues& histogram, pb::Histogram& message) {
  message.set_sample_count(histogram.count);
  message.set_sample_sum(histogram.sum);
  for (const HistogramBucket& bucket : histogram.buckets) SetBucket(bucket, *message.add_bucket());
  if (histogram.native) SetNativeBuckets(*histogram.native, message);
}

void SetValues(MetricType type, const MetricSeries& series, pb::Metric& message) {
  switch (type) {
    case MetricType::kCounter:
      message.mutable_counter()->set_value(series.value);
      break;
    case MetricType::kGauge:
      message.mutable_gauge()->set_value(series.value);
      break;
    case MetricType::kHistogram:
    case MetricType::kGaugeHistogram:
      SetHistogram(series.histogram, *message.mutable_histogram());
      break;
  }
}

class DelimitedProtobufWriter final : public ExpositionWriter {
 public:
  // A message is its fields one after the other: the family's own ones are written here, and the
  // samples that follow are fields of the same message, already whole.
  void WriteHeader(const MetricDescriptor& metric, std::size_t samples_bytes,
                   std::string& out) const override {
    pb::MetricFamily family;
    family.set_name(metric.name.data(), metric.name.size());
    family.set_help(metric.help.data(), metric.help.size());
    family.set_type(TypeOf(metric.type));
    AppendVarint(out, family.ByteSizeLong() + samples_bytes);
    family.AppendToString(&out);
  }

  void WriteSamples(const MetricDescriptor& metric, const MetricSeries& series,
                    std::string& out) const override {
    constexpr std::uint64_t kLengthDelimited = 2;
    pb::Metric message;
    for (const LabelView& label : series.labels) SetLabel(label, *message.add_label());
    SetValues(metric.type, series, message);
    AppendVarint(out, pb::MetricFamily::kMetricFieldNumber << 3U | kLengthDelimited);
    AppendVarint(out, message.ByteSizeLong());
    message.AppendToString(&out);
  }

  void WriteEnd(std::string& /*out*/) const override {}
};

}  // namespace

const ExpositionWriter& ProtobufWriter() {
  static const DelimitedProtobufWriter writer;
  return writer;
}

}  // namespace telnyx_exporter
