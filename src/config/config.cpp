#include "config/config.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "config/config_keys.h"
#include "config/yaml_reader.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxKeyBytes = 4096;

// Byte order marks of UTF-8 and UTF-16.
constexpr std::array<std::string_view, 3> kByteOrderMarks = {"\xef\xbb\xbf", "\xff\xfe",
                                                             "\xfe\xff"};

// Plain ones, then the typographic ones.
constexpr std::array<std::string_view, 13> kQuotes = {
    "\"",     "'",      "`",      "\u2018", "\u2019", "\u201a", "\u201b",
    "\u201c", "\u201d", "\u201e", "\u201f", "\u00ab", "\u00bb"};

bool ContainsAny(std::string_view text, const auto& pieces) {
  return std::ranges::any_of(pieces, [&](std::string_view piece) { return text.contains(piece); });
}

// By ApiKeySource::Kind.
constexpr std::array<std::string_view, 3> kKeySourceWords = {"api_key_file",
                                                             "the environment variable", "api_key"};

// Whether the account needs no connections of its own. A value that cannot be read is an error
// already and may have been meant so.
bool MayDiscover(const YamlValue& account_value, const AccountConfig& account) {
  if (account.discovery.enabled) return true;
  const auto discovery = account_value.Find("discovery");
  if (!discovery) return false;
  if (!discovery->IsMapping()) return true;
  const auto enabled = discovery->Find("enabled");
  return enabled && !enabled->Is("false");
}

// The value under a key of the mapping could not be read, so that a default is in its place.
bool IsWrong(const YamlValue& mapping, std::string_view key) {
  const auto value = mapping.Find(key);
  return value && value->IsWrong();
}

void CheckConnections(const YamlValue& account_value, const AccountConfig& account) {
  const auto connections = account_value.Find("connections");
  const bool may_discover = MayDiscover(account_value, account);
  if (!connections && !may_discover && account_value.IsMapping()) {
    account_value.Error(
        "connections is missing: list the connections to poll, or enable discovery");
  }
  if (!connections) return;
  if (connections->IsEmptyList() && !may_discover) {
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
    const bool has_name = !IsWrong(value, "name");
    if (has_name && !names.insert(account.name).second) {
      value.Error(fmt::format("another account has the name \"{}\" already", account.name));
    }
    if (account.proxy_from_environment && !account.proxy_url.empty()) {
      value.Find("proxy_from_environment")
          ->Error("cannot be combined with proxy_url: remove one of the two");
    }
    CheckConnections(value, account);
  }
}

// Notes that the duration under a key of the mapping is shorter than another one.
void RequireAtLeast(const YamlValue& mapping, std::string_view key,
                    const std::optional<Duration>& duration, std::string_view other_name,
                    const std::optional<Duration>& other) {
  if (!duration || !other || *duration >= *other) return;
  mapping.Find(key)->Error(fmt::format("{} is shorter than {}, {}: it must be at least that",
                                       FormatDuration(*duration), other_name,
                                       FormatDuration(*other)));
}

void CheckConnectionIntervals(const YamlValue& value, const ConnectionConfig& connection,
                              const PollConfig& poll, bool knows_poll_interval) {
  const auto check_stale_after = [&](std::string_view key, std::optional<Duration> interval) {
    if (!interval || !poll.stale_after || *interval <= *poll.stale_after) return;
    value.Find(key)->Error(
        fmt::format("{} is longer than poll.stale_after, {}: raise or remove poll.stale_after",
                    FormatDuration(*interval), FormatDuration(*poll.stale_after)));
  };
  check_stale_after("interval", connection.interval);
  if (connection.interval) {
    RequireAtLeast(value, "idle_interval", connection.idle_interval, "its interval",
                   connection.interval);
  } else if (knows_poll_interval && !IsWrong(value, "interval")) {
    RequireAtLeast(value, "idle_interval", connection.idle_interval, "poll.interval",
                   poll.interval);
  }
  check_stale_after("idle_interval", connection.idle_interval);
}

// Values that expire before the next poll can renew them would come and go all the time; an idle
// connection is not polled more often than a busy one.
void CheckIntervals(const YamlValue& root, const Config& config) {
  const PollConfig& poll = config.poll;
  const auto value = root.Find("poll");
  const bool knows_interval = !value || !IsWrong(*value, "interval");
  if (value) {
    const auto interval = knows_interval ? std::optional(poll.interval) : std::nullopt;
    RequireAtLeast(*value, "stale_after", poll.stale_after, "poll.interval", interval);
    RequireAtLeast(*value, "idle_interval", poll.idle_interval, "poll.interval", interval);
    RequireAtLeast(*value, "stale_after", poll.stale_after, "poll.idle_interval",
                   poll.idle_interval);
  }
  const auto accounts = root.Find("accounts");
  for (std::size_t i = 0; i < config.accounts.size(); ++i) {
    const auto connections = accounts->Element(i)->Find("connections");
    for (std::size_t j = 0; j < config.accounts[i].connections.size(); ++j) {
      CheckConnectionIntervals(*connections->Element(j), config.accounts[i].connections[j], poll,
                               knows_interval);
    }
  }
}

