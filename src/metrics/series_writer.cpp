#include "metrics/series_writer.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "telnyx/active_call.h"

namespace telnyx_exporter {
namespace {

// The default of Prometheus' client libraries: so small that a quantile among calls of 0 s is 0,
// and equal in all histograms, which can therefore be added up.
constexpr double kZeroThreshold = 0x1p-128;

}  // namespace

void SeriesWriter::Begin(const MetricDescriptor& metric) {
  metric_ = &metric;
  series_ = {};
  families_.Begin(metric);
}

void SeriesWriter::Add(double value, std::initializer_list<LabelView> labels,
                       std::optional<WallTime> created) {
  series_.labels.clear();
  std::ranges::copy_if(labels, std::back_inserter(series_.labels),
                       [](const LabelView& label) { return !label.value.empty(); });
  series_.value = value;
  series_.created = created;
  families_.Add(series_);
}

void SeriesWriter::AddDurations(const CompletePoll& poll) {
  const CallSummary& summary = poll.summary;
  HistogramValues& histogram = series_.histogram;
  histogram.count = summary.legs;
  histogram.sum = static_cast<double>(summary.total_seconds);
  histogram.buckets.clear();
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < poll.duration_bounds->size(); ++i) {
    cumulative += summary.bucket_counts[i];
    histogram.buckets.push_back(
        {.upper_bound = (*poll.duration_bounds)[i], .cumulative_count = cumulative});
  }
  SetNativeBuckets(summary.zero_seconds_legs, summary.duration_buckets);
  families_.Add(series_);
}

void SeriesWriter::AddDurations(const DurationHistogram& durations, WallTime created) {
  HistogramValues& histogram = series_.histogram;
  histogram.count = durations.count();
  histogram.sum = durations.total_seconds();
  histogram.buckets.clear();
  series_.created = created;
  const auto& buckets = durations.buckets();
  const std::vector<double>& bounds = *durations.bounds();
  std::vector<std::string> leg_ids(exemplars_ ? buckets.size() : 0);  // exemplars refer to them
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    cumulative += buckets[i].count;
    HistogramBucket& bucket = histogram.buckets.emplace_back();
    bucket.upper_bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    bucket.cumulative_count = cumulative;
    const auto& example = buckets[i].example;
    if (!exemplars_ || !example) continue;
    leg_ids[i] = UuidText(example->leg);
    bucket.exemplar = Exemplar{
        .labels = {{"call_leg_id", leg_ids[i]}}, .value = example->seconds, .time = example->noted};
  }
  SetNativeBuckets(durations.exponential_buckets().zero_count(),
                   durations.exponential_buckets().buckets());
  families_.Add(series_);
}

void SeriesWriter::SetNativeBuckets(std::uint64_t zero_count,
                                    std::span<const ExponentialBuckets::Bucket> buckets) {
  if (!native_buckets_) return;
  auto& native = series_.histogram.native;
  if (!native) {
    native = NativeBuckets{.schema = ExponentialBuckets::kSchema, .zero_threshold = kZeroThreshold};
  }
  native->zero_count = zero_count;
  native->buckets.clear();
  for (const ExponentialBuckets::Bucket& bucket : buckets) {
    native->buckets.push_back({.index = bucket.index, .count = bucket.count});
  }
}

void SeriesWriter::AddCounter(const prometheus::ClientMetric& counter,
                              std::optional<WallTime> created) {
  series_.labels.clear();
  for (const auto& label : counter.label) series_.labels.push_back({label.name, label.value});
  series_.created = created;
  series_.value = counter.counter.value;
  series_.histogram = {.count = counter.histogram.sample_count,
                       .sum = counter.histogram.sample_sum};
  for (const auto& bucket : counter.histogram.bucket) {
    series_.histogram.buckets.push_back(
        {.upper_bound = bucket.upper_bound, .cumulative_count = bucket.cumulative_count});
  }
  families_.Add(series_);
}

}  // namespace telnyx_exporter
