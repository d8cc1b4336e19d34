#include "app/command_line.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/build_info.h"
#include "base/flags.h"
#include "base/text.h"
#include "web/listen_address.h"

namespace telnyx_exporter {
namespace {

constexpr std::uint32_t kMostShards = 1000;
constexpr std::uint32_t kMostRequests = 1'000'000;
constexpr std::size_t kMaxShownPath = 200;

// What is served beside the metrics.
constexpr std::array<std::string_view, 3> kOtherPaths = {"/", "/config", "/connection"};
constexpr std::array<std::string_view, 2> kOtherFolders = {"/-/", "/static/"};

CommandLineExit WrongUsage(const std::string& what) {
  return {.exit_code = kExitWrongUsage,
          .text = fmt::format("telnyx_exporter: {}\nRun with --help for the flags.\n", what)};
}

std::string VersionText() {
  const BuildInfo build = GetBuildInfo();
  return fmt::format("telnyx_exporter, version {} (revision {}, {})\n", build.version,
                     build.revision, build.compiler);
}

// Flags as text, before they are checked.
struct RawFlags {
  CommandLine command_line;
  std::string config_check;
  std::string healthcheck;
  bool lifecycle = true;
  bool no_lifecycle = false;
  std::string log_level = "info";
  std::string log_format = "logfmt";
  std::string shard = "0";
  std::uint32_t total_shards = 1;
  bool version = false;
};

void DeclareFlags(CLI::App& app, RawFlags& flags) {
  CommandLine& result = flags.command_line;
  app.add_option("--config.file", result.config_file, "Configuration file");
  app.add_flag("--config.check", flags.config_check,
               "Check the configuration files and the files that they name, print every error and "
               "exit: 0 if they are OK, else 1; --config.check=syntax opens no other file");
  app.add_flag("--once", result.once,
               "Poll each connection once, print the metrics and exit: 0 if every poll was "
               "complete, else 1");
  app.add_flag("--healthcheck", flags.healthcheck,
               "Ask the exporter that runs with the same --web flags whether it works, and exit: 0 "
               "if it does, else 1; --healthcheck=ready asks whether it is ready");
  app.add_option("--web.listen-address", result.listen_addresses,
                 "HOST:PORT, [V6]:PORT or :PORT to listen on; repeatable")
      ->allow_extra_args(false);
  app.add_option("--web.telemetry-path", result.telemetry_path, "Path of the metrics");
  app.add_option("--web.config.file", result.web_config_file,
                 "File with TLS and basic authentication, as in the Prometheus exporter toolkit; "
                 "empty: none");
  app.add_flag("--web.systemd-socket", result.systemd_socket,
               "Listen on the sockets passed by systemd instead of on addresses");
  app.add_option("--web.max-requests", result.max_requests,
                 "Number of requests that are answered at the same time; 0: no limit")
      ->transform(IntegerBetween(0, kMostRequests));
  auto* const lifecycle = app.add_flag("--web.enable-lifecycle", flags.lifecycle,
                                       "Reload at POST /-/reload, which is the default");
  app.add_flag("--no-web.enable-lifecycle", flags.no_lifecycle, "Refuse POST /-/reload")
      ->excludes(lifecycle);
  app.add_flag("--web.probes-without-auth", result.probes_without_auth,
               "Answer GET /-/healthy and /-/ready without authentication");
  app.add_flag("--web.openmetrics-created", result.openmetrics_created,
               "Add the _created series of counters and histograms to OpenMetrics");
  app.add_option(
      "--shard", flags.shard,
      "Number of this shard, from 0; auto: the number at the end of the host name, as in "
      "a StatefulSet");
  app.add_option("--total-shards", flags.total_shards,
                 "Number of exporters that share the connections among themselves")
      ->transform(IntegerBetween(1, kMostShards));
  app.add_option("--log.level", flags.log_level, "debug, info, warn or error");
  app.add_option("--log.format", flags.log_format, "logfmt or json");
  app.add_flag("--version", flags.version, "Print the version and exit");
}

// The value of a flag that works without one, too: `given` is what stands for that.
template <typename Mode>
Result<Mode> ParseMode(const std::string& given, Mode without, std::string_view name, Mode named) {
  if (given.empty()) return Mode::kNone;
  if (given == "true") return without;
  if (given == name) return named;
  return Fail(fmt::format("\"{}\" is not a value of it: use {} or no value", given, name));
}

// "/a/./b//../c/" is "/a/c", as clients and proxies may write it.
std::string NormalizePath(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
    if (segment == ".." && !segments.empty()) segments.pop_back();
    if (!segment.empty() && segment != "." && segment != "..") segments.push_back(segment);
  }
  return fmt::format("/{}", fmt::join(segments, "/"));
}

// The metrics must not hide one of the other pages.
Result<void> CheckTelemetryPath(std::string_view path) {
  const auto usable = [](char c) {
    return c > ' ' && c < 0x7f && !std::string_view("?#%\\").contains(c);
  };
  if (!path.starts_with('/')) {
    return Fail(fmt::format("\"{}\" is not a path: it must begin with a slash", path));
  }
  if (!std::ranges::all_of(path, usable)) {
    return Fail(
        fmt::format("\"{}\" is not a plain path: use visible ASCII characters other than "
                    "? # % and \\",
                    SanitizeForDisplay(path, kMaxShownPath)));
  }
  const std::string normal = NormalizePath(path);
  const bool page = std::ranges::find(kOtherPaths, normal) != kOtherPaths.end();
  const bool below = std::ranges::any_of(
      kOtherFolders, [&](std::string_view folder) { return (normal + '/').starts_with(folder); });
  if (page || below) {
    return Fail(
        fmt::format("\"{}\" is another page of the exporter: choose a path like /metrics", path));
  }
  return {};
}

// "telnyx-exporter-2" is shard 2 under `auto`.
Result<Shard> ParseShard(const RawFlags& flags, std::string_view host_name) {
  std::string_view number = flags.shard;
  if (flags.shard == "auto") {
    const std::size_t dash = host_name.rfind('-');
    number = dash == std::string_view::npos ? std::string_view() : host_name.substr(dash + 1);
    if (!ParseUnsigned(number)) {
      return Fail(
          fmt::format("the host name \"{}\" does not end in a dash and a number, as auto "
                      "needs it",
                      host_name));
    }
  }
  const auto index = ParseUnsigned(number);
  if (!index || *index >= flags.total_shards) {
    return Fail(fmt::format("\"{}\" is not a number below --total-shards={}, nor auto", number,
                            flags.total_shards));
  }
  return Shard{.index = static_cast<std::uint32_t>(*index), .total = flags.total_shards};
}

// CLI11 takes them from the end. It does not know "--flag=" with nothing after it, which is what
// "--flag=$VALUE" becomes: the empty value is an argument of its own here.
std::vector<std::string> ToReversedArguments(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool empty_value =
        argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    arguments.emplace_back(empty_value ? argument.substr(0, argument.size() - 1) : argument);
    if (empty_value) arguments.emplace_back();
  }
  std::ranges::reverse(arguments);
  return arguments;
}

