#include "metrics/metrics_exposition.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/gzip.h"
#include "metrics/metric_table.h"

namespace telnyx_exporter {
namespace {

// More than the series of a connection take in any format. Memory that is reserved and not written
// costs nothing.
constexpr std::size_t kBytesPerConnection = 8192;
constexpr std::size_t kBytesBesides = 65536;

// The labels that all series of a connection or an account have, encoded once.
class SharedLabels {
 public:
  SharedLabels(const View& view, const ExpositionWriter& writer) {
    std::vector<LabelView> labels;
    for (const auto& connection : view.connections) {
      const ConnectionPlan& plan = connection->identity->plan;
      labels = {{"account", connection->identity->account},
                {"connection_id", plan.id},
                {"connection_name", plan.name}};
      for (const auto& [name, value] : plan.labels) labels.push_back({name, value});
      Encode(labels, writer);
    }
    for (const auto& account : view.accounts) {
      labels = {{"account", account->name}};
      Encode(labels, writer);
    }
    first_account_ = view.connections.size();
  }

  std::string_view OfConnection(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(bytes_).substr(begin, ends_[index] - begin);
  }
  std::string_view OfAccount(std::size_t index) const {
    return OfConnection(first_account_ + index);
  }

 private:
  void Encode(const std::vector<LabelView>& labels, const ExpositionWriter& writer) {
    writer.EncodeLabels(labels, bytes_);
    ends_.push_back(bytes_.size());
  }

  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::size_t first_account_ = 0;
};

std::vector<ConnectionReading> ReadConnections(const View& view, Instant now) {
  std::vector<ConnectionReading> readings;
  readings.reserve(view.connections.size());
  for (const auto& connection : view.connections) {
    readings.push_back({*connection, now, connection->knows_values(now)});
  }
  return readings;
}

std::vector<AccountReading> ReadAccounts(const View& view, Instant now) {
  const std::vector<Coverage> coverage = CoverageOf(view, now);
  std::vector<AccountReading> readings;
  readings.reserve(coverage.size());
  for (std::size_t i = 0; i < coverage.size(); ++i) {
    readings.push_back({*view.accounts[i], coverage[i]});
  }
  return readings;
}

// Calls the row's function for what it is about.
class RowWriter {
 public:
  RowWriter(const View& view, const ExporterMetrics& exporter, ExpositionFormat format, Instant now,
            const ExpositionOptions& options, FamilyWriter& families)
      : labels_(view, families.writer()),
        connections_(ReadConnections(view, now)),
        accounts_(ReadAccounts(view, now)),
        exporter_{view, exporter.state(), exporter.CollectCounters(),
                  options.process ? ReadProcessValues() : std::vector<ProcessValue>()},
        out_(format, families) {}

  void Write(const MetricRow& row) {
    out_.Begin(row.metric);
    std::visit([this](auto read) { (*this)(read); }, row.read);
  }

 private:
  void operator()(ReadConnection read) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      out_.SetSharedLabels(labels_.OfConnection(i));
      read(connections_[i], out_);
    }
  }

  void operator()(ReadAccount read) {
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
      out_.SetSharedLabels(labels_.OfAccount(i));
      read(accounts_[i], out_);
    }
  }

  void operator()(ReadExporter read) { read(exporter_, out_); }

  const SharedLabels labels_;
  const std::vector<ConnectionReading> connections_;
  const std::vector<AccountReading> accounts_;
  const ExporterReading exporter_;
  SeriesWriter out_;
};

Instant FirstExpiry(const View& view, Instant now) {
  Instant first = Instant::max();
  for (const auto& connection : view.connections) {
    if (connection->knows_values(now)) first = std::min(first, connection->values_expire());
  }
  return first;
}

}  // namespace

Instant WriteExposition(const View& view, const ExporterMetrics& exporter, ExpositionFormat format,
                        Instant now, const ExpositionOptions& options, std::string& out) {
  out.reserve(out.size() + kBytesBesides + view.connections.size() * kBytesPerConnection);
  const ExpositionWriter& writer = WriterOf(format, options.openmetrics_created);
  FamilyWriter families(writer, out);
  RowWriter rows(view, exporter, format, now, options, families);
  for (const MetricRow& row : MetricTable()) rows.Write(row);
  families.End();
  writer.WriteEnd(out);
  return FirstExpiry(view, now);
}

// Bodies return their memory here when their last reader is done, so that a scrape of many
// connections does not take fresh memory from the system each time.
class MetricsExposition::Buffers : public std::enable_shared_from_this<Buffers> {
 public:
  /// Empty, with the memory of an earlier body where there is one.
  std::unique_ptr<std::string> Acquire() {
    const std::lock_guard lock(mutex_);
    if (spare_ == nullptr) return std::make_unique<std::string>();
    spare_->clear();
    return std::move(spare_);
  }

  /// Keeps this object until the body's last reader is done.
  Body Share(std::unique_ptr<std::string> body) {
    return {body.release(), [buffers = shared_from_this()](std::string* bytes) {
              buffers->Return(std::unique_ptr<std::string>(bytes));
            }};
  }

 private:
  void Return(std::unique_ptr<std::string> buffer) {
    const std::lock_guard lock(mutex_);
    if (spare_ == nullptr || spare_->capacity() < buffer->capacity()) std::swap(spare_, buffer);
  }

  std::mutex mutex_;
  std::unique_ptr<std::string> spare_;  // guarded by mutex_
};

MetricsExposition::MetricsExposition(const StateStore& store, const ExporterMetrics& exporter,
                                     const Clock& clock, const ExpositionOptions& options)
    : store_(store),
      exporter_(exporter),
      clock_(clock),
      options_(options),
      buffers_(std::make_shared<Buffers>()) {}

MetricsExposition::Body MetricsExposition::Get(ExpositionFormat format) {
  const std::lock_guard lock(mutex_);
  return Refresh(format).body;
}

MetricsExposition::Body MetricsExposition::GetGzipped(ExpositionFormat format) {
  const std::lock_guard lock(mutex_);
  Entry& entry = Refresh(format);
  if (entry.gzipped == nullptr) {
    entry.gzipped = std::make_shared<const std::string>(Gzip(*entry.body));
  }
  return entry.gzipped;
}

MetricsExposition::Entry& MetricsExposition::Refresh(ExpositionFormat format) {
  const Instant now = clock_.Now();
  DropExpired(now);
  Entry& entry = entries_[static_cast<std::size_t>(format)];
  if (entry.body == nullptr) Make(format, now, entry);
  return entry;
}

// Of every format, so that the next body can use their memory.
void MetricsExposition::DropExpired(Instant now) {
  const std::uint64_t plan_version = store_.plan_version();
  for (Entry& entry : entries_) {
    if (now >= entry.expires || entry.plan_version != plan_version) entry = {};
  }
}

void MetricsExposition::Make(ExpositionFormat format, Instant now, Entry& entry) {
  // Read before the view: a change in between makes the body expire at once.
  entry.plan_version = store_.plan_version();
  auto bytes = buffers_->Acquire();
  const Instant holds_until =
      WriteExposition(store_.Read(), exporter_, format, now, options_, *bytes);
  entry.expires = std::min(now + kMaxAge, holds_until);
  entry.body = buffers_->Share(std::move(bytes));
}

}  // namespace telnyx_exporter
