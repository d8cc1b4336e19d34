#include "metrics/duration_series.h"

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "telnyx/active_call.h"

namespace telnyx_exporter {
namespace {

// The default of Prometheus' client libraries: so small that a quantile among calls of 0 s is 0,
// and equal in all histograms, which can therefore be added up.
constexpr double kZeroThreshold = 0x1p-128;

void SetNativeBuckets(std::uint64_t zero_count, std::span<const ExponentialBuckets::Bucket> buckets,
                      FamilyWriter& out) {
  if (out.writer().format() != ExpositionFormat::kProtobuf) return;
  auto& native = out.reused_series().histogram.native;
  if (!native) {
    native = NativeBuckets{.schema = ExponentialBuckets::kSchema, .zero_threshold = kZeroThreshold};
  }
  native->zero_count = zero_count;
  native->buckets.clear();
  for (const ExponentialBuckets::Bucket& bucket : buckets) {
    native->buckets.push_back({.index = bucket.index, .count = bucket.count});
  }
}

}  // namespace

void AddDurations(const CompletePoll& poll, FamilyWriter& out) {
  const CallSummary& summary = poll.summary;
  HistogramValues& histogram = out.reused_series().histogram;
  histogram.count = summary.legs;
  histogram.sum = static_cast<double>(summary.total_seconds);
  histogram.buckets.clear();
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < poll.duration_bounds->size(); ++i) {
    cumulative += summary.bucket_counts[i];
    histogram.buckets.push_back(
        {.upper_bound = (*poll.duration_bounds)[i], .cumulative_count = cumulative});
  }
  SetNativeBuckets(summary.zero_seconds_legs, summary.duration_buckets, out);
  out.Add(out.reused_series());
}

void AddDurations(const DurationHistogram& durations, WallTime created, FamilyWriter& out) {
  MetricSeries& series = out.reused_series();
  series.created = created;
  HistogramValues& histogram = series.histogram;
  histogram.count = durations.count();
  histogram.sum = durations.total_seconds();
  histogram.buckets.clear();
  const auto& buckets = durations.buckets();
  const std::vector<double>& bounds = *durations.bounds();
  const bool has_exemplars = out.writer().format() != ExpositionFormat::kText;
  std::vector<std::string> leg_ids(has_exemplars ? buckets.size() : 0);  // exemplars refer to them
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    cumulative += buckets[i].count;
    HistogramBucket& bucket = histogram.buckets.emplace_back();
    bucket.upper_bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    bucket.cumulative_count = cumulative;
    const auto& example = buckets[i].example;
    if (!has_exemplars || !example) continue;
    leg_ids[i] = UuidText(example->leg);
    bucket.exemplar = Exemplar{
        .labels = {{"call_leg_id", leg_ids[i]}}, .value = example->seconds, .time = example->noted};
  }
  SetNativeBuckets(durations.exponential_buckets().zero_count(),
                   durations.exponential_buckets().buckets(), out);
  out.Add(series);
}

}  // namespace telnyx_exporter
