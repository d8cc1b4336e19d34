#include "metrics/connection_metrics.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

#include "metrics/catalogue.h"

namespace telnyx_exporter {
namespace {

// As Prometheus's client libraries have it by default: so small that a quantile among calls of 0 s
// is 0, and equal in all histograms, which can then be added up.
constexpr double kZeroThreshold = 0x1p-128;

constexpr std::array kConnectionMetrics = {
    ConnectionMetric{catalogue::kActiveCalls, true,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       if (state.values) out.Add(static_cast<double>(state.values->summary.legs));
                     }},
    ConnectionMetric{catalogue::kActiveCallSessions, true,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       if (!state.values || !state.values->summary.sessions) return;
                       out.Add(static_cast<double>(*state.values->summary.sessions));
                     }},
    ConnectionMetric{catalogue::kActiveCallsPeak, true,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       const Duration window = out.identity().plan.peak_window;
                       const auto peak = state.peak.At(out.now(), window);
                       if (state.values) out.Add(static_cast<double>(peak.count));
                     }},
    ConnectionMetric{catalogue::kActiveCallDuration, true,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       if (state.values) out.AddDurations(*state.values);
                     }},
    ConnectionMetric{catalogue::kLongestActiveCallDuration, true,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       if (state.values) out.Add(state.values->summary.longest_seconds);
                     }},
    ConnectionMetric{catalogue::kReportedActiveCalls, true,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       if (!state.values || !state.values->reported_legs) return;
                       out.Add(static_cast<double>(*state.values->reported_legs));
                     }},
    ConnectionMetric{catalogue::kCallsStarted, false,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       if (state.totals) out.Add(static_cast<double>(state.totals->started));
                     }},
    ConnectionMetric{catalogue::kCompletedCallDuration, false,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       if (state.totals) out.AddDurations(state.totals->completed);
                     }},
    ConnectionMetric{catalogue::kConnectionPollPages, false,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       if (state.values) out.Add(state.values->pages);
                     }},
    ConnectionMetric{catalogue::kConnectionInfo, false,
                     [](const ConnectionState&, ConnectionSeriesWriter& out) {
                       const ConnectionPlan& plan = out.identity().plan;
                       out.Add(1, {{"record_type", plan.record_type},
                                   {"source", plan.discovered ? "discovered" : "configured"},
                                   {"outbound_voice_profile_id", plan.voice_profile_id},
                                   {"outbound_voice_profile_name", plan.voice_profile_name}});
                     }},
    ConnectionMetric{catalogue::kConnectionChannelLimit, false,
                     [](const ConnectionState&, ConnectionSeriesWriter& out) {
                       const ConnectionPlan& plan = out.identity().plan;
                       const auto add = [&](const auto& limit, std::string_view direction) {
                         if (limit)
                           out.Add(static_cast<double>(*limit), {{"direction", direction}});
                       };
                       add(plan.channel_limit, "configured");
                       add(plan.inbound_channel_limit, "inbound");
                       add(plan.outbound_channel_limit, "outbound");
                     }},
    ConnectionMetric{catalogue::kConnectionUp, false,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       out.Add(state.up() ? 1 : 0);
                     }},
    ConnectionMetric{catalogue::kConnectionLastSuccess, false,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       if (state.values) out.Add(ToUnixSeconds(state.last_success));
                     }},
    ConnectionMetric{catalogue::kConnectionPollDuration, false,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       if (state.polled()) out.Add(ToSeconds(*state.last_poll_duration));
                     }},
    ConnectionMetric{catalogue::kPolls, false,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       out.Add(static_cast<double>(state.polls));
                     }},
    ConnectionMetric{catalogue::kPollFailures, false,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       out.Add(static_cast<double>(state.failures));
                     }},
    ConnectionMetric{catalogue::kConnectionFailureInfo, false,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       if (!state.failure) return;
                       out.Add(1, {{"reason", ReasonLabel(state.failure->reason)}});
                     }},
    ConnectionMetric{catalogue::kPollItemMismatches, false,
                     [](const ConnectionState& state, ConnectionSeriesWriter& out) {
                       out.Add(static_cast<double>(state.item_mismatches));
                     }},
};

}  // namespace

ConnectionSeriesWriter::ConnectionSeriesWriter(const ConnectionIdentity& identity, Instant now,
                                               const ExpositionWriter& writer, std::string& out)
    : identity_(identity), now_(now), writer_(writer), out_(out) {
  series_.labels = {{"account", identity.account},
                    {"connection_id", identity.plan.id},
                    {"connection_name", identity.plan.name}};
  for (const auto& [name, value] : identity.plan.labels) series_.labels.push_back({name, value});
  common_labels_ = series_.labels.size();
}

void ConnectionSeriesWriter::Add(double value, std::initializer_list<LabelView> labels) {
  std::ranges::copy_if(labels, std::back_inserter(series_.labels),
                       [](const LabelView& label) { return !label.value.empty(); });
  series_.value = value;
  writer_.WriteSamples(*metric_, series_, out_);
  series_.labels.resize(common_labels_);
}

void ConnectionSeriesWriter::AddDurations(const CompletePoll& poll) {
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
  writer_.WriteSamples(*metric_, series_, out_);
}

void ConnectionSeriesWriter::AddDurations(const DurationHistogram& durations) {
  HistogramValues& histogram = series_.histogram;
  histogram.count = durations.count();
  histogram.sum = durations.total_seconds();
  histogram.buckets.clear();
  const auto& buckets = durations.buckets();
  std::vector<std::string> leg_ids(buckets.size());  // what the exemplars refer to
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    cumulative += buckets[i].count;
    HistogramBucket& bucket = histogram.buckets.emplace_back();
    bucket.upper_bound = i < durations.bounds()->size() ? (*durations.bounds())[i]
                                                        : std::numeric_limits<double>::infinity();
    bucket.cumulative_count = cumulative;
    if (const auto& example = buckets[i].example) {
      leg_ids[i] = UuidText(example->leg);
      bucket.exemplar = Exemplar{.labels = {{"call_leg_id", leg_ids[i]}},
                                 .value = example->seconds,
                                 .time = example->noted};
    }
  }
  SetNativeBuckets(durations.exponential_buckets().zero_count(),
                   durations.exponential_buckets().buckets());
  writer_.WriteSamples(*metric_, series_, out_);
}

void ConnectionSeriesWriter::SetNativeBuckets(std::uint64_t zero_count,
                                              std::span<const ExponentialBuckets::Bucket> buckets) {
  NativeBuckets& native = series_.histogram.native.emplace();
  native.schema = ExponentialBuckets::kSchema;
  native.zero_threshold = kZeroThreshold;
  native.zero_count = zero_count;
  native.buckets.reserve(buckets.size());
  for (const ExponentialBuckets::Bucket& bucket : buckets) {
    native.buckets.push_back({.index = bucket.index, .count = bucket.count});
  }
}

std::span<const ConnectionMetric> ConnectionMetrics() { return kConnectionMetrics; }

void RenderConnection(const ConnectionIdentity& identity, const ConnectionState& state, Instant now,
                      const ExpositionWriter& writer, RenderedConnection& rendered) {
  rendered.bytes.clear();
  rendered.ends.clear();
  ConnectionSeriesWriter out(identity, now, writer, rendered.bytes);
  for (const ConnectionMetric& metric : kConnectionMetrics) {
    out.BeginMetric(metric.descriptor);
    metric.write(state, out);
    rendered.ends.push_back(static_cast<std::uint32_t>(rendered.bytes.size()));
  }
}

}  // namespace telnyx_exporter
