#include "metrics/format_page.h"

#include <algorithm>
#include <utility>

#include "base/gzip.h"
#include "metrics/catalogue.h"
#include "metrics/client_metric.h"
#include "metrics/connection_metrics.h"
#include "metrics/process_metrics.h"

namespace telnyx_exporter {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

// The exporter's own counters and the process's figures change all the time without being worth a
// new page at every request.
constexpr Duration kLongestPageLife = std::chrono::seconds(1);

// Longer than anybody waits between two scrapes.
constexpr Duration kKeptUnasked = std::chrono::minutes(10);

bool LabelsLess(const ClientMetric& left, const ClientMetric& right) {
  return left.label < right.label;
}

}  // namespace

FormatPage::FormatPage(const ConnectionStore& connections, const ExporterMetrics& exporter,
                       const ExpositionWriter& writer, const Clock& clock)
    : store_(connections), exporter_(exporter), writer_(writer), clock_(clock) {}

std::shared_ptr<const std::string> FormatPage::Get() {
  const std::lock_guard lock(mutex_);
  Refresh();
  return page_;
}

std::shared_ptr<const std::string> FormatPage::GetGzipped() {
  const std::lock_guard lock(mutex_);
  Refresh();
  if (gzipped_ == nullptr) {
    const Instant begun = clock_.Now();
    gzipped_ = std::make_shared<const std::string>(Gzip(*page_));
    NoteMakingTime(begun);
  }
  return gzipped_;
}

void FormatPage::ReleaseIfUnasked(Instant now) {
  // A page that is being made was asked for.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock() || page_ == nullptr || now < last_asked_ + kKeptUnasked) return;
  connections_ = {};
  groups_ = {};
  page_.reset();
  gzipped_.reset();
}

void FormatPage::Refresh() {
  const Instant now = clock_.Now();
  last_asked_ = now;
  if (IsCurrent(now)) return;
  page_version_ = store_.version();
  page_identities_ = store_.identities_version();
  page_expires_ = now + kLongestPageLife;
  RenderChangedConnections(now);
  page_ = std::make_shared<const std::string>(Join());
  gzipped_.reset();
  making_time_ = {};
  NoteMakingTime(now);
}

bool FormatPage::IsCurrent(Instant now) const {
  if (page_ == nullptr || now >= page_expires_) return false;
  if (page_version_ == store_.version()) return true;
  return now < kept_until_ && page_identities_ == store_.identities_version();
}

// However many scrapes and changes there are, making pages takes up a quarter of the time at most.
// What was reconfigured shows at once, though.
void FormatPage::NoteMakingTime(Instant begun) {
  const Instant now = clock_.Now();
  making_time_ += now - begun;
  kept_until_ = now + 3 * making_time_;
}

void FormatPage::RenderChangedConnections(Instant now) {
  // What changed is copied out under the store's lock and written outside of it.
  std::vector<ChangedEntry> changed;
  store_.ForEach([&](std::size_t index, const ConnectionStore::Entry& entry) {
    if (connections_.size() <= index) connections_.resize(index + 1);
    Connection& connection = connections_[index];
    if (entry.identity == nullptr) {
      if (connection.version != 0) changed.emplace_back(index, entry);
      return;
    }
    connection.shows_values = entry.state.values && now < entry.state.values_expire;
    if (connection.shows_values) page_expires_ = std::min(page_expires_, entry.state.values_expire);
    if (connection.version != entry.version || now >= connection.rendered_until) {
      changed.emplace_back(index, entry);
    } else {
      page_expires_ = std::min(page_expires_, connection.rendered_until);
    }
  });
  groups_.resize((connections_.size() + SeriesGroup::kMembers - 1) / SeriesGroup::kMembers);
  const auto group_of = [](const ChangedEntry& change) {
    return change.first / SeriesGroup::kMembers;
  };
  for (std::span rest(changed); !rest.empty();) {
    const auto end = std::ranges::find_if(rest, [&](const ChangedEntry& change) {
      return group_of(change) != group_of(rest.front());
    });
    ApplyChanges({rest.begin(), end}, now);
    rest = {end, rest.end()};
  }
}

// All of one group.
void FormatPage::ApplyChanges(std::span<const ChangedEntry> changed, Instant now) {
  std::vector<SeriesGroup::Change> changes;
  changes.reserve(changed.size());
  for (const auto& [index, entry] : changed) {
    RenderedConnection& series =
        changes.emplace_back(SeriesGroup::Change{.member = index % SeriesGroup::kMembers}).series;
    Connection& connection = connections_[index];
    if (entry.identity == nullptr) {
      connection = {};
      continue;
    }
    RenderConnection(*entry.identity, entry.state, now, writer_, series);
    connection.version = entry.version;
    connection.rendered_until =
        entry.state.peak.At(now, entry.identity->plan.peak_window).until.value_or(Instant::max());
    page_expires_ = std::min(page_expires_, connection.rendered_until);
  }
  groups_[changed.front().first / SeriesGroup::kMembers].Apply(changes);
}

std::string FormatPage::Join() const {
  std::string page;
  if (page_ != nullptr) page.reserve(page_->size() + page_->size() / 8);
  for (std::size_t row = 0; row < ConnectionMetrics().size(); ++row) AppendRow(row, page);
  AppendRegistry(page);
  AppendProcess(page);
  writer_.WriteEnd(page);
  return page;
}

void FormatPage::AppendRow(std::size_t row, std::string& page) const {
  const ConnectionMetric& metric = ConnectionMetrics()[row];
  const auto shows_row = [&](const Connection& connection) {
    return !metric.expires || connection.shows_values || connection.version == 0;
  };
  std::vector<std::string_view> pieces;
  std::size_t bytes = 0;
  const auto add = [&](std::string_view piece) {
    pieces.push_back(piece);
    bytes += piece.size();
  };
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const std::span members = std::span(connections_)
                                  .subspan(i * SeriesGroup::kMembers)
                                  .first(std::min(SeriesGroup::kMembers,
                                                  connections_.size() - i * SeriesGroup::kMembers));
    if (std::ranges::all_of(members, shows_row)) {
      add(groups_[i].SeriesOf(row));
      continue;
    }
    for (std::size_t member = 0; member < members.size(); ++member) {
      if (shows_row(members[member])) add(groups_[i].SeriesOf(row, member));
    }
  }
  if (bytes == 0) return;
  writer_.WriteHeader(metric.descriptor, bytes, page);
  for (const std::string_view piece : pieces) page += piece;
}

void FormatPage::AppendRegistry(std::string& page) const {
  std::vector<MetricFamily> families = exporter_.registry().Collect();
  std::string samples;
  for (const MetricDescriptor* metric : catalogue::kAll) {
    const auto family = std::ranges::find(families, metric->name, &MetricFamily::name);
    if (family == families.end() || family->metric.empty()) continue;
    // The registry keeps series in no order; a page that jumps about cannot be compared.
    std::ranges::sort(family->metric, LabelsLess);
    samples.clear();
    for (const ClientMetric& values : family->metric) {
      writer_.WriteSamples(*metric, ToSeries(*metric, values), samples);
    }
    writer_.WriteHeader(*metric, samples.size(), page);
    page += samples;
  }
}

void FormatPage::AppendProcess(std::string& page) const {
  std::string samples;
  for (const ProcessMetric& metric : ReadProcessMetrics()) {
    samples.clear();
    writer_.WriteSamples(metric.descriptor, {.value = metric.value}, samples);
    writer_.WriteHeader(metric.descriptor, samples.size(), page);
    page += samples;
  }
}

}  // namespace telnyx_exporter
