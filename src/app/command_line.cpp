#include "app/command_line.h"

#include <cstdint>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/exit_code.h"
#include "base/build_info.h"
#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::uint32_t kMostShards = 1000;

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
  std::string log_level = "info";
  std::string log_format = "logfmt";
  std::string shard = "0";
  std::uint32_t total_shards = 1;
  bool version = false;
};

void DeclareFlags(CLI::App& app, RawFlags& flags) {
  CommandLine& result = flags.command_line;
  app.add_option("--config.file", result.config_file, "Configuration file")->capture_default_str();
  app.add_flag(
      "--config.check", result.config_check,
      "Check the configuration files, print every error and exit: 0 they are right, 1 not");
  app.add_flag("--once", result.once,
               "Poll each connection once, print the metrics and exit: 0 every poll was complete, "
               "1 not");
  app.add_flag("--healthcheck", result.healthcheck,
               "Ask the exporter that runs with the same --web flags whether it works, and exit: 0 "
               "it does, 1 not");
  app.add_option("--web.listen-address", result.listen_addresses,
                 "HOST:PORT, [V6]:PORT or :PORT to listen on; repeatable")
      ->capture_default_str()
      ->allow_extra_args(false);
  app.add_option("--web.telemetry-path", result.telemetry_path, "Path of the metrics")
      ->capture_default_str();
  app.add_option("--web.config.file", result.web_config_file,
                 "File with TLS and basic authentication, as in the Prometheus exporter toolkit");
  app.add_flag("--web.systemd-socket", result.systemd_socket,
               "Listen on the sockets passed by systemd instead of on addresses");
  app.add_option(
         "--shard", flags.shard,
         "Number of this shard, from 0; auto: the number at the end of the host name, as in "
         "a StatefulSet")
      ->capture_default_str();
  app.add_option("--total-shards", flags.total_shards,
                 "Number of exporters that share the connections among themselves")
      ->capture_default_str()
      ->check(CLI::Range(1U, kMostShards));
  app.add_option("--log.level", flags.log_level, "debug, info, warn or error")
      ->capture_default_str();
  app.add_option("--log.format", flags.log_format, "logfmt or json")->capture_default_str();
  app.add_flag("--version", flags.version, "Print the version and exit");
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

std::expected<CommandLine, CommandLineExit> Check(RawFlags flags, std::string_view host_name) {
  if (flags.version) return std::unexpected(CommandLineExit{.text = VersionText()});
  const auto level = ParseLogLevel(flags.log_level);
  if (!level) return std::unexpected(WrongUsage("--log.level: " + level.error().message));
  const auto format = ParseLogFormat(flags.log_format);
  if (!format) return std::unexpected(WrongUsage("--log.format: " + format.error().message));
  if (!flags.command_line.telemetry_path.starts_with('/')) {
    return std::unexpected(
        WrongUsage(fmt::format("--web.telemetry-path: \"{}\" is not a path: it begins with a slash",
                               flags.command_line.telemetry_path)));
  }
  const auto shard = ParseShard(flags, host_name);
  if (!shard) return std::unexpected(WrongUsage("--shard: " + shard.error().message));
  flags.command_line.shard = *shard;
  flags.command_line.log_level = *level;
  flags.command_line.log_format = *format;
  return flags.command_line;
}

}  // namespace

std::expected<CommandLine, CommandLineExit> ParseCommandLine(int argc, const char* const* argv,
                                                             std::string_view host_name) {
  CLI::App app("Prometheus exporter for active calls on Telnyx connections", "telnyx_exporter");
  app.set_help_flag("-h,--help", "Print this help and exit");
  RawFlags flags;
  DeclareFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(CommandLineExit{.text = app.help()});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(WrongUsage(error.what()));
  }
  return Check(std::move(flags), host_name);
}

}  // namespace telnyx_exporter
