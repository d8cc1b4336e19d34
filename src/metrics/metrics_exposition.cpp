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
    bytes_.reserve(view.connections.size() * kBytesPerConnection);
    ends_.reserve(view.connections.size() + view.accounts.size());
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
  static constexpr std::size_t kBytesPerConnection = 128;  // of most

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
    const bool known = connection->knows_values(now);
    readings.push_back({*connection, now, known ? connection->values.get() : nullptr});
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

// What the rows read of so many connections is more than caches hold and lies anywhere in memory:
// it has to be fetched some time before it is needed.
constexpr std::size_t kManyConnections = 1000;
constexpr std::size_t kReadingsAhead = 8;

template <typename Object>
void Prefetch(const Object* object) {
  constexpr std::size_t kLine = 64;
  const char* const bytes = reinterpret_cast<const char*>(object);
  for (std::size_t i = 0; i < std::min(sizeof *object, 6 * kLine); i += kLine) {
    __builtin_prefetch(bytes + i);
  }
}

// Calls the row's function for what it is about.
class RowWriter {
 public:
  RowWriter(const View& view, const ExporterMetrics& exporter, Instant now,
            const ExpositionOptions& options, FamilyWriter& out)
      : labels_(view, out.writer()),
        connections_(ReadConnections(view, now)),
        accounts_(ReadAccounts(view, now)),
        exporter_{view, exporter.state(), exporter.CollectCounters(),
                  options.process ? ReadProcessValues() : std::vector<ProcessValue>()},
        out_(out) {}

  void Write(const MetricRow& row) {
    out_.Begin(row.metric);
    std::visit([this](auto read) { (*this)(read); }, row.read);
  }

 private:
  void operator()(ReadConnection read) {
    const bool many = connections_.size() > kManyConnections;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (many && i + kReadingsAhead < connections_.size()) {
        const ConnectionReading& later = connections_[i + kReadingsAhead];
        Prefetch(&later.connection);
        Prefetch(later.values);
      }
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
  FamilyWriter& out_;
};

Instant FirstExpiry(const View& view, Instant now) {
  Instant first = Instant::max();
  for (const auto& connection : view.connections) {
    if (connection->knows_values(now)) first = std::min(first, connection->values_expire());
  }
  return first;
}

Instant Write(const View& view, const ExporterMetrics& exporter, ExpositionFormat format,
              Instant now, const ExpositionOptions& options, std::string& out,
              const ExpositionSink& sink) {
  const ExpositionWriter& writer = WriterOf(format, options.openmetrics_created);
  FamilyWriter families(writer, out, sink);
  RowWriter rows(view, exporter, now, options, families);
  for (const MetricRow& row : MetricTable()) rows.Write(row);
  families.End();
  writer.WriteEnd(out);
  return FirstExpiry(view, now);
}

}  // namespace

Instant WriteExposition(const View& view, const ExporterMetrics& exporter, ExpositionFormat format,
                        Instant now, const ExpositionOptions& options, std::string& out) {
  out.reserve(out.size() + kBytesBesides + view.connections.size() * kBytesPerConnection);
  return Write(view, exporter, format, now, options, out, nullptr);
}

Instant WriteExposition(const View& view, const ExporterMetrics& exporter, ExpositionFormat format,
                        Instant now, const ExpositionOptions& options, const ExpositionSink& sink) {
  std::string rest;
  rest.reserve(FamilyWriter::kPieceBytes + FamilyWriter::kPieceBytes / 4);
  const Instant holds_until = Write(view, exporter, format, now, options, rest, sink);
  sink(rest);
  return holds_until;
}

// Bodies return their memory here when their last reader is done, so that a scrape of many
// connections does not take fresh memory from the system each time.
class MetricsExposition::Buffers : public std::enable_shared_from_this<Buffers> {
 public:
  /// Empty, with the memory of an earlier body where there is one.
  std::string Acquire() {
    const std::lock_guard lock(mutex_);
    spare_.clear();
    return std::move(spare_);
  }

  /// Keeps this object until the body's last reader is done.
  Body Share(std::string body) {
    return {new std::string(std::move(body)), [buffers = shared_from_this()](std::string* bytes) {
              buffers->Return(std::unique_ptr<std::string>(bytes));
            }};
  }

 private:
  void Return(std::unique_ptr<std::string> buffer) {
    const std::lock_guard lock(mutex_);
    if (spare_.capacity() < buffer->capacity()) std::swap(spare_, *buffer);
  }

  std::mutex mutex_;
  std::string spare_;  // guarded by mutex_
};

MetricsExposition::MetricsExposition(const StateStore& store, const ExporterMetrics& exporter,
                                     const Clock& clock, const ExpositionOptions& options)
    : store_(store), exporter_(exporter), clock_(clock), options_(options) {
  for (Bodies* bodies : {&plain_, &gzipped_}) bodies->buffers = std::make_shared<Buffers>();
}

MetricsExposition::Body MetricsExposition::Get(ExpositionFormat format) {
  const std::lock_guard lock(mutex_);
  return Refresh(plain_, format, [&](const View& view, Instant now, std::string& text) {
    return WriteExposition(view, exporter_, format, now, options_, text);
  });
}

MetricsExposition::Body MetricsExposition::GetGzipped(ExpositionFormat format) {
  const std::lock_guard lock(mutex_);
  return Refresh(gzipped_, format, [&](const View& view, Instant now, std::string& compressed) {
    Gzipper gzipper(compressed);
    const auto add = [&](std::string_view piece) { gzipper.Add(piece); };
    const Instant holds_until = WriteExposition(view, exporter_, format, now, options_, add);
    gzipper.Finish();
    return holds_until;
  });
}

template <typename Write>
MetricsExposition::Body MetricsExposition::Refresh(Bodies& bodies, ExpositionFormat format,
                                                   const Write& write) {
  const Instant now = clock_.Now();
  DropExpired(now);
  Entry& entry = bodies.newest[static_cast<std::size_t>(format)];
  if (entry.body != nullptr) return entry.body;
  // Read before the view: a change in between makes the body expire at once.
  entry.version = Version();
  std::string bytes = bodies.buffers->Acquire();
  entry.expires = std::min(now + kMaxAge, write(store_.Read(), now, bytes));
  return entry.body = bodies.buffers->Share(std::move(bytes));
}

std::uint64_t MetricsExposition::Version() const {
  return store_.plan_version() + exporter_.version();
}

// All of them, so that the next body can use their memory.
void MetricsExposition::DropExpired(Instant now) {
  const std::uint64_t version = Version();
  for (Bodies* bodies : {&plain_, &gzipped_}) {
    for (Entry& entry : bodies->newest) {
      if (now >= entry.expires || entry.version != version) entry = {};
    }
  }
}

}  // namespace telnyx_exporter
