#pragma once

// The whole exposition in one format, ready to be served. It is put together when something changed
// and shared by all scrapes until then; a connection's series are written anew only when that
// connection changed, and lie beside those of its neighbours, ready to be copied. Any thread.

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "exposition/exposition_writer.h"
#include "metrics/connection_store.h"
#include "metrics/exporter_metrics.h"
#include "metrics/series_group.h"

namespace telnyx_exporter {

class FormatPage {
 public:
  /// Everything passed by reference must outlive the page.
  FormatPage(const ConnectionStore& connections, const ExporterMetrics& exporter,
             const ExpositionWriter& writer, const Clock& clock);

  /// The present exposition. Values that are too old to be shown are never in it, whenever it is
  /// asked for. Scrapes that need the same new page at the same moment share one making of it.
  std::shared_ptr<const std::string> Get();
  /// The same as one gzip member, compressed once for all who ask for it.
  std::shared_ptr<const std::string> GetGzipped();

  /// Gives back the memory of a page that nobody has asked for lately.
  void ReleaseIfUnasked(Instant now);

 private:
  struct Connection {
    std::uint64_t version = 0;  // of what is in its group; 0: nothing is
    bool shows_values = false;
    Instant rendered_until = Instant::max();  // then its peak is another one
  };

  using ChangedEntry = std::pair<std::size_t, ConnectionStore::Entry>;  // and its place

  void Refresh();
  bool IsCurrent(Instant now) const;
  void RenderChangedConnections(Instant now);
  void ApplyChanges(std::span<const ChangedEntry> changed, Instant now);
  std::string Join() const;
  void AppendRow(std::size_t row, std::string& page) const;
  void AppendRegistry(std::string& page) const;
  void AppendProcess(std::string& page) const;
  void NoteMakingTime(Instant begun);

  const ConnectionStore& store_;
  const ExporterMetrics& exporter_;
  const ExpositionWriter& writer_;
  const Clock& clock_;

  std::mutex mutex_;
  // All guarded by mutex_.
  std::vector<Connection> connections_;
  std::vector<SeriesGroup> groups_;  // of SeriesGroup::kMembers connections each
  std::shared_ptr<const std::string> page_;
  std::shared_ptr<const std::string> gzipped_;  // null until somebody wants it
  std::uint64_t page_identities_ = 0;
  std::uint64_t page_version_ = 0;  // the store's
  Instant page_expires_{};
  Duration making_time_{};  // of page_ and of gzipped_
  Instant kept_until_{};    // whatever changes
  Instant last_asked_{};
};

}  // namespace telnyx_exporter
