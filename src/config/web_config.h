#pragma once

// The web configuration: what its file says, as plain structs with the documented defaults, and the
// reading of that file. Its format is the one of the Prometheus exporter toolkit; docs/access.md
// says where it differs. app/ turns it into the web server's rules, on the main thread.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "base/tls_policy.h"
#include "config/config.h"
#include "config/config_message.h"

namespace telnyx_exporter {

/// A certificate or a key: in a file or inline, or neither.
struct PemSource {
  std::string file;  // its path, joined to the configuration file's directory
  Secret text;
  ConfigPlace place;  // of the key in the configuration, for messages about what it names

  bool empty() const { return file.empty() && text.empty(); }
  bool operator==(const PemSource&) const = default;
};

struct WebTlsConfig {
  PemSource certificate;
  PemSource key;
  PemSource client_ca;
  TlsPolicy policy;

  bool operator==(const WebTlsConfig&) const = default;
};

struct WebRateLimit {
  Duration interval{};  // between two requests in the long run
  std::uint32_t burst = 1;

  bool operator==(const WebRateLimit&) const = default;
};

struct WebConfig {
  std::optional<WebTlsConfig> tls;                           // nothing: plain HTTP
  std::vector<std::pair<std::string, std::string>> headers;  // sent with every answer
  std::vector<std::pair<std::string, Secret>> users;         // names and bcrypt hashes, by name
  std::optional<WebRateLimit> rate_limit;

  bool operator==(const WebConfig&) const = default;
};

struct LoadedWebConfig {
  WebConfig config;
  bool is_empty = false;                        // the file says nothing at all, not even {}
  std::vector<std::string> keys_without_value;  // of those that hold rules
  std::vector<ConfigMessage> warnings;
};

/// Who writes a file may truncate it first, and a full disk leaves it unfinished: that must not let
/// everyone in. So what says nothing removes no rules that are in force. Returns what is wrong with
/// the file, or nothing.
std::string FindUnsaidRemoval(const LoadedWebConfig& next, const WebConfig& in_force);

/// Reads YAML text; an empty one sets no rules. Relative paths in it start from the directory of
/// `file`. Either everything was right, or all the errors of the file, in its order. Opens no other
/// file.
std::expected<LoadedWebConfig, std::vector<ConfigMessage>> ParseWebConfig(std::string_view yaml,
                                                                          std::string_view file);

/// The same for a file; one that cannot be read is an error of the whole file.
std::expected<LoadedWebConfig, std::vector<ConfigMessage>> LoadWebConfigFile(
    const std::string& path);

}  // namespace telnyx_exporter
