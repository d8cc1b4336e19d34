#include <climits>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "app/api_key.h"
#include "app/command_line.h"
#include "app/exit_code.h"
#include "app/exporter.h"
#include "app/health_check.h"
#include "app/make_poll_plan.h"
#include "app/web_rules.h"
#include "base/build_info.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/load_config.h"

namespace telnyx_exporter {
namespace {

// Larger pieces of memory are the system's again as soon as they are freed. Left alone, glibc
// raises this bound to the size of whatever was freed, and a storm of responses that are too large
// would leave its memory scattered over the heap for good.
constexpr int kLargestHeapPiece = 256 << 10;

std::string HostName() {
  char name[HOST_NAME_MAX + 1] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

void PrintMessages(const std::string& file, const std::vector<ConfigMessage>& messages,
                   std::string_view prefix = {}) {
  for (const ConfigMessage& message : messages) {
    fmt::print(stderr, "{}{}\n", prefix, FormatConfigMessage(file, message));
  }
}

// Prints what is wrong with the web configuration and with the certificates that it names.
bool CheckWebConfig(const std::string& file) {
  if (file.empty()) return true;
  const WebRulesAttempt attempt = WebRulesLoader(file).Load();
  if (!attempt.outcome) {
    PrintMessages(file, attempt.outcome.error());
    return false;
  }
  PrintMessages(file, attempt.outcome->warnings, "warning: ");
  return true;
}

int ReportHealth(const CommandLine& command_line) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto healthy = CheckHealth(command_line, SystemClock());
  if (healthy) return kExitStopped;
  fmt::print(stderr, "telnyx_exporter: not healthy: {}\n", healthy.error().message);
  return kExitRefused;
}

int Run(int argc, const char* const* argv) {
  const auto command_line = ParseCommandLine(argc, argv, HostName());
  if (!command_line) {
    const CommandLineExit& exit = command_line.error();
    fmt::print(exit.exit_code == kExitStopped ? stdout : stderr, "{}", exit.text);
    return exit.exit_code;
  }
  if (command_line->healthcheck) return ReportHealth(*command_line);
  const std::string& file = command_line->config_file;
  auto loaded = LoadConfigFile(file);
  if (!loaded) PrintMessages(file, loaded.error());
  const bool web_is_right = CheckWebConfig(command_line->web_config_file);
  if (!loaded || !web_is_right) return kExitRefused;
  PrintMessages(file, loaded->warnings, "warning: ");
  if (command_line->config_check) {
    fmt::print("{}: the configuration is right\n", file);
    return kExitStopped;
  }

  mallopt(M_MMAP_THRESHOLD, kLargestHeapPiece);
  std::signal(SIGPIPE, SIG_IGN);
  // No core dump and no debugger of the same user: the memory holds API keys.
  prctl(PR_SET_DUMPABLE, 0);
  const SystemClock clock;
  Log log(clock, command_line->log_level, command_line->log_format);
  auto plan = MakePollPlan(loaded->config, command_line->shard,
                           [&log](const ApiKeySource& source) { return ReadApiKey(source, log); });
  if (!plan) {
    for (const Error& error : plan.error()) log.Error("cannot start", {{"error", error.message}});
    return kExitRefused;
  }
  if (command_line->once) return RunOnce(*plan, clock, log);
  const BuildInfo build = GetBuildInfo();
  log.Info("starting", {{"version", build.version}, {"revision", build.revision}});
  return Serve(*command_line, std::move(loaded->config), *plan, clock, log);
}

}  // namespace
}  // namespace telnyx_exporter

int main(int argc, char** argv) {
  try {
    return telnyx_exporter::Run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "telnyx_exporter: {}\n", error.what());
    return telnyx_exporter::kExitRefused;
  }
}
