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

#include "metrics/connection_store.h"
#include "metrics/exporter_metrics.h"
#include "metrics/metrics_page.h"
#include "metrics/poll_metrics.h"
#include "polling/poller.h"
#include "simulation/checker.h"
#include "simulation/page_checker.h"
#include "simulation/recovery_watch.h"
#include "simulation/sim_api.h"
#include "simulation/sim_clock.h"
#include "simulation/sim_transport.h"
#include "simulation/simulation.h"
#include "simulation/world.h"

namespace telnyx_exporter::simulation {

class Driver {
 public:
  explicit Driver(const Options& options);

  Outcomes Run();

 private:
  /// One process's share: gone when it stops.
  struct Exporter {
    explicit Exporter(const Clock& clock);

    ConnectionStore connections;
    ExporterMetrics metrics;
    PollMetrics poll_metrics;
    MetricsPage page;
    std::optional<Poller> poller;
    std::stop_source stop;
    std::shared_ptr<const std::string> last_page;
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
