#include "app/exporter.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "app/exit_code.h"
#include "app/poll_log.h"
#include "app/poll_observers.h"
#include "app/poll_thread.h"
#include "app/reloader.h"
#include "app/service_manager.h"
#include "app/web_pages.h"
#include "app/web_server.h"
#include "base/build_info.h"
#include "http/curl_transport.h"
#include "metrics/account_store.h"
#include "metrics/connection_store.h"
#include "metrics/exporter_metrics.h"
#include "metrics/metrics_page.h"
#include "metrics/poll_metrics.h"
#include "polling/poller.h"

namespace telnyx_exporter {
namespace {

// Says when every connection has been polled once, those included that are in the lists.
class OneRound final : public PollObserver {
 public:
  std::stop_token over() const { return over_.get_token(); }

  void OnAccountAdded(AccountKey account, const AccountPlan& plan) override {
    if (plan.discovery) lists_.insert(account);
  }
  void OnConnectionAdded(ConnectionKey connection, AccountKey, const ConnectionPlan&) override {
    connections_.insert(connection);
  }
  void OnPlanApplied() override { StopIfOver(); }
  void OnPollEnded(ConnectionKey connection, const PollReport&) override {
    connections_.erase(connection);
    StopIfOver();
  }
  void OnDiscoveryEnded(AccountKey account, const DiscoveryReport&) override {
    lists_.erase(account);
    StopIfOver();
  }

 private:
  void StopIfOver() {
    if (connections_.empty() && lists_.empty()) over_.request_stop();
  }

  std::set<AccountKey> lists_;           // that are still to be read
  std::set<ConnectionKey> connections_;  // that are still to be polled
  std::stop_source over_;
};

// Everything between the network and the metrics page.
class Pipeline {
 public:
  Pipeline(const PollPlan& plan, const Clock& clock, Log& log, PollObserver& also)
      : exporter_metrics_(GetBuildInfo()),
        poll_metrics_(connections_, exporter_metrics_),
        accounts_(clock),
        poll_log_(log),
        observers_({&poll_metrics_, &accounts_, &poll_log_, &also}),
        page_(connections_, exporter_metrics_, clock),
        transport_(clock, {.max_connections = plan.max_concurrent_requests}),
        poller_(plan, clock, transport_, observers_, std::random_device()()) {
    exporter_metrics_.NoteConfigLoaded(clock.WallNow());
    exporter_metrics_.ShowShard(plan.shard);
  }

  Poller& poller() { return poller_; }
  MetricsPage& page() { return page_; }
  ConnectionStore& connections() { return connections_; }
  AccountStore& accounts() { return accounts_; }
  ExporterMetrics& exporter_metrics() { return exporter_metrics_; }

 private:
  ConnectionStore connections_;
  ExporterMetrics exporter_metrics_;
  PollMetrics poll_metrics_;
  AccountStore accounts_;
  PollLog poll_log_;
  PollObservers observers_;
  MetricsPage page_;
  CurlTransport transport_;
  Poller poller_;
};

sigset_t HandledSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

// Before any thread starts, so that all of them inherit it and only the waiting thread takes
// signals.
void BlockSignals() {
  const sigset_t signals = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// How often key files are looked at.
constexpr std::chrono::microseconds kKeyFileInterval = std::chrono::seconds(2);

timespec ToTimespec(std::chrono::nanoseconds duration) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  return {.tv_sec = seconds.count(), .tv_nsec = (duration - seconds).count()};
}

// Reloads when it is told to and when a key file changes, until a signal says to stop.
int ReloadUntilStopSignal(Reloader& reloader, Watchdog& watchdog) {
  const sigset_t signals = HandledSignals();
  const timespec interval = ToTimespec(std::min(kKeyFileInterval, watchdog.interval()));
  while (true) {
    watchdog.Look();
    const int signal = sigtimedwait(&signals, nullptr, &interval);
    if (signal == SIGHUP) {
      reloader.Reload();
    } else if (signal > 0) {
      return signal;
    } else if (errno == EAGAIN) {
      reloader.RefreshKeys();
    }
  }
}

}  // namespace

int RunOnce(const PollPlan& plan, const Clock& clock, Log& log) {
  PollPlan once = plan;
  once.first_polls_at_once = true;
  OneRound round;
  Pipeline pipeline(once, clock, log, round);
  pipeline.poller().Run(round.over());

  const auto page = pipeline.page().Get(ExpositionFormat::kText);
  std::fwrite(page->data(), 1, page->size(), stdout);
  bool complete = std::fflush(stdout) == 0;
  complete = complete && pipeline.exporter_metrics().discovery_failures() == 0;
  pipeline.connections().ForEach([&](std::size_t, const ConnectionStore::Entry& entry) {
    complete = complete && (entry.identity == nullptr || entry.state.up());
  });
  return complete ? kExitStopped : kExitRefused;
}

int Serve(const CommandLine& command_line, Config config, const PollPlan& plan, const Clock& clock,
          Log& log) {
  BlockSignals();
  const Instant started = clock.Now();
  PollObserver nobody_else;
  Pipeline pipeline(plan, clock, log, nobody_else);
  Watchdog watchdog([&poller = pipeline.poller()](Watchdog::Task task) {
    poller.Post([task = std::move(task)](Poller&) mutable { task(); });
  });
  PollThread polling(pipeline.poller());
  Reloader reloader(command_line.config_file, std::move(config), command_line.shard, clock, log,
                    pipeline.exporter_metrics(),
                    [&polling](PollPlan next) { return polling.Apply(std::move(next)); });
  auto server = WebServer::Start(
      command_line,
      MakeWebHandler({.telemetry_path = command_line.telemetry_path,
                      .metrics = pipeline.page(),
                      .connections = pipeline.connections(),
                      .exporter = pipeline.exporter_metrics(),
                      .reloader = reloader,
                      .accounts = pipeline.accounts(),
                      .clock = clock,
                      .started = started}),
      [&](int status) { pipeline.exporter_metrics().CountWebRequest("refused", status); }, log);
  if (!server) {
    log.Error("cannot start", {{"error", server.error().message}});
    return kExitRefused;
  }
  NotifyReady();
  const int signal = ReloadUntilStopSignal(reloader, watchdog);
  NotifyStopping();
  log.Info("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
  polling.Stop();
  server->reset();
  return kExitStopped;
}

}  // namespace telnyx_exporter
