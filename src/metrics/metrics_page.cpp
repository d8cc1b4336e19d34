#include "metrics/metrics_page.h"

#include <algorithm>
#include <utility>

#include "metrics/catalogue.h"
#include "metrics/process_metrics.h"

namespace telnyx_exporter {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

// The exporter's own counters and the process's figures change all the time without being worth a
// new page at every request.
constexpr Duration kLongestPageLife = std::chrono::seconds(1);

bool LabelsLess(const ClientMetric& left, const ClientMetric& right) {
  return left.label < right.label;
}

}  // namespace

MetricsPage::MetricsPage(const ConnectionStore& connections, const ExporterMetrics& exporter,
                         std::vector<double> duration_bounds, const ExpositionWriter& writer,
                         const Clock& clock)
    : store_(connections),
      exporter_(exporter),
      duration_bounds_(std::move(duration_bounds)),
      writer_(writer),
      clock_(clock) {}

std::shared_ptr<const std::string> MetricsPage::Get() {
  const std::lock_guard lock(mutex_);
  const Instant now = clock_.Now();
  if (!IsCurrent(now)) {
    page_version_ = store_.version();
    page_expires_ = now + kLongestPageLife;
    RenderChangedConnections(now);
    page_ = std::make_shared<const std::string>(Join());
  }
  return page_;
}

bool MetricsPage::IsCurrent(Instant now) const {
  return page_ != nullptr && page_version_ == store_.version() && now < page_expires_;
}

void MetricsPage::RenderChangedConnections(Instant now) {
  // What changed is copied out under the store's lock and written outside of it.
  std::vector<std::pair<std::size_t, ConnectionStore::Entry>> changed;
  store_.ForEach([&](std::size_t index, const ConnectionStore::Entry& entry) {
    if (connections_.size() <= index) connections_.resize(index + 1);
    Connection& connection = connections_[index];
    connection.shows_values = entry.state.values && now < entry.state.values_expire;
    if (connection.shows_values) page_expires_ = std::min(page_expires_, entry.state.values_expire);
    if (connection.version != entry.version || now >= connection.rendered_until) {
      changed.emplace_back(index, entry);
    } else {
      page_expires_ = std::min(page_expires_, connection.rendered_until);
    }
  });
  for (const auto& [index, entry] : changed) {
    if (entry.identity == nullptr) {
      connections_[index] = {.version = entry.version};
      continue;
    }
    Connection& connection = connections_[index];
    RenderConnection(*entry.identity, entry.state, duration_bounds_, now, writer_,
                     connection.rendered);
    connection.rendered_until =
        entry.state.peak.At(now, entry.identity->plan.peak_window).until.value_or(Instant::max());
    connection.version = entry.version;
    page_expires_ = std::min(page_expires_, connection.rendered_until);
  }
}

std::string MetricsPage::Join() const {
  std::string page;
  if (page_ != nullptr) page.reserve(page_->size() + page_->size() / 8);
  const auto metrics = ConnectionMetrics();
  for (std::size_t row = 0; row < metrics.size(); ++row) {
    const auto series_of = [&](const Connection& connection) {
      const bool hidden = metrics[row].expires && !connection.shows_values;
      return hidden ? std::string_view() : connection.rendered.SeriesOf(row);
    };
    std::size_t bytes = 0;
    for (const Connection& connection : connections_) bytes += series_of(connection).size();
    if (bytes == 0) continue;
    writer_.WriteHeader(metrics[row].descriptor, bytes, page);
    for (const Connection& connection : connections_) page += series_of(connection);
  }
  AppendRegistry(page);
  AppendProcess(page);
  writer_.WriteEnd(page);
  return page;
}

void MetricsPage::AppendRegistry(std::string& page) const {
  std::vector<MetricFamily> families = exporter_.registry().Collect();
  std::string samples;
  for (const MetricDescriptor* metric : catalogue::kAll) {
    const auto family = std::ranges::find(families, metric->name, &MetricFamily::name);
    if (family == families.end() || family->metric.empty()) continue;
    // The registry keeps series in no order; a page that jumps about cannot be compared.
    std::ranges::sort(family->metric, LabelsLess);
    samples.clear();
    for (const ClientMetric& values : family->metric) {
      writer_.WriteSamples(*metric, values, samples);
    }
    writer_.WriteHeader(*metric, samples.size(), page);
    page += samples;
  }
}

void MetricsPage::AppendProcess(std::string& page) const {
  std::string samples;
  for (const ProcessMetric& metric : ReadProcessMetrics()) {
    ClientMetric values;
    values.gauge.value = metric.value;
    values.counter.value = metric.value;
    samples.clear();
    writer_.WriteSamples(metric.descriptor, values, samples);
    writer_.WriteHeader(metric.descriptor, samples.size(), page);
    page += samples;
  }
}

}  // namespace telnyx_exporter
