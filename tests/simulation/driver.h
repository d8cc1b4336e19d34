#pragma once

// Runs the exporter's real parts in a simulated world and lets things happen to them: weather,
// keys, vanishing connections, reloads, clocks, suspensions, restarts, and somebody who reads the
// metrics.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "metrics/exporter_metrics.h"
#include "metrics/metrics_exposition.h"
#include "polling/poller.h"
#include "simulation/checker.h"
#include "simulation/page_checker.h"
#include "simulation/recovery_watch.h"
#include "simulation/sim_api.h"
#include "simulation/sim_clock.h"
#include "simulation/sim_transport.h"
#include "simulation/simulation.h"
#include "simulation/world.h"
#include "state/state_store.h"

namespace telnyx_exporter::simulation {

/// The state that the poller's events make, and beside it what the exporter counts of them.
class Listener final : public StateStore {
 public:
  Listener(const Clock& clock, ExporterMetrics& metrics) : StateStore(clock), metrics_(metrics) {}

  void OnAccountAdded(AccountKey account, const AccountPlan& plan) override {
    StateStore::OnAccountAdded(account, plan);
    metrics_.OnAccountAdded(account, plan);
  }
  void OnAccountRemoved(AccountKey account) override {
    StateStore::OnAccountRemoved(account);
    metrics_.OnAccountRemoved(account);
  }
  void OnPollBegun(ConnectionKey connection, Duration lag) override {
    StateStore::OnPollBegun(connection, lag);
    metrics_.OnPollBegun(connection, lag);
  }
  void OnRequestEnded(AccountKey account, const RequestReport& report) override {
    StateStore::OnRequestEnded(account, report);
    metrics_.OnRequestEnded(account, report);
  }

 private:
  ExporterMetrics& metrics_;
};

class Driver {
 public:
  explicit Driver(const Options& options);

  Outcomes Run();

 private:
  /// One process's share: gone when it stops.
  struct Exporter {
    explicit Exporter(const Clock& clock);

    ExporterMetrics metrics;
    Listener listener;
    std::optional<Poller> poller;
    std::stop_source stop;
  };

  /// Mean times between events of a kind; nothing: there are none in this world.
  struct Troubles {
    std::optional<Duration> storms, keys, vanishing, lists, reloads, wall_jumps, suspensions,
        restarts;
  };

  Troubles DrawTroubles();
  void RunExporters();
  void RunExporter();

  // In happenings.cpp. Each schedules its own next time.
  void ScheduleAll();
  void ScheduleOften(Duration mean, std::uint64_t stream,
                     std::function<void(Random&, Instant)> what);
  void ScheduleStorms(std::uint32_t account);
  void BeginStorm(std::uint32_t account, Random& random, Instant at);
  void TroubleKey(std::uint32_t account, Random& random, Instant at);
  void RevokeKey(std::uint32_t account, std::uint32_t key, Duration length, Instant at);
  void RotateKey(std::uint32_t account, Random& random, Instant at);
  void ChangeLists(std::uint32_t account, Random& random, Instant at);
  void Vanish(std::uint32_t account, Random& random, Instant at);
  void Reload(Instant at);
  void JumpWallClock(Random& random);
  void SuspendMachine(Random& random);
  void Restart();
  void CheckHealth(Instant at);
  void UpdateHealth(std::uint32_t account, Instant at);
  void ReadPage();
  void ReadPageNearExpiry(Random& random);
  void CheckMemory();

  const Options options_;
  Random random_;
  Statistics statistics_;
  Trace trace_;
  const Instant start_;
  SimClock clock_;
  SimApi api_;
  Checker checker_;
  World world_;
  std::vector<Weather> weather_;
  NetworkSettings network_;
  SimTransport transport_;
  RecoveryWatch recovery_;
  PageChecker page_checker_;
  Troubles troubles_;
  PollPlan plan_;  // in force
  std::unique_ptr<Exporter> exporter_;
  std::int64_t most_connections_ = 0;
  bool restarts_ = false;
};

}  // namespace telnyx_exporter::simulation
