#include "exposition/exposition_writer.h"

#include <algorithm>
#include <iterator>

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxExemplarCharacters = 128;

// In UTF-8 every byte but continuation bytes begins a character.
std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }));
}

}  // namespace

std::string_view ContentTypeOf(ExpositionFormat format) {
  switch (format) {
    case ExpositionFormat::kOpenMetrics:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    case ExpositionFormat::kProtobuf:
      return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
             "encoding=delimited";
    case ExpositionFormat::kText:
      break;
  }
  return "text/plain; version=0.0.4; charset=utf-8";
}

const ExpositionWriter& WriterOf(ExpositionFormat format, bool openmetrics_created) {
  switch (format) {
    case ExpositionFormat::kOpenMetrics:
      return OpenMetricsWriter(openmetrics_created);
    case ExpositionFormat::kProtobuf:
      return ProtobufWriter();
    case ExpositionFormat::kText:
      break;
  }
  return TextWriter();
}

bool IsWritable(const Exemplar& exemplar) {
  std::size_t characters = 0;
  for (const LabelView& label : exemplar.labels) {
    characters += CountCharacters(label.name) + CountCharacters(label.value);
  }
  return characters <= kMaxExemplarCharacters;
}

void FamilyWriter::Begin(const MetricDescriptor& metric) {
  End();
  metric_ = &metric;
  series_ = {};
}

void FamilyWriter::Add(double value, std::initializer_list<LabelView> labels,
                       std::optional<WallTime> created) {
  series_.labels.clear();
  std::ranges::copy_if(labels, std::back_inserter(series_.labels),
                       [](const LabelView& label) { return !label.value.empty(); });
  series_.value = value;
  series_.created = created;
  Add(series_);
}

void FamilyWriter::Add(const MetricSeries& series) {
  if (!begun_) {
    begun_ = true;
    family_begin_ = out_.size();
    writer_.BeginFamily(*metric_, out_);
  }
  writer_.WriteSamples(*metric_, series, out_);
  if (give_within_family_) GiveToSink();
}

void FamilyWriter::End() {
  if (begun_) writer_.EndFamily(family_begin_, out_);
  begun_ = false;
  if (sink_) GiveToSink();
}

void FamilyWriter::GiveToSink() {
  if (out_.size() < kPieceBytes) return;
  sink_(out_);
  out_.clear();
}

}  // namespace telnyx_exporter
