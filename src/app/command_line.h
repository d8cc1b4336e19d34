#pragma once

// The exporter's flags. Parsed once by main; everything behind it sees only the struct.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "polling/shard.h"

namespace telnyx_exporter {

struct CommandLine {
  std::string config_file = "/etc/telnyx_exporter/telnyx_exporter.yml";
  bool config_check = false;
  bool once = false;
  std::vector<std::string> listen_addresses = {":10035"};
  std::string telemetry_path = "/metrics";
  std::string web_config_file;  // empty: everybody may ask, over plain HTTP
  bool healthcheck = false;
  bool systemd_socket = false;  // instead of the addresses
  Shard shard;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
};

/// What main is to do instead of running: print `text` and exit with `exit_code`.
struct CommandLineExit {
  int exit_code = 0;
  std::string text;  // to standard output when the code is 0, else to standard error
};

/// `host_name` is where --shard=auto finds the shard's number.
std::expected<CommandLine, CommandLineExit> ParseCommandLine(int argc, const char* const* argv,
                                                             std::string_view host_name);

}  // namespace telnyx_exporter
