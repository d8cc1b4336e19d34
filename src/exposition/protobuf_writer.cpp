// The protobuf format, written field by field: client_model's metrics.proto in Debian lacks the
// fields for units and start times, and samples are written faster without message objects. Field
// numbers are those of io.prometheus.client in client_model 0.6.

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "exposition/exposition_writer.h"

namespace telnyx_exporter {
namespace {

enum WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2 };

// The numbers of the format's MetricType, by ours.
constexpr std::array<std::uint64_t, 4> kTypeNumbers = {0, 1, 4, 5};

void AppendVarint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) out += static_cast<char>((number & 0x7fU) | 0x80U);
  out += static_cast<char>(number);
}

void AppendTag(std::string& out, std::uint32_t field, WireType type) {
  AppendVarint(out, (field << 3U) | type);
}

void AppendUnsigned(std::string& out, std::uint32_t field, std::uint64_t number) {
  AppendTag(out, field, kVarint);
  AppendVarint(out, number);
}

// Small numbers of either sign become small varints.
std::uint64_t ZigZag(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1U) ^ static_cast<std::uint64_t>(number >> 63U);
}

void AppendSigned(std::string& out, std::uint32_t field, std::int64_t number) {
  AppendUnsigned(out, field, ZigZag(number));
}

void AppendDouble(std::string& out, std::uint32_t field, double number) {
  AppendTag(out, field, kFixed64);
  auto bits = std::bit_cast<std::uint64_t>(number);
  char bytes[8];
  for (char& byte : bytes) {
    byte = static_cast<char>(bits & 0xffU);
    bits >>= 8U;
  }
  out.append(bytes, sizeof(bytes));
}

void AppendText(std::string& out, std::uint32_t field, std::string_view text) {
  AppendTag(out, field, kLengthDelimited);
  AppendVarint(out, text.size());
  out += text;
}

// Puts the length of what begins at `begin` before it.
void PrependLength(std::string& out, std::size_t begin) {
  std::string length;
  AppendVarint(length, out.size() - begin);
  out.insert(begin, length);
}

template <typename WriteFields>
void AppendMessage(std::string& out, std::uint32_t field, const WriteFields& write_fields) {
  AppendTag(out, field, kLengthDelimited);
  const std::size_t begin = out.size();
  write_fields();
  PrependLength(out, begin);
}

void AppendLabel(std::string& out, std::uint32_t field, const LabelView& label) {
  AppendMessage(out, field, [&] {
    AppendText(out, 1, label.name);
    AppendText(out, 2, label.value);
  });
}

void AppendTimestamp(std::string& out, std::uint32_t field, WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds);
  AppendMessage(out, field, [&] {
    AppendUnsigned(out, 1, static_cast<std::uint64_t>(seconds.time_since_epoch().count()));
    if (rest.count() != 0) AppendUnsigned(out, 2, static_cast<std::uint64_t>(rest.count()));
  });
}

void AppendExemplar(std::string& out, std::uint32_t field, const Exemplar& exemplar) {
  AppendMessage(out, field, [&] {
    for (const LabelView& label : exemplar.labels) AppendLabel(out, 1, label);
    AppendDouble(out, 2, exemplar.value);
    if (exemplar.time) AppendTimestamp(out, 3, *exemplar.time);
  });
}

void AppendBucket(std::string& out, std::uint32_t field, const HistogramBucket& bucket) {
  AppendMessage(out, field, [&] {
    AppendUnsigned(out, 1, bucket.cumulative_count);
    AppendDouble(out, 2, bucket.upper_bound);
    if (bucket.exemplar && IsWritable(*bucket.exemplar)) AppendExemplar(out, 3, *bucket.exemplar);
  });
}

// A span is a run of adjacent buckets: `offset` buckets after the span before.
void AppendSpans(std::string& out, std::uint32_t field,
                 const std::vector<NativeBuckets::Bucket>& buckets) {
  std::int32_t next_index = 0;
  for (std::size_t i = 0; i < buckets.size();) {
    const std::int32_t first = buckets[i].index;
    std::size_t length = 1;
    while (i + length < buckets.size() &&
           buckets[i + length].index == first + static_cast<std::int32_t>(length)) {
      ++length;
    }
    AppendMessage(out, field, [&] {
      AppendSigned(out, 1, first - next_index);
      AppendUnsigned(out, 2, length);
    });
    next_index = first + static_cast<std::int32_t>(length);
    i += length;
  }
}

// Each count is written as the difference to the bucket before.
void AppendDeltas(std::string& out, std::uint32_t field,
                  const std::vector<NativeBuckets::Bucket>& buckets) {
  std::int64_t before = 0;
  for (const NativeBuckets::Bucket& bucket : buckets) {
    const auto count = static_cast<std::int64_t>(bucket.count);
    AppendSigned(out, field, count - before);
    before = count;
  }
}

void AppendHistogram(std::string& out, std::uint32_t field, MetricType type,
                     const MetricSeries& series) {
  const HistogramValues& histogram = series.histogram;
  AppendMessage(out, field, [&] {
    AppendUnsigned(out, 1, histogram.count);
    AppendDouble(out, 2, histogram.sum);
    for (const HistogramBucket& bucket : histogram.buckets) AppendBucket(out, 3, bucket);
    if (const auto& native = histogram.native) {
      AppendSigned(out, 5, native->schema);
      AppendDouble(out, 6, native->zero_threshold);
      AppendUnsigned(out, 7, native->zero_count);
      AppendSpans(out, 12, native->buckets);
      AppendDeltas(out, 13, native->buckets);
    }
    if (series.created && HasStartTime(type)) AppendTimestamp(out, 15, *series.created);
  });
}

void AppendValues(std::string& out, MetricType type, const MetricSeries& series) {
  switch (type) {
    case MetricType::kGauge:
      AppendMessage(out, 2, [&] { AppendDouble(out, 1, series.value); });
      break;
    case MetricType::kCounter:
      AppendMessage(out, 3, [&] {
        AppendDouble(out, 1, series.value);
        if (series.created) AppendTimestamp(out, 3, *series.created);
      });
      break;
    case MetricType::kHistogram:
    case MetricType::kGaugeHistogram:
      AppendHistogram(out, 7, type, series);
      break;
  }
}

class DelimitedProtobufWriter final : public ExpositionWriter {
 public:
  void EncodeLabels(std::span<const LabelView> labels, std::string& out) const override {
    for (const LabelView& label : labels) AppendLabel(out, 1, label);
  }

  void BeginFamily(const MetricDescriptor& metric, std::string& out) const override {
    AppendText(out, 1, metric.name);
    AppendText(out, 2, metric.help);
    AppendUnsigned(out, 3, kTypeNumbers[static_cast<std::size_t>(metric.type)]);
    if (!metric.unit.empty() && metric.name.ends_with(metric.unit)) AppendText(out, 5, metric.unit);
  }

  void WriteSamples(const MetricDescriptor& metric, const MetricSeries& series,
                    std::string& out) const override {
    AppendMessage(out, 4, [&] {
      out += series.encoded_labels;
      EncodeLabels(series.labels, out);
      AppendValues(out, metric.type, series);
    });
  }

  void EndFamily(std::size_t begin, std::string& out) const override { PrependLength(out, begin); }

  ExpositionFormat format() const override { return ExpositionFormat::kProtobuf; }
  bool needs_whole_family() const override { return true; }

  void WriteEnd(std::string& /*out*/) const override {}
};

}  // namespace

const ExpositionWriter& ProtobufWriter() {
  static const DelimitedProtobufWriter writer;
  return writer;
}

}  // namespace telnyx_exporter
