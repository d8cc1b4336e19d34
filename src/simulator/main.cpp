#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "simulator/api.h"
#include "simulator/call_world.h"
#include "simulator/command_line.h"
#include "simulator/control.h"
#include "simulator/faults.h"
#include "simulator/wire_server.h"

namespace telnyx_exporter::simulator {
namespace {

int Run(int argc, const char* const* argv) {
  auto command_line = ParseCommandLine(argc, argv);
  if (!command_line) {
    const CommandLineExit& exit = command_line.error();
    fmt::print(exit.exit_code == 0 ? stdout : stderr, "{}", exit.text);
    return exit.exit_code;
  }
  // Blocked before the server's threads start, so that only sigwait takes them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  const SystemClock clock;
  SimClock sim_clock(clock, command_line->time_scale, command_line->begins, command_line->frozen);
  CallWorld world(std::move(command_line->accounts), sim_clock);
  Api api(command_line->api, world, clock);
  FaultRules faults(command_line->seed);
  for (FaultRule& rule : command_line->faults) faults.Add(std::move(rule));
  auto server = WireServer::Start(
      command_line->listen_addresses, [&](const HttpRequest& request) -> WireAnswer {
        if (request.path().starts_with("/simulator/")) {
          return AnswerControl(world, faults, request);
        }
        return AnswerWithFaults(request, api, faults, command_line->redirect_target);
      });
  if (!server) {
    fmt::print(stderr, "telnyx_simulator: {}\n", server.error().message);
    return 1;
  }
  const auto api_at = [](const std::string& address) {
    return fmt::format("http://{}/v2", address);
  };
  if (const std::string& directory = command_line->exporter_config; !directory.empty()) {
    const std::string address = (*server)->bound_addresses().front();
    if (auto written = WriteExporterConfig(directory, api_at(address), world.accounts());
        !written) {
      fmt::print(stderr, "telnyx_simulator: {}\n", written.error().message);
      return 1;
    }
  }
  for (const std::string& address : (*server)->bound_addresses()) {
    fmt::print("listening on {}\n", api_at(address));
  }
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  // Nothing has to be saved, and a client's thread may be making up a week of calls.
  std::_Exit(0);
}

}  // namespace
}  // namespace telnyx_exporter::simulator

int main(int argc, char** argv) {
  try {
    return telnyx_exporter::simulator::Run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "telnyx_simulator: {}\n", error.what());
    return 1;
  }
}
