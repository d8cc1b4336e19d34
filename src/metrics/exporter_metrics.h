#pragma once

// What the exporter knows of itself. Counters and histograms live in a prometheus-cpp registry, and
// the few facts beside them under a lock: any thread may count, tell and read. As a PollObserver it
// counts requests and late polls on the polling thread. metric_table.h shows all of it.

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "base/build_info.h"
#include "base/clock.h"
#include "polling/poll_observer.h"

namespace telnyx_exporter {

struct ProcessValue {
  std::string_view name;  // "process_threads"
  double value = 0;
};

/// As of now. What cannot be read is left out.
std::vector<ProcessValue> ReadProcessValues();

// What the registry counts.
inline constexpr std::string_view kApiRequests = "telnyx_api_requests_total";
inline constexpr std::string_view kApiRequestDuration = "telnyx_api_request_duration_seconds";
inline constexpr std::string_view kPollLag = "telnyx_exporter_poll_lag_seconds";
inline constexpr std::string_view kWebRequests = "telnyx_exporter_web_requests_total";
inline constexpr std::string_view kLogLinesLost = "telnyx_exporter_log_lines_lost_total";

/// What was never told is absent.
struct ExporterState {
  BuildInfo build;
  std::optional<WallTime> started;  // when the registry's counters were 0
  std::optional<Shard> shard;
  bool config_successful = false;                             // the newest attempt to load it
  std::optional<WallTime> config_loaded;                      // what is in force
  std::optional<bool> web_config_successful;                  // as above
  std::optional<WallTime> tls_certificate_expires;            // of the web server's, if it has one
  std::map<std::string, bool, std::less<>> api_key_readable;  // by the account's name
};

class ExporterMetrics final : public PollObserver {
 public:
  explicit ExporterMetrics(const BuildInfo& build, std::optional<WallTime> started = std::nullopt);

  void Update(const std::function<void(ExporterState& state)>& change);
  void CountWebRequest(std::string_view handler, int status);
  /// How many have been lost since the start.
  void NoteLogLinesLost(std::uint64_t lines);

  void OnAccountAdded(AccountKey account, const AccountPlan& plan) override;
  /// Its series vanish.
  void OnAccountRemoved(AccountKey account) override;
  void OnPollBegun(ConnectionKey connection, Duration lag) override;
  void OnRequestEnded(AccountKey account, const RequestReport& report) override;

  ExporterState state() const;
  /// Grows with every Update.
  std::uint64_t version() const;
  std::vector<prometheus::MetricFamily> CollectCounters() const { return registry_.Collect(); }

 private:
  /// One account's series, looked up once.
  struct Account {
    std::string name;
    std::map<int, prometheus::Counter*> requests;  // by status
    prometheus::Histogram* request_duration = nullptr;
  };

  Account& AccountOf(AccountKey key) { return accounts_[static_cast<std::size_t>(key)]; }

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& request_duration_;
  prometheus::Histogram& poll_lag_;
  prometheus::Family<prometheus::Counter>& web_requests_;
  prometheus::Counter& log_lines_lost_;
  std::vector<Account> accounts_;  // by key; polling thread only

  mutable std::mutex mutex_;
  ExporterState state_;        // guarded by mutex_
  std::uint64_t version_ = 0;  // guarded by mutex_
};

}  // namespace telnyx_exporter
