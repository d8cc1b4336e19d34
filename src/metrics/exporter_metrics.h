#pragma once

// The counters and histograms about accounts and about the exporter itself. They live in a
// prometheus-cpp registry, whose metrics any thread may touch; passed by reference to whoever
// counts something.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "base/build_info.h"
#include "base/clock.h"
#include "polling/poll_observer.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

class ExporterMetrics {
 public:
  explicit ExporterMetrics(const BuildInfo& build);

  void ShowShard(const Shard& shard);

  void AddAccount(AccountKey key, const AccountPlan& plan);
  /// Discovery may have been switched on or off.
  void ChangeAccount(AccountKey key, const AccountPlan& plan);
  /// Its series vanish.
  void RemoveAccount(AccountKey key);
  void CountRequest(AccountKey key, const RequestReport& report);
  void CountRetry(AccountKey key);
  void CountPollFailure(AccountKey key, FailureReason reason);
  void CountSkippedPolls(AccountKey key, std::uint64_t count);
  void CountDiscovery(AccountKey key, const DiscoveryReport& report);
  void CountRateLimiterWait(AccountKey key, Duration waited);
  void ObservePollLag(Duration lag);
  void SetTrackedCalls(std::uint64_t legs);
  void CountWebRequest(std::string_view handler, int status);
  /// Of all accounts.
  double discovery_failures() const;
  void NoteConfigLoaded(WallTime now);
  void NoteConfigRefused();
  /// Whether an account's key could be read when it was looked for last. Any thread, as the rest.
  void SetApiKeyReadable(const std::string& account, bool readable);
  void SetWebConfigLoaded(bool successful);
  /// Nothing: without TLS.
  void SetTlsCertificateExpiry(std::optional<WallTime> expiry);
  void AddLogLinesLost(std::uint64_t lines);

  const prometheus::Registry& registry() const { return registry_; }

 private:
  /// One account's series, looked up once.
  struct Account {
    prometheus::Labels labels;
    std::map<int, prometheus::Counter*> requests;  // by status; polling thread only
    prometheus::Histogram* request_duration = nullptr;
    std::array<prometheus::Counter*, kFailureReasons.size()> failures{};
    prometheus::Counter* skipped = nullptr;
    prometheus::Counter* retries = nullptr;
    prometheus::Counter* response_bytes = nullptr;
    prometheus::Counter* limiter_wait = nullptr;
    prometheus::Gauge* rate_limit_remaining = nullptr;  // null: the header was not seen yet
    prometheus::Gauge* rate_limit_limit = nullptr;
    prometheus::Counter* discovery_failures = nullptr;  // null: without discovery
    prometheus::Gauge* discovered = nullptr;            // null: no complete list yet
    prometheus::Gauge* discovery_time = nullptr;
    std::vector<prometheus::Gauge*> voice_profiles;  // those with a limit
  };

  void ForgetDiscovery(Account& account);
  void ShowVoiceProfiles(Account& account, const std::vector<ListedVoiceProfile>& profiles);
  Account& AccountOf(AccountKey key) { return accounts_[static_cast<std::size_t>(key)]; }

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& request_duration_;
  prometheus::Family<prometheus::Counter>& failures_;
  prometheus::Family<prometheus::Counter>& skipped_;
  prometheus::Family<prometheus::Counter>& retries_;
  prometheus::Family<prometheus::Counter>& response_bytes_;
  prometheus::Family<prometheus::Gauge>& rate_limit_remaining_;
  prometheus::Family<prometheus::Gauge>& rate_limit_limit_;
  prometheus::Family<prometheus::Counter>& limiter_wait_;
  prometheus::Family<prometheus::Gauge>& discovered_;
  prometheus::Family<prometheus::Counter>& discovery_failures_;
  prometheus::Family<prometheus::Gauge>& discovery_time_;
  prometheus::Family<prometheus::Gauge>& voice_profile_limit_;
  prometheus::Family<prometheus::Counter>& web_requests_;
  prometheus::Histogram& poll_lag_;
  prometheus::Gauge& tracked_calls_;
  prometheus::Gauge& config_successful_;
  prometheus::Gauge& config_time_;
  std::vector<Account> accounts_;  // polling thread only
};

}  // namespace telnyx_exporter
