#include "simulator/command_line.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <system_error>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/build_info.h"
#include "base/flags.h"
#include "base/text.h"
#include "config/config.h"
#include "simulator/answers.h"
#include "simulator/scenario_file.h"
#include "web/listen_address.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr std::uint64_t kFirstConnectionId = 1'293'384'261'075'731'461;
// So that nothing shares its seed with what comes next under the next seed.
constexpr std::uint64_t kSeedStep = 0x9e3779b97f4a7c15ULL;

struct RawFlags {
  CommandLine command_line;
  std::string api_key = AccountSettings().api_key;
  std::string scenario;
  bool has_time_scale = false;
  std::uint32_t connections = 3;
  std::vector<std::string> named;
  double active_calls = 2000;
  bool even = false;
  TrafficSettings traffic;
  std::string paging = "both";
  std::vector<std::string> faults;
  bool version = false;
};

// CLI::Range takes a NaN for a number inside of every range, and 0x10 for a number.
CLI::Validator Between(double lowest, double highest) {
  return {[=](const std::string& text) -> std::string {
            const auto number = ParseDouble(text);
            if (number && *number >= lowest && *number <= highest) return "";
            return fmt::format("\"{}\" is not a number from {} to {}", text, lowest, highest);
          },
          fmt::format("FLOAT in [{} - {}]", lowest, highest)};
}