std::expected<CommandLine, CommandLineExit> Check(RawFlags flags, std::string_view host_name) {
  if (flags.version) return std::unexpected(CommandLineExit{.text = VersionText()});
  const auto level = ParseLogLevel(flags.log_level);
  if (!level) return std::unexpected(WrongUsage("--log.level: " + level.error().message));
  const auto format = ParseLogFormat(flags.log_format);
  if (!format) return std::unexpected(WrongUsage("--log.format: " + format.error().message));
  const std::vector<std::string>& addresses = flags.command_line.listen_addresses;
  for (const std::string& address : addresses) {
    if (!address.ends_with(":0") && std::ranges::count(addresses, address) > 1) {
      return std::unexpected(
          WrongUsage(fmt::format("--web.listen-address: {} is given twice", address)));
    }
    if (const auto usable = ListenSocket::CheckAddress(address); !usable) {
      return std::unexpected(WrongUsage("--web.listen-address: " + usable.error().message));
    }
  }
  if (flags.command_line.config_file.empty()) {
    return std::unexpected(WrongUsage("--config.file: is empty: name a file or remove the flag"));
  }
  if (const auto path = CheckTelemetryPath(flags.command_line.telemetry_path); !path) {
    return std::unexpected(WrongUsage("--web.telemetry-path: " + path.error().message));
  }
  const auto check =
      ParseMode(flags.config_check, ConfigCheck::kFiles, "syntax", ConfigCheck::kSyntax);
  if (!check) return std::unexpected(WrongUsage("--config.check: " + check.error().message));
  const auto health =
      ParseMode(flags.healthcheck, HealthCheck::kHealthy, "ready", HealthCheck::kReady);
  if (!health) return std::unexpected(WrongUsage("--healthcheck: " + health.error().message));
  const auto shard = ParseShard(flags, host_name);
  if (!shard) return std::unexpected(WrongUsage("--shard: " + shard.error().message));
  const int modes = (*check != ConfigCheck::kNone) + (*health != HealthCheck::kNone) +
                    static_cast<int>(flags.command_line.once);
  if (modes > 1) {
    return std::unexpected(WrongUsage("--config.check, --healthcheck and --once: use one of them"));
  }
  flags.command_line.shard = *shard;
  flags.command_line.config_check = *check;
  flags.command_line.healthcheck = *health;
  flags.command_line.enable_lifecycle = flags.lifecycle && !flags.no_lifecycle;
  flags.command_line.log_level = *level;
  flags.command_line.log_format = *format;
  return flags.command_line;
}

}  // namespace

std::expected<CommandLine, CommandLineExit> ParseCommandLine(int argc, const char* const* argv,
                                                             std::string_view host_name) {
  CLI::App app("Prometheus exporter for active calls on Telnyx connections", "telnyx_exporter");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.option_defaults()->always_capture_default();
  RawFlags flags;
  DeclareFlags(app, flags);
  try {
    app.parse(ToReversedArguments(argc, argv));
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(CommandLineExit{.text = app.help()});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(WrongUsage(error.what()));
  }
  flags.command_line.config_file_given = app.count("--config.file") > 0;
  return Check(std::move(flags), host_name);
}

}  // namespace telnyx_exporter
