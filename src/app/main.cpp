// What can be refused is checked here, in the order in which a user would mend it; exporter.h does
// the rest.

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "app/check_config.h"
#include "app/command_line.h"
#include "app/exporter.h"
#include "app/health_check.h"
#include "app/load_plan.h"
#include "app/reloader.h"
#include "app/signals.h"
#include "app/web_server.h"
#include "base/build_info.h"
#include "base/clock.h"
#include "base/log.h"

namespace telnyx_exporter {
namespace {

// Larger pieces of memory are the system's again as soon as they are freed. Left alone, glibc
// raises this bound to the size of whatever was freed, and a storm of responses that are too large
// would leave its memory scattered over the heap for good.
constexpr int kLargestHeapPiece = 256 << 10;
// So much freed memory at the heap's end stays for what comes next. With glibc's 128 KiB, eight of
// curl's buffers, its pages are given back and met again at each burst of requests.
constexpr int kMaxIdleHeap = 1 << 20;

std::string HostName() {
  char name[HOST_NAME_MAX + 1] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

// A socket or a file of ours must never become standard error. What is printed to a standard output
// that is closed must fail, as to one that is full.
void OpenStandardDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free descriptor, which is this one.
    const int mode = descriptor == STDOUT_FILENO ? O_RDONLY : O_RDWR;
    [[maybe_unused]] const int opened = open("/dev/null", mode);
  }
}

// A failed write is no error: the reader has gone.
void PrintError(const std::string& text) { std::fputs(text.c_str(), stderr); }

/// False: it could not be written.
bool Print(const std::string& text) {
  return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0 &&
         std::ferror(stdout) == 0;
}

void PrintLines(const std::vector<std::string>& lines, std::string_view prefix = {}) {
  for (const std::string& line : lines) PrintError(fmt::format("{}{}\n", prefix, line));
}

// Prints what is wrong with the web configuration and with the certificates that it names, and
// hands the warnings to `warn`.
bool CheckWebConfig(const CommandLine& command_line,
                    const std::function<void(const std::vector<std::string>&)>& warn) {
  const std::string& file = command_line.web_config_file;
  if (file.empty()) return true;
  const auto report = [&](const auto& result) {
    result ? warn(FormatConfigMessages(file, result->warnings))
           : PrintLines(FormatConfigMessages(file, result.error()));
    return result.has_value();
  };
  return command_line.config_check == ConfigCheck::kSyntax ? report(LoadWebConfigFile(file))
                                                           : report(LoadWebRules(file).outcome);
}

int CheckConfig(const CommandLine& command_line, const ConfigSource& source) {
  const bool only_syntax = command_line.config_check == ConfigCheck::kSyntax;
  const auto warn = [](const std::vector<std::string>& lines) { PrintLines(lines, "warning: "); };
  const auto sourced = LoadConfig(source);
  ConfigFindings found;
  if (sourced) {
    const Config& config = sourced->loaded.config;
    if (!only_syntax) found = CheckConfigFiles(config);
    PrintLines(FormatConfigMessages(source.file, found.errors));
    warn(FormatConfigMessages(source.file, sourced->loaded.warnings));
    warn(FormatConfigMessages(source.file, found.warnings));
    PrintLines(only_syntax ? FindBudgetWarnings(config, command_line.shard)
                           : FindConfigWarnings(config, command_line.shard),
               fmt::format("warning: {}: ", sourced->origin));
  } else {
    PrintLines(sourced.error());
  }
  const bool web_ok = CheckWebConfig(command_line, warn);
  if (!sourced || !found.errors.empty() || !web_ok) return kExitRefused;
  return Print(fmt::format("{}: configuration OK\n", sourced->origin)) ? kExitStopped
                                                                       : kExitRefused;
}

int ReportHealth(const CommandLine& command_line) {
  const auto healthy = CheckHealth(command_line, SystemClock());
  if (healthy) return kExitStopped;
  PrintError(fmt::format("telnyx_exporter: {}\n", healthy.error().message));
  return kExitRefused;
}

int Start(const CommandLine& command_line, const ConfigSource& source, Signals& signals) {
  mallopt(M_MMAP_THRESHOLD, kLargestHeapPiece);
  mallopt(M_TRIM_THRESHOLD, kMaxIdleHeap);
  // No core dump and no debugger of the same user: the memory holds API keys.
  prctl(PR_SET_DUMPABLE, 0);
  const SystemClock clock;
  LogWriter writer(STDERR_FILENO, [&](std::uint64_t lines) {
    return FormatLogLine(command_line.log_format, clock.WallNow(), LogLevel::kWarn,
                         "log lines lost, standard error was not read", {{"lines", lines}}) +
           '\n';
  });
  Log log(clock, command_line.log_level, command_line.log_format,
          [&writer](std::string_view line) { writer.Write(line); });
  auto loaded = LoadPlan(source, command_line.shard, log);
  if (!loaded) PrintLines(loaded.error());
  const auto warn = [&log](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) log.Warn("web configuration", {{"warning", line}});
  };
  const bool web_ok = command_line.once || CheckWebConfig(command_line, warn);
  if (!loaded || !web_ok) return kExitRefused;
  const Surroundings around{.clock = clock, .log = log, .log_writer = writer, .signals = signals};
  if (command_line.once) return RunOnce(loaded->plan, around);
  const BuildInfo build = GetBuildInfo();
  log.Info("starting", {{"version", build.version},
                        {"revision", build.revision},
                        {"configuration", loaded->origin}});
  return Serve(command_line, source, std::move(*loaded), around);
}

int Run(int argc, const char* const* argv, Signals& signals) {
  const auto command_line = ParseCommandLine(argc, argv, HostName());
  const bool daemon = command_line && !command_line->once &&
                      command_line->config_check == ConfigCheck::kNone &&
                      command_line->healthcheck == HealthCheck::kNone;
  signals.Follow({.hangup_stops = !daemon, .exit_code = daemon ? kExitStopped : kExitRefused});
  if (!command_line) {
    const CommandLineExit& exit = command_line.error();
    if (exit.exit_code == kExitStopped) return Print(exit.text) ? kExitStopped : kExitRefused;
    PrintError(exit.text);
    return exit.exit_code;
  }
  if (command_line->healthcheck != HealthCheck::kNone) return ReportHealth(*command_line);
  const ConfigSource source{.file = command_line->config_file,
                            .may_be_missing = !command_line->config_file_given};
  if (command_line->config_check != ConfigCheck::kNone) return CheckConfig(*command_line, source);
  return Start(*command_line, source, signals);
}

}  // namespace
}  // namespace telnyx_exporter

int main(int argc, char** argv) {
  telnyx_exporter::Signals signals;
  // TLS libraries would write the keys of every session into that file.
  unsetenv("SSLKEYLOGFILE");  // NOLINT(concurrency-mt-unsafe): the signal thread reads no variable
  telnyx_exporter::OpenStandardDescriptors();
  try {
    return telnyx_exporter::Run(argc, argv, signals);
  } catch (const std::exception& error) {
    telnyx_exporter::PrintError(fmt::format("telnyx_exporter: {}\n", error.what()));
    return telnyx_exporter::kExitRefused;
  }
}
