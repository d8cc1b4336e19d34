#pragma once

// The exporter's flags and exit codes. main parses the flags once; everything else sees only the
// struct.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

inline constexpr int kExitStopped = 0;     // stopped as asked, or all is well
inline constexpr int kExitRefused = 1;     // could not start, or what was asked for failed
inline constexpr int kExitWrongUsage = 2;  // wrong flags

enum class ConfigCheck {
  kNone,
  kSyntax,  // of the configuration files alone
  kFiles,   // with all files that they name
};

enum class HealthCheck { kNone, kHealthy, kReady };

struct CommandLine {
  std::string config_file = "/etc/telnyx_exporter/telnyx_exporter.yml";
  bool config_file_given = false;
  ConfigCheck config_check = ConfigCheck::kNone;
  bool once = false;
  HealthCheck healthcheck = HealthCheck::kNone;
  std::vector<std::string> listen_addresses = {":10035"};
  std::string telemetry_path = "/metrics";
  std::string web_config_file;    // empty: every request is admitted, over plain HTTP
  bool systemd_socket = false;    // instead of the addresses
  std::size_t max_requests = 40;  // in flight; 0: no limit
  bool enable_lifecycle = true;
  bool probes_without_auth = false;
  bool openmetrics_created = false;
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