// What a scenario says as well, so that not both can.
void DeclareWorldFlags(CLI::App& app, RawFlags& flags) {
  CLI::Option* scenario = app.add_option(
      "--scenario", flags.scenario,
      "YAML file of accounts, connections, calls and faults, instead of the flags for them");
  app.add_option("--api-key", flags.api_key, "The key that clients must send")->excludes(scenario);
  app.add_option("--connections", flags.connections, "Number of connections, with made-up ids")
      ->transform(IntegerBetween(1, 100'000))
      ->excludes(scenario);
  app.add_option("--connection", flags.named,
                 "A connection as ID or ID:NAME instead of made-up ones; repeatable")
      ->default_str("")
      ->allow_extra_args(false)
      ->excludes(scenario);
  app.add_option("--active-calls", flags.active_calls,
                 "Active call legs of all connections together, on average over a day; the first "
                 "connection has the most")
      ->check(Between(0.0, 10'000'000.0))
      ->excludes(scenario);
  app.add_flag("--even-connections", flags.even,
               "All connections have as many calls as each other on average")
      ->excludes(scenario);
  app.add_option("--mean-duration", flags.traffic.mean_duration_seconds,
                 "Mean duration of a leg in seconds")
      ->check(Between(1.0, 7200.0))
      ->excludes(scenario);
  app.add_option("--transfer-share", flags.traffic.transfer_share,
                 "Share of sessions that get a second leg, from 0 to 1")
      ->check(Between(0.0, 1.0))
      ->excludes(scenario);
  app.add_option("--daily-wave", flags.traffic.daily_wave,
                 "How much busier than the mean the busiest hour is, from 0 to 1")
      ->check(Between(0.0, 1.0))
      ->excludes(scenario);
}

void DeclareFlags(CLI::App& app, RawFlags& flags) {
  CommandLine& result = flags.command_line;
  app.add_option("--web.listen-address", result.listen_addresses,
                 "HOST:PORT to listen on, port 0 for a free one; repeatable")
      ->allow_extra_args(false);
  app.add_option("--exporter-config", result.exporter_config,
                 "Directory to write telnyx_exporter.yml and keys into, for an exporter that polls "
                 "all there is");
  DeclareWorldFlags(app, flags);
  app.add_option("--seed", result.seed,
                 "The same seed makes the same calls and draws the same faults")
      ->transform(IntegerBetween(0, std::numeric_limits<std::uint64_t>::max()).description(""));
  app.add_option("--time-scale", result.time_scale,
                 "How many times as fast time runs, whatever a scenario says")
      ->check(Between(0.001, 100'000.0))
      ->each([&](const std::string&) { flags.has_time_scale = true; });
  app.add_flag("--frozen", result.frozen, "Time stands still until POST /simulator/unfreeze");
  app.add_option("--paging", flags.paging,
                 "cursor (page[after]), number (page[number]) or both, as the request asks")
      ->check(CLI::IsMember({"cursor", "number", "both"}));
  app.add_option("--rate-limit", result.api.requests_per_second,
                 "Requests a second before 429, of each account; 0: no limit")
      ->transform(IntegerBetween(0, 1'000'000));
  app.add_option(
         "--fault", flags.faults,
         "A way to misbehave: NAME[:PROBABILITY][:later][@CONNECTION_ID], where later spares "
         "a walk's first page; repeatable, the first that strikes decides")
      ->default_str("")
      ->allow_extra_args(false);
  app.add_option("--redirect-target", result.redirect_target,
                 "Where redirect_301 and redirect_302 lead to, without a path");
  app.add_flag("--version", flags.version, "Print the version and exit");
}

ConnectionSettings MadeUpConnection(std::uint32_t index) {
  constexpr std::array<std::string_view, 6> kNames = {"support",  "sales",   "ivr",
                                                      "outreach", "billing", "emergency"};
  // Ids of 18 or 19 digits, like the vendor's.
  return {
      .id = std::to_string(kFirstConnectionId + index * 7919ULL),
      .name = index < kNames.size() ? std::string(kNames[index]) : fmt::format("line-{}", index)};
}

ConnectionSettings NamedConnection(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string id = text.substr(0, colon);
  return {.id = id, .name = colon == std::string::npos ? id : text.substr(colon + 1)};
}

std::vector<ConnectionSettings> MakeConnections(const RawFlags& flags) {
  std::vector<ConnectionSettings> connections;
  connections.reserve(flags.named.size() + flags.connections);
  for (const std::string& text : flags.named) connections.push_back(NamedConnection(text));
  for (std::uint32_t i = 0; flags.named.empty() && i < flags.connections; ++i) {
    connections.push_back(MadeUpConnection(i));
  }
  // Unless asked for, no two are alike: 1/2, 1/3, 1/4, … before they are brought to the whole.
  const auto weight = [&](std::size_t i) {
    return flags.even ? 1.0 : 1.0 / static_cast<double>(i + 2);
  };
  double weights = 0;
  for (std::size_t i = 0; i < connections.size(); ++i) weights += weight(i);
  for (std::size_t i = 0; i < connections.size(); ++i) {
    const auto index = static_cast<double>(i);
    TrafficSettings& traffic = connections[i].traffic.emplace_back();
    traffic = flags.traffic;
    traffic.seed = flags.command_line.seed + i * kSeedStep;
    traffic.mean_active_calls = flags.active_calls * weight(i) / weights;
    traffic.wave_phase_seconds = kSecondsPerDay * index / static_cast<double>(connections.size());
  }
  return connections;
}

std::string FaultsHelp() {
  std::string help = "Faults, also switched with POST and DELETE /simulator/faults?fault=RULE:\n";
  for (const Fault& fault : AllFaults()) {
    help += fmt::format("  {:<26}{}\n", fault.name, fault.help);
  }
  return help;
}

CommandLineExit WrongUsage(std::string_view what) {
  return {.exit_code = 2,
          .text = fmt::format("telnyx_simulator: {}\nRun with --help for the flags.\n", what)};
}

std::string VersionText() {
  const BuildInfo build = GetBuildInfo();
  return fmt::format("telnyx_simulator, version {} (revision {}, {})\n", build.version,
                     build.revision, build.compiler);
}

bool HasConnection(const CommandLine& command_line, std::string_view id) {
  return std::ranges::any_of(command_line.accounts, [&](const AccountSettings& account) {
    return std::ranges::find(account.connections, id, &ConnectionSettings::id) !=
           account.connections.end();
  });
}

// After those of a scenario.
Result<void> AddFaults(RawFlags& flags) {
  for (const std::string& text : flags.faults) {
    auto rule = ParseFaultRule(text);
    if (!rule) return Fail(fmt::format("--fault={}: {}", text, rule.error().message));
    const std::string& id = rule->connection_id;
    if (!id.empty() && !HasConnection(flags.command_line, id)) {
      return Fail(fmt::format("--fault={}: there is no connection {}", text, id));
    }
    flags.command_line.faults.push_back(std::move(*rule));
  }
  return {};
}

// The error is the text for people.
std::expected<void, std::string> PlayScenario(RawFlags& flags) {
  auto scenario = LoadScenarioFile(flags.scenario);
  if (!scenario) {
    std::string text;
    for (const ConfigMessage& message : scenario.error()) {
      text += FormatConfigMessage(flags.scenario, message) + "\n";
    }
    return std::unexpected(std::move(text));
  }
  CommandLine& result = flags.command_line;
  result.begins = scenario->begins;
  if (!flags.has_time_scale) result.time_scale = scenario->speed;
  result.faults = std::move(scenario->faults);
  result.accounts = std::move(scenario->accounts);
  for (AccountSettings& account : result.accounts) {
    for (ConnectionSettings& connection : account.connections) {
      for (TrafficSettings& kind : connection.traffic) {
        kind.seed = result.seed + kind.seed * kSeedStep;
      }
    }
  }
  return {};
}

// For its owner's eyes only: the exporter warns of keys that others may read.
Result<void> WriteFile(const std::filesystem::path& path, std::string_view text) {
  using std::filesystem::perms;
  std::ofstream file(path, std::ios::binary);
  std::error_code ignored;  // what cannot be opened is told below
  std::filesystem::permissions(path, perms::owner_read | perms::owner_write, ignored);
  file << text;
  file.close();
  if (!file)
    return Fail(fmt::format("{} cannot be written: {}", path.string(), std::strerror(errno)));
  return {};
}

}  // namespace

std::expected<CommandLine, CommandLineExit> ParseCommandLine(int argc, const char* const* argv) {
  CLI::App app("Simulated Telnyx API with made-up calls, for trying, showing and testing",
               "telnyx_simulator");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.footer(FaultsHelp());
  app.option_defaults()->always_capture_default();
  RawFlags flags;
  DeclareFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(CommandLineExit{.text = app.help()});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(WrongUsage(error.what()));
  }
  if (flags.version) return std::unexpected(CommandLineExit{.text = VersionText()});
  for (const std::string& address : flags.command_line.listen_addresses) {
    if (const auto usable = ListenSocket::CheckAddress(address); !usable) {
      return std::unexpected(WrongUsage("--web.listen-address: " + usable.error().message));
    }
  }
  std::set<std::string> ids;
  for (const std::string& text : flags.named) {
    const std::string id = NamedConnection(text).id;
    if (id.empty() || !IsAlphanumericOr("-_", id) || !ids.insert(id).second) {
      return std::unexpected(WrongUsage(fmt::format(
          "--connection: \"{}\" is not ID or ID:NAME with an id of its own, of letters, digits, - "
          "and _",
          text)));
    }
  }
  flags.command_line.api.paging = flags.paging == "cursor"   ? Paging::kCursor
                                  : flags.paging == "number" ? Paging::kNumber
                                                             : Paging::kBoth;
  if (flags.scenario.empty()) {
    AccountSettings& account = flags.command_line.accounts.emplace_back();
    account.api_key = flags.api_key;
    account.connections = MakeConnections(flags);
  } else if (auto played = PlayScenario(flags); !played) {
    return std::unexpected(CommandLineExit{.exit_code = 1, .text = std::move(played.error())});
  }
  if (auto added = AddFaults(flags); !added) {
    return std::unexpected(WrongUsage(added.error().message));
  }
  return flags.command_line;
}

Result<void> WriteExporterConfig(const std::string& directory, std::string_view api,
                                 const std::vector<AccountSettings>& accounts) {
  const std::filesystem::path in = std::filesystem::absolute(directory);
  std::error_code ignored;  // a directory that cannot be created shows in what is written next
  std::filesystem::create_directories(in, ignored);
  std::string config = "poll: {interval: 5s}\naccounts:\n";
  for (const AccountSettings& account : accounts) {
    const auto key_file = in / (account.name + ".key");
    if (auto written = WriteFile(key_file, account.api_key + "\n"); !written) return written;
    config += fmt::format(
        "  - name: {}\n    base_url: {}\n    api_key_file: {}\n"
        "    discovery: {{enabled: true, refresh_interval: 30s, channel_limits: true}}\n",
        JsonText(account.name), JsonText(api), JsonText(key_file.string()));
  }
  return WriteFile(in / "telnyx_exporter.yml", config);
}

}  // namespace telnyx_exporter::simulator
