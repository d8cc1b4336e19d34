#include "metrics/connection_metrics.h"

#include <array>

#include "metrics/catalogue.h"

namespace telnyx_exporter {
namespace {

using prometheus::ClientMetric;

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
                       if (state.values) out.AddDurations(state.values->summary);
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

ConnectionSeriesWriter::ConnectionSeriesWriter(const ConnectionIdentity& identity,
                                               const std::vector<double>& duration_bounds,
                                               Instant now, const ExpositionWriter& writer,
                                               std::string& out)
    : identity_(identity),
      duration_bounds_(duration_bounds),
      now_(now),
      writer_(writer),
      out_(out) {
  series_.label = {{"account", identity.account},
                   {"connection_id", identity.plan.id},
                   {"connection_name", identity.plan.name}};
  for (const auto& [name, value] : identity.plan.labels) series_.label.push_back({name, value});
  common_labels_ = series_.label.size();
}

void ConnectionSeriesWriter::Add(
    double value, std::initializer_list<std::pair<std::string_view, std::string_view>> labels) {
  for (const auto& [name, text] : labels) {
    if (!text.empty()) series_.label.push_back({std::string(name), std::string(text)});
  }
  // Whatever the type, only its own field is read.
  series_.gauge.value = value;
  series_.counter.value = value;
  writer_.WriteSamples(*metric_, series_, out_);
  series_.label.resize(common_labels_);
}

void ConnectionSeriesWriter::AddDurations(const CallSummary& summary) {
  auto& histogram = series_.histogram;
  histogram.bucket.clear();
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < duration_bounds_.size(); ++i) {
    cumulative += summary.bucket_counts[i];
    histogram.bucket.push_back(
        {.cumulative_count = cumulative, .upper_bound = duration_bounds_[i]});
  }
  histogram.sample_count = summary.legs;
  histogram.sample_sum = static_cast<double>(summary.total_seconds);
  writer_.WriteSamples(*metric_, series_, out_);
}

void ConnectionSeriesWriter::AddDurations(const DurationHistogram& durations) {
  auto& histogram = series_.histogram;
  histogram.bucket.clear();
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < durations.bounds()->size(); ++i) {
    cumulative += durations.buckets()[i].count;
    histogram.bucket.push_back(
        {.cumulative_count = cumulative, .upper_bound = (*durations.bounds())[i]});
  }
  histogram.sample_count = durations.count();
  histogram.sample_sum = durations.total_seconds();
  writer_.WriteSamples(*metric_, series_, out_);
}

std::span<const ConnectionMetric> ConnectionMetrics() { return kConnectionMetrics; }

void RenderConnection(const ConnectionIdentity& identity, const ConnectionState& state,
                      const std::vector<double>& duration_bounds, Instant now,
                      const ExpositionWriter& writer, RenderedConnection& rendered) {
  rendered.bytes.clear();
  rendered.ends.clear();
  ConnectionSeriesWriter out(identity, duration_bounds, now, writer, rendered.bytes);
  for (const ConnectionMetric& metric : kConnectionMetrics) {
    out.BeginMetric(metric.descriptor);
    metric.write(state, out);
    rendered.ends.push_back(static_cast<std::uint32_t>(rendered.bytes.size()));
  }
}

}  // namespace telnyx_exporter
