#include "config/config_text.h"

#include <yaml-cpp/emitter.h>

#include "config/config_keys.h"

namespace telnyx_exporter {
namespace {

// What is left to a default that another key or the id gives, written out.
Config WithDefaults(Config config) {
  for (AccountConfig& account : config.accounts) {
    for (ConnectionConfig& connection : account.connections) {
      // With discovery the name is the one that it finds, if it finds one.
      if (connection.name.empty() && !account.discovery.enabled) connection.name = connection.id;
      if (!connection.interval) connection.interval = config.poll.interval;
    }
  }
  return config;
}

}  // namespace

std::string FormatConfig(const Config& config) {
  YAML::Emitter out;
  WriteKeys(ConfigKeys(), out, WithDefaults(config));
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace telnyx_exporter
