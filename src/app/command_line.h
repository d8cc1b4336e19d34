#pragma once

// The exporter's flags. Parsed once by main; everything behind it sees only the struct.

#include <expected>
#include <string>
#include <vector>

#include "base/log.h"

namespace telnyx_exporter {

struct CommandLine {
  std::string config_file = "/etc/telnyx_exporter/telnyx_exporter.yml";
  bool config_check = false;
  bool once = false;
  std::vector<std::string> listen_addresses = {":10035"};
  std::string telemetry_path = "/metrics";
  std::string web_config_file;  // empty: everybody may ask, over plain HTTP
  bool systemd_socket = false;  // instead of the addresses
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
};

/// What main is to do instead of running: print `text` and exit with `exit_code`.
struct CommandLineExit {
  int exit_code = 0;
  std::string text;  // to standard output when the code is 0, else to standard error
};

std::expected<CommandLine, CommandLineExit> ParseCommandLine(int argc, const char* const* argv);

}  // namespace telnyx_exporter
