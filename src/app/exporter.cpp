#include "app/exporter.h"

#include <atomic>
#include <cstdio>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/main_loop.h"
#include "app/poll_log.h"
#include "app/service_manager.h"
#include "app/web_handler.h"
#include "app/web_server.h"
#include "base/build_info.h"
#include "http/curl_transport.h"
#include "metrics/exporter_metrics.h"
#include "metrics/metrics_exposition.h"
#include "polling/poll_observer.h"
#include "polling/poller.h"
#include "state/state_store.h"

namespace telnyx_exporter {
namespace {

// Says when every connection has been polled once, those included that are in the lists.
class OneRound final : public PollObserver {
 public:
  std::stop_token over() const { return over_.get_token(); }
  /// Ends the round early. Any thread.
  void Stop() { over_.request_stop(); }

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

// Everything between the network and /metrics.
struct Pipeline {
  Pipeline(const PollPlan& plan, const Clock& clock, Log& log, PollObserver& also,
           const ExpositionOptions& options)
      : state(clock),
        metrics(GetBuildInfo(), clock.WallNow()),
        poll_log(log),
        exposition(state, metrics, clock, options),
        transport(clock),
        poller(plan, clock, transport, PollObservers({&state, &metrics, &poll_log, &also}),
               std::random_device()()) {
    metrics.Update([&](ExporterState& facts) {
      facts.shard = plan.shard;
      facts.config_successful = true;
      facts.config_loaded = clock.WallNow();
    });
  }

  StateStore state;
  ExporterMetrics metrics;
  PollLog poll_log;
  MetricsExposition exposition;
  CurlTransport transport;
  Poller poller;
};

// The signals' rules refer to what Serve and RunOnce own.
class SignalScope {
 public:
  SignalScope(Signals& signals, SignalRules rules)
      : signals_(signals), exit_code_(rules.exit_code) {
    signals_.Follow(std::move(rules));
  }
  ~SignalScope() { signals_.Follow({.exit_code = exit_code_}); }
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;

 private:
  Signals& signals_;
  const int exit_code_;
};

constexpr Duration kLongestRound = std::chrono::hours(24 * 365);

// Values are kept however long the round takes.
PollPlan SingleRound(PollPlan plan) {
  plan.first_polls_at_once = true;
  plan.single_round = true;
  for (AccountPlan& account : plan.accounts) {
    for (ConnectionPlan& connection : account.connections) connection.stale_after = kLongestRound;
    if (account.discovery) account.discovery->connection.stale_after = kLongestRound;
  }
  return plan;
}

}  // namespace

int RunOnce(const PollPlan& plan, const Surroundings& around) {
  OneRound round;
  Pipeline pipeline(SingleRound(plan), around.clock, around.log, round, {.process = false});
  std::atomic<bool> interrupted = false;
  const auto interrupt = [&](int) {
    interrupted = true;
    round.Stop();
  };
  const SignalScope scope(around.signals,
                          {.hangup_stops = true, .exit_code = kExitRefused, .on_stop = interrupt});
  pipeline.poller.Run(round.over());
  if (interrupted) return kExitRefused;

  const View view = pipeline.state.Read();
  const auto print = [](std::string_view piece) {
    std::fwrite(piece.data(), 1, piece.size(), stdout);
  };
  WriteExposition(view, pipeline.metrics, ExpositionFormat::kText, around.clock.Now(),
                  {.process = false}, print);
  // Flushing succeeds when an earlier write has failed and left nothing to be written.
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  const bool complete = written && AllComplete(view);
  return complete ? kExitStopped : kExitRefused;
}

int Serve(const CommandLine& command_line, const ConfigSource& source, LoadedPlan loaded,
          const Surroundings& around) {
  const Instant started = around.clock.Now();
  PollObserver no_other_observer;
  Pipeline pipeline(loaded.plan, around.clock, around.log, no_other_observer,
                    {.openmetrics_created = command_line.openmetrics_created});
  ExporterMetrics& metrics = pipeline.metrics;
  MainLoop loop;
  Watchdog watchdog(around.clock, [&poller = pipeline.poller](Watchdog::Task task) {
    poller.Post([task = std::move(task)](Poller&) mutable { task(); });
  });
  // Begins when the server listens, so that a start that fails sends no request.
  std::optional<PollThread> polling;
  Reloader reloader(source, command_line.shard, loaded, around.clock, around.log, metrics,
                    [&polling](PollPlan plan) { return polling->Apply(std::move(plan)); });
  // The keys read at the start go with the plan, and are wiped when they are rotated.
  loaded = {};
  const SignalScope scope(around.signals, {.on_stop = [&](int signal) { loop.Stop(signal); },
                                           .on_hangup = [&] { loop.RequestReload(); }});
  std::function<void(MainLoop::OnReloaded)> request_reload;
  if (command_line.enable_lifecycle) {
    request_reload = [&loop](MainLoop::OnReloaded done) { loop.RequestReload(std::move(done)); };
  }
  auto server = StartWebServer(
      command_line,
      MakeWebHandler({.telemetry_path = command_line.telemetry_path,
                      .metrics = pipeline.exposition,
                      .state = pipeline.state,
                      .exporter = metrics,
                      .reloader = reloader,
                      .request_reload = std::move(request_reload),
                      .watchdog = watchdog,
                      .clock = around.clock,
                      .started = started}),
      [&](std::string_view reason, int status) { metrics.CountWebRequest(reason, status); },
      {.on_loaded =
           [&](std::vector<std::string> errors) {
             metrics.Update(
                 [&](ExporterState& state) { state.web_config_successful = errors.empty(); });
             reloader.NoteWebConfig(std::move(errors));
           },
       .on_certificate =
           [&](std::optional<WallTime> expiry) {
             metrics.Update([&](ExporterState& state) { state.tls_certificate_expires = expiry; });
           }},
      around.log);
  if (!server) {
    around.log.Error("cannot start", {{"error", server.error().message}});
    return kExitRefused;
  }
  polling.emplace(pipeline.poller);
  NotifyReady();
  const int signal = loop.Run({.reload = [&reloader] { return reloader.Reload(); },
                               .look =
                                   [&] {
                                     watchdog.Check();
                                     reloader.ReloadChangedKeys();
                                     if (server->watch) server->watch->ReloadChanged();
                                     metrics.NoteLogLinesLost(around.log_writer.lines_lost());
                                   },
                               .interval = watchdog.interval()});
  NotifyStopping();
  around.log.Info("stopping", {{"signal", SignalName(signal)}});
  polling->Stop();
  *server = {};
  return kExitStopped;
}

}  // namespace telnyx_exporter
