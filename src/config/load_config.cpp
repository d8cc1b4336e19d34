#include "config/load_config.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "base/units.h"
#include "config/config_keys.h"
#include "config/yaml_reader.h"

namespace telnyx_exporter {
namespace {

void CheckConnections(const YamlValue& account_value, const AccountConfig& account) {
  const auto connections = account_value.Find("connections");
  if (!connections && !account.discovery.enabled && account_value.IsMapping()) {
    account_value.Error(
        "connections is missing: list the connections to poll, or enable discovery");
  }
  if (!connections) return;
  if (connections->IsEmptyList() && !account.discovery.enabled) {
    connections->Error("is empty: list the connections to poll, or enable discovery");
  }
  std::set<std::string_view> ids;
  for (std::size_t i = 0; i < account.connections.size(); ++i) {
    const std::string& id = account.connections[i].id;
    if (id.empty() || ids.insert(id).second) continue;
    connections->Element(i)->Error(
        fmt::format("another connection of the account has the id \"{}\" already", id));
  }
}

void CheckAccounts(const YamlValue& root, const Config& config) {
  const auto accounts = root.Find("accounts");
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < config.accounts.size(); ++i) {
    const AccountConfig& account = config.accounts[i];
    const YamlValue value = accounts->Element(i).value();
    if (!names.insert(account.name).second) {
      value.Error(fmt::format("another account has the name \"{}\" already", account.name));
    }
    if (account.proxy_from_environment && !account.proxy_url.empty()) {
      value.Find("proxy_from_environment")
          ->Error("cannot be combined with proxy_url: remove one of the two");
    }
    CheckConnections(value, account);
  }
}

// Values that expire before the next poll can renew them would come and go all the time; an idle
// connection is not polled more often than a busy one.
class IntervalCheck {
 public:
  IntervalCheck(const YamlValue& root, const Config& config)
      : poll_(config.poll), poll_value_(root.Find("poll")) {
    CheckPoll();
    const auto accounts = root.Find("accounts");
    for (std::size_t i = 0; i < config.accounts.size(); ++i) {
      const auto connections = accounts->Element(i)->Find("connections");
      for (std::size_t j = 0; j < config.accounts[i].connections.size(); ++j) {
        CheckConnection(config.accounts[i].connections[j], *connections->Element(j));
      }
    }
  }

 private:
  void CheckPoll() const {
    if (!poll_value_) return;
    const auto stale_after = poll_value_->Find("stale_after");
    if (poll_.stale_after && *poll_.stale_after < poll_.interval) {
      stale_after->Error(TooShort(*poll_.stale_after, "poll.interval", poll_.interval));
    }
    if (!poll_.idle_interval) return;
    if (*poll_.idle_interval < poll_.interval) {
      poll_value_->Find("idle_interval")
          ->Error(TooShort(*poll_.idle_interval, "poll.interval", poll_.interval));
    }
    if (poll_.stale_after && *poll_.stale_after < *poll_.idle_interval) {
      stale_after->Error(TooShort(*poll_.stale_after, "poll.idle_interval", *poll_.idle_interval));
    }
  }

  void CheckConnection(const ConnectionConfig& connection, const YamlValue& value) const {
    CheckAgainstStaleAfter(connection.interval, "interval", value);
    if (!connection.idle_interval) return;
    const Duration interval = connection.interval.value_or(poll_.interval);
    if (*connection.idle_interval < interval) {
      value.Find("idle_interval")
          ->Error(TooShort(*connection.idle_interval,
                           connection.interval ? "its interval" : "poll.interval", interval));
    }
    CheckAgainstStaleAfter(connection.idle_interval, "idle_interval", value);
  }

  void CheckAgainstStaleAfter(std::optional<Duration> interval, std::string_view key,
                              const YamlValue& value) const {
    if (!interval || !poll_.stale_after || *interval <= *poll_.stale_after) return;
    value.Find(key)->Error(
        fmt::format("{} is longer than poll.stale_after, {}: raise or remove poll.stale_after",
                    FormatDuration(*interval), FormatDuration(*poll_.stale_after)));
  }

  static std::string TooShort(Duration duration, std::string_view other_name, Duration other) {
    return fmt::format("{} is shorter than {}, {}: it must be at least that",
                       FormatDuration(duration), other_name, FormatDuration(other));
  }

  const PollConfig& poll_;
  const std::optional<YamlValue> poll_value_;
};

void ResolvePaths(Config& config, std::string_view file) {
  for (AccountConfig& account : config.accounts) {
    account.tls.ca_file = ResolveAgainst(file, account.tls.ca_file);
    if (account.api_key.kind == ApiKeySource::Kind::kFile) {
      account.api_key.name = ResolveAgainst(file, account.api_key.name);
    }
  }
}

std::unexpected<std::vector<ConfigMessage>> FileError(std::string text) {
  return std::unexpected(std::vector<ConfigMessage>{{.text = std::move(text)}});
}

}  // namespace

std::expected<LoadedConfig, std::vector<ConfigMessage>> ParseConfig(std::string_view yaml,
                                                                    std::string_view file) {
  ConfigMessages messages;
  LoadedConfig loaded;
  const bool has_content = ReadDocument(yaml, messages, [&](const YamlNode& document) {
    const YamlValue root(document, "", messages);
    ReadKeys(ConfigKeys(), root, loaded.config);
    CheckAccounts(root, loaded.config);
    const IntervalCheck check(root, loaded.config);
  });
  if (!has_content) return FileError("is empty: it must at least list accounts");
  if (!messages.errors().empty()) return std::unexpected(std::move(messages.errors()));
  ResolvePaths(loaded.config, file);
  loaded.warnings = std::move(messages.warnings());
  return loaded;
}

std::expected<LoadedConfig, std::vector<ConfigMessage>> LoadConfigFile(const std::string& path) {
  const auto text = ReadConfigText(path);
  if (!text) return std::unexpected(std::vector{text.error()});
  return ParseConfig(*text, path);
}

}  // namespace telnyx_exporter