void ResolvePaths(Config& config, std::string_view file) {
  for (AccountConfig& account : config.accounts) {
    account.tls.ca_file = ResolveAgainst(file, account.tls.ca_file);
    if (account.api_key.kind == ApiKeySource::Kind::kFile) {
      account.api_key.name = ResolveAgainst(file, account.api_key.name);
    }
  }
}

// In the file itself: a key, or a proxy's password.
bool HoldsSecret(const AccountConfig& account) {
  return account.api_key.kind == ApiKeySource::Kind::kInline ||
         account.proxy_url.reveal().contains('@');
}

std::unexpected<std::vector<ConfigMessage>> FileError(std::string text) {
  return std::unexpected(std::vector<ConfigMessage>{{.text = std::move(text)}});
}

}  // namespace

void SetKeyName(ApiKeySource& source, std::string_view written) {
  source.name = written;
  const bool shown = written.contains('/') || written == ApiKeySource().name;
  source.shown_name = shown ? written : "";
}

std::string DescribeKeySource(const ApiKeySource& source) {
  const std::string_view words = kKeySourceWords[static_cast<std::size_t>(source.kind)];
  if (!source.shown_name.empty()) return fmt::format("{} {}", words, source.shown_name);
  const bool is_variable = source.kind == ApiKeySource::Kind::kEnvironment;
  const std::string_view named = is_variable ? " that api_key_env names" : "";
  if (source.place.line == 0) return fmt::format("{}{}", words, named);
  return fmt::format("{}{} (line {}, column {})", words, named, source.place.line,
                     source.place.column);
}

std::string FindApiKeyFault(std::string_view text) {
  const std::string_view key = TrimWhitespace(text);
  if (key.empty()) return "is empty: it must hold the API key";
  if (ContainsAny(key, kByteOrderMarks)) {
    return "contains a byte order mark: save the key as plain text without one";
  }
  if (ContainsAny(key, kQuotes)) {
    return "contains a quotation mark: write the API key without quotes";
  }
  if (key.size() > kMaxKeyBytes) {
    return fmt::format("holds more than {} bytes: it must hold the API key alone", kMaxKeyBytes);
  }
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (!std::ranges::all_of(key, is_ascii)) {
    return "contains a character that is not ASCII: copy the API key again";
  }
  const auto is_visible = [](char c) { return c > ' ' && c < 0x7f; };
  if (!std::ranges::all_of(key, is_visible)) {
    return "contains a blank or a control character inside the key: it must hold the API key "
           "alone, "
           "on one line";
  }
  return {};
}

std::expected<LoadedConfig, std::vector<ConfigMessage>> ParseConfig(std::string_view yaml,
                                                                    std::string_view file) {
  ConfigMessages messages;
  LoadedConfig loaded;
  const bool has_content = ReadDocument(yaml, messages, [&](const YamlNode& document) {
    const YamlValue root(document, "", messages);
    ReadKeys(ConfigKeys(), root, loaded.config);
    CheckAccounts(root, loaded.config);
    CheckIntervals(root, loaded.config);
  });
  if (!has_content) return FileError("is empty: it must at least list accounts");
  if (!messages.errors().empty()) return std::unexpected(std::move(messages.errors()));
  ResolvePaths(loaded.config, file);
  loaded.warnings = std::move(messages.warnings());
  return loaded;
}

std::expected<LoadedConfig, std::vector<ConfigMessage>> LoadConfigFile(const std::string& path) {
  auto file = ReadFile(path, kMaxConfigFileBytes);
  if (!file) return FileError(std::move(file.error().message));
  auto loaded = ParseConfig(file->text, path);
  if (!loaded) return loaded;
  const bool secret = std::ranges::any_of(loaded->config.accounts, HoldsSecret);
  PermissionFaults faults = CheckPermissions(file->status, secret);
  // A warning even where everyone may write it: some file systems of desktops show no other modes.
  std::string& fault = faults.error.empty() ? faults.warning : faults.error;
  if (!fault.empty()) loaded->warnings.insert(loaded->warnings.begin(), {.text = std::move(fault)});
  return loaded;
}

}  // namespace telnyx_exporter
