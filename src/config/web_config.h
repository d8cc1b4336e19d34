#pragma once

// What the web configuration file says, as plain structs with the documented defaults. Loaded by
// load_web_config.h; app/ turns it into the web server's rules.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "base/tls_policy.h"
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

}  // namespace telnyx_exporter
