#pragma once

// The simulator's flags, and the accounts, connections and faults that they or a scenario describe;
// and the exporter's configuration that one of them asks for. Used once, by main.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "simulator/api.h"
#include "simulator/call_world.h"
#include "simulator/faults.h"

namespace telnyx_exporter::simulator {

struct CommandLine {
  std::vector<std::string> listen_addresses = {"127.0.0.1:10036"};
  ApiSettings api;
  SimTime begins = 0;
  double time_scale = 1;
  bool frozen = false;
  std::uint64_t seed = 1;
  std::vector<FaultRule> faults;
  std::string redirect_target = "http://redirected.invalid";
  std::vector<AccountSettings> accounts;
  std::string exporter_config;  // the directory for one; empty: none is wanted
};

/// What main is to do instead of running: print `text` and exit with `exit_code`.
struct CommandLineExit {
  int exit_code = 0;
  std::string text;
};

/// Reads the scenario as well; its errors end with exit code 1.
std::expected<CommandLine, CommandLineExit> ParseCommandLine(int argc, const char* const* argv);

/// Writes telnyx_exporter.yml into an existing directory: a configuration with which the exporter
/// finds and polls everything that the accounts have at `api` ("http://127.0.0.1:10036/v2"), and
/// beside it each account's key as NAME.key. An error names the file that cannot be written.
Result<void> WriteExporterConfig(const std::string& directory, std::string_view api,
                                 const std::vector<AccountSettings>& accounts);

}  // namespace telnyx_exporter::simulator
