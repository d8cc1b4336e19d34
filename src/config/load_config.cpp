#include "config/load_config.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/name_pattern.h"
#include "base/text.h"
#include "base/units.h"
#include "config/address.h"
#include "config/yaml_reader.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::size_t kMaxLabels = 16;
constexpr std::size_t kMaxLabelValueBytes = 256;
constexpr std::size_t kMaxBuckets = 64;
constexpr Duration kLongestInterval = 24h;

// Labels of the exporter's own, and those that Prometheus gives a meaning to.
constexpr std::string_view kReservedLabels[] = {"account",
                                                "connection_id",
                                                "connection_name",
                                                "direction",
                                                "reason",
                                                "record_type",
                                                "source",
                                                "le",
                                                "quantile",
                                                "code",
                                                "profile_id",
                                                "profile_name",
                                                "outbound_voice_profile_id",
                                                "outbound_voice_profile_name"};

template <typename T>
void Assign(T& target, std::optional<T> value) {
  if (value) target = std::move(*value);
}

class ConfigReader {
 public:
  explicit ConfigReader(ConfigMessages& messages) : messages_(messages) {}

  Config Read(const YAML::Node& document) {
    Config config;
    const YamlValue root(document, "", messages_);
    bool has_accounts = false;
    ReadMapping(root, {
                          {"poll", [&](const YamlValue& v) { ReadPoll(v, config.poll); }},
                          {"duration_buckets",
                           [&](const YamlValue& v) { ReadBuckets(v, config.duration_buckets); }},
                          {"accounts",
                           [&](const YamlValue& v) {
                             has_accounts = true;
                             ReadAccounts(v, config.accounts);
                           }},
                      });
    if (!has_accounts && document.IsMap()) {
      root.Error("accounts is missing: it lists the accounts whose connections are polled");
    }
    CheckIntervals(config);
    return config;
  }

 private:
  void ReadPoll(const YamlValue& value, PollConfig& poll) {
    ReadMapping(
        value,
        {
            {"interval",
             [&](const YamlValue& v) {
               Assign(poll.interval, v.DurationBetween(1s, kLongestInterval));
             }},
            {"timeout",
             [&](const YamlValue& v) { Assign(poll.timeout, v.DurationBetween(100ms, 10min)); }},
            {"stale_after",
             [&](const YamlValue& v) {
               stale_after_.emplace(v);
               Assign(poll.stale_after, v.DurationBetween(1s, 7 * kLongestInterval));
             }},
            {"peak_window",
             [&](const YamlValue& v) { Assign(poll.peak_window, v.DurationBetween(1s, 24h)); }},
            {"page_limit", [&](const YamlValue& v) { Assign(poll.page_limit, v.Integer(1, 250)); }},
            {"max_pages",
             [&](const YamlValue& v) { Assign(poll.max_pages, v.Integer(1, 1'000'000)); }},
            {"max_concurrent_requests",
             [&](const YamlValue& v) { Assign(poll.max_concurrent_requests, v.Integer(1, 1024)); }},
            {"max_response_size",
             [&](const YamlValue& v) {
               Assign(poll.max_response_size, v.SizeBetween(4ULL << 10U, 1ULL << 30U));
             }},
        });
  }

  void ReadBuckets(const YamlValue& value, std::vector<double>& buckets) {
    const auto elements = value.List();
    if (!elements) return;
    if (elements->empty() || elements->size() > kMaxBuckets) {
      value.Error(fmt::format("has {} bounds: 1 to {} are allowed", elements->size(), kMaxBuckets));
      return;
    }
    std::vector<double> bounds;
    for (const YamlValue& element : *elements) {
      const auto bound = element.Number(0, std::numeric_limits<double>::max());
      if (!bound) return;
      if (!bounds.empty() && *bound <= bounds.back()) {
        element.Error(
            fmt::format("{} is not above the bound before it, {}", *bound, bounds.back()));
        return;
      }
      bounds.push_back(*bound);
    }
    buckets = std::move(bounds);
  }

  void ReadAccounts(const YamlValue& value, std::vector<AccountConfig>& accounts) {
    const auto elements = value.List();
    if (!elements) return;
    if (elements->empty()) value.Error("is empty: at least one account is needed");
    std::set<std::string> names;
    for (const YamlValue& element : *elements) {
      AccountConfig& account = accounts.emplace_back();
      ReadAccount(element, account);
      if (!names.insert(account.name).second) {
        element.Error(fmt::format("another account has the name \"{}\" already", account.name));
      }
    }
  }

  void ReadAccount(const YamlValue& value, AccountConfig& account) {
    std::optional<YamlValue> key_seen;
    std::optional<YamlValue> connections;
    const auto read_key = [&](ApiKeySource::Kind kind) {
      return [&, kind](const YamlValue& v) {
        if (key_seen) {
          v.Error("only one of api_key_file, api_key_env and api_key is allowed");
          return;
        }
        key_seen.emplace(v);
        ReadApiKey(v, kind, account.api_key);
      };
    };
    ReadMapping(
        value,
        {
            {"name", [&](const YamlValue& v) { ReadName(v, account.name); }},
            {"api_key_file", read_key(ApiKeySource::Kind::kFile)},
            {"api_key_env", read_key(ApiKeySource::Kind::kEnvironment)},
            {"api_key", read_key(ApiKeySource::Kind::kInline)},
            {"base_url", [&](const YamlValue& v) { ReadBaseUrl(v, account.base_url); }},
            {"rate_limit", [&](const YamlValue& v) { ReadRateLimit(v, account.rate_limit); }},
            {"tls", [&](const YamlValue& v) { ReadTls(v, account.tls); }},
            {"proxy_url", [&](const YamlValue& v) { ReadProxyUrl(v, account.proxy_url); }},
            {"connections",
             [&](const YamlValue& v) {
               connections.emplace(v);
               ReadConnections(v, account.connections);
             }},
            {"discovery", [&](const YamlValue& v) { ReadDiscovery(v, account.discovery); }},
        });
    if (account.discovery.enabled) return;
    if (connections && connections->IsEmptyList()) {
      connections->Error(
          "is empty: at least one connection is needed, unless discovery is enabled");
    } else if (!connections) {
      value.Error(
          "connections is missing: it lists the connections that are polled, unless discovery is "
          "enabled");
    }
  }

  void ReadName(const YamlValue& value, std::string& name) {
    const auto text = value.Text(kMaxNameBytes);
    if (!text) return;
    if (text->empty()) return value.Error("is empty");
    name = *text;
  }

  void ReadApiKey(const YamlValue& value, ApiKeySource::Kind kind, ApiKeySource& source) {
    // The value may be the key itself: nothing of it may be in a message.
    const auto text = value.Scalar("a text");
    if (!text) return;
    if (text->empty()) return value.Error("is empty");
    source.kind = kind;
    if (kind == ApiKeySource::Kind::kInline) {
      source.name.clear();
      source.inline_key = Secret(*text);
      value.Warn(
          "the key stands in the configuration, for all who can read it: use api_key_file or "
          "api_key_env");
      return;
    }
    source.name = *text;
    const auto valid = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    if (kind == ApiKeySource::Kind::kEnvironment &&
        (!std::ranges::all_of(*text, valid) ||
         std::isdigit(static_cast<unsigned char>(text->front())) != 0)) {
      value.Error("is not the name of an environment variable: it has letters, digits and _ only");
    }
  }

  void ReadBaseUrl(const YamlValue& value, std::string& base_url) {
    const auto text = value.Text(kMaxTextBytes);
    if (!text) return;
    const auto address = ParseHttpAddress(*text);
    if (!address) return value.Error(address.error().message);
    base_url = address->url;
    if (!address->encrypted && !address->loopback) {
      value.Warn("http:// sends the API key over the network unencrypted: use https://");
    }
  }

  void ReadRateLimit(const YamlValue& value, RateLimitConfig& limit) {
    ReadMapping(
        value,
        {
            {"requests_per_second",
             [&](const YamlValue& v) { Assign(limit.requests_per_second, v.Number(0, 1000)); }},
            {"burst", [&](const YamlValue& v) { Assign(limit.burst, v.Integer(1, 10'000)); }},
        });
  }

  void ReadTls(const YamlValue& value, TlsConfig& tls) {
    ReadMapping(
        value,
        {
            {"ca_file", [&](const YamlValue& v) { Assign(tls.ca_file, v.Text(kMaxTextBytes)); }},
            {"server_name", [&](const YamlValue& v) { Assign(tls.server_name, v.Text(253)); }},
            {"insecure_skip_verify",
             [&](const YamlValue& v) {
               Assign(tls.insecure_skip_verify, v.Bool());
               if (tls.insecure_skip_verify) {
                 v.Warn(
                     "the server's certificate is not checked: anybody on the way can read the "
                     "key");
               }
             }},
        });
  }

  void ReadProxyUrl(const YamlValue& value, Secret& proxy_url) {
    // It may hold a password: nothing of it may be in a message.
    const auto text = value.Scalar("a text");
    if (!text || text->empty()) return;
    if (!IsProxyAddress(*text)) {
      return value.Error(
          "is not a proxy's address: write http://HOST:PORT, https://, socks5:// or socks5h://");
    }
    proxy_url = Secret(*text);
  }

  void ReadConnections(const YamlValue& value, std::vector<ConnectionConfig>& connections) {
    const auto elements = value.List();
    if (!elements) return;
    std::set<std::string> ids;
    for (const YamlValue& element : *elements) {
      ConnectionConfig connection;
      if (!ReadConnection(element, connection)) continue;
      if (!ids.insert(connection.id).second) {
        element.Error(fmt::format("another connection of the account has the id \"{}\" already",
                                  connection.id));
      }
      connections.push_back(std::move(connection));
    }
  }

  bool ReadConnection(const YamlValue& value, ConnectionConfig& connection) {
    bool has_id = false;
    ReadMapping(
        value,
        {
            // As it is written, so that a bare number keeps every digit.
            {"id",
             [&](const YamlValue& v) {
               has_id = true;
               ReadName(v, connection.id);
             }},
            {"name", [&](const YamlValue& v) { ReadName(v, connection.name); }},
            {"labels", [&](const YamlValue& v) { ReadLabels(v, connection.labels); }},
            {"interval",
             [&](const YamlValue& v) {
               connection.interval = v.DurationBetween(1s, kLongestInterval);
               if (connection.interval) intervals_.emplace_back(v, *connection.interval);
             }},
            {"channel_limit",
             [&](const YamlValue& v) { connection.channel_limit = v.Integer(1, 1'000'000); }},
        });
    if (!has_id) value.Error("id is missing");
    return !connection.id.empty();
  }

  void ReadLabels(const YamlValue& value, std::vector<Label>& labels) {
    const auto entries = value.Entries();
    if (!entries) return;
    if (entries->size() > kMaxLabels) {
      value.Error(
          fmt::format("has {} labels: at most {} are allowed", entries->size(), kMaxLabels));
    }
    for (const auto& [name, entry] : *entries) {
      if (!CheckLabelName(name, entry)) continue;
      if (auto text = entry.Text(kMaxLabelValueBytes)) labels.emplace_back(name, std::move(*text));
    }
    std::ranges::sort(labels);
  }

  static bool CheckLabelName(const std::string& name, const YamlValue& value) {
    const auto valid = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    if (name.empty() || name.starts_with("__") || !std::ranges::all_of(name, valid) ||
        std::isdigit(static_cast<unsigned char>(name.front())) != 0) {
      value.KeyError(
          "is not a label's name: it has letters, digits and _ only, begins with no digit "
          "and not with __");
      return false;
    }
    if (std::ranges::find(kReservedLabels, name) != std::end(kReservedLabels)) {
      value.KeyError("is a label of the exporter's own: choose another name");
      return false;
    }
    return true;
  }

  void ReadDiscovery(const YamlValue& value, DiscoveryConfig& discovery) {
    ReadMapping(value,
                {
                    {"enabled", [&](const YamlValue& v) { Assign(discovery.enabled, v.Bool()); }},
                    {"refresh_interval",
                     [&](const YamlValue& v) {
                       Assign(discovery.refresh_interval, v.DurationBetween(10s, kLongestInterval));
                     }},
                    {"include", [&](const YamlValue& v) { ReadFilter(v, discovery.include); }},
                    {"exclude", [&](const YamlValue& v) { ReadFilter(v, discovery.exclude); }},
                    {"channel_limits",
                     [&](const YamlValue& v) { Assign(discovery.channel_limits, v.Bool()); }},
                });
  }

  void ReadFilter(const YamlValue& value, DiscoveryFilter& filter) {
    ReadMapping(value,
                {
                    {"name", [&](const YamlValue& v) { ReadPattern(v, filter.name); }},
                    {"record_type", [&](const YamlValue& v) { ReadTexts(v, filter.record_type); }},
                    {"tag", [&](const YamlValue& v) { ReadTexts(v, filter.tag); }},
                });
  }

  static void ReadPattern(const YamlValue& value, std::string& expression) {
    const auto text = value.Text(kMaxTextBytes);
    if (!text) return;
    if (const auto pattern = NamePattern::Compile(*text); !pattern) {
      value.Error(
          fmt::format("is not a regular expression in RE2's syntax: {}", pattern.error().message));
    }
    expression = *text;
  }

  static void ReadTexts(const YamlValue& value, std::vector<std::string>& texts) {
    const auto elements = value.List();
    if (!elements) return;
    for (const YamlValue& element : *elements) {
      if (auto text = element.Text(kMaxNameBytes)) texts.push_back(std::move(*text));
    }
  }

  // Values that vanish before the next poll can renew them would come and go all the time.
  void CheckIntervals(const Config& config) {
    const Duration stale_after = config.poll.stale_after;
    if (stale_after < config.poll.interval) {
      const auto text =
          fmt::format("stale_after, {}, is shorter than interval, {}", FormatDuration(stale_after),
                      FormatDuration(config.poll.interval));
      if (stale_after_) {
        stale_after_->Error(text);
      } else {
        messages_.Error(YAML::Mark::null_mark(), "poll", text);
      }
    }
    for (const auto& [value, interval] : intervals_) {
      if (interval > stale_after) {
        value.Error(fmt::format("{} is longer than poll.stale_after, {}", FormatDuration(interval),
                                FormatDuration(stale_after)));
      }
    }
  }

  ConfigMessages& messages_;
  std::optional<YamlValue> stale_after_;
  std::vector<std::pair<YamlValue, Duration>> intervals_;
};

std::unexpected<std::vector<ConfigMessage>> FileError(std::string text) {
  return std::unexpected(std::vector<ConfigMessage>{{.text = std::move(text)}});
}

}  // namespace

std::string FormatConfigMessage(std::string_view file, const ConfigMessage& message) {
  std::string line(file);
  if (message.line > 0) line += fmt::format(":{}:{}", message.line, message.column);
  if (!message.path.empty()) line += fmt::format(": {}", message.path);
  return line + ": " + message.text;
}

std::expected<LoadedConfig, std::vector<ConfigMessage>> ParseConfig(std::string_view yaml) {
  ConfigMessages messages;
  LoadedConfig loaded;
  const bool has_content = ReadDocument(yaml, messages, [&](const YAML::Node& document) {
    loaded.config = ConfigReader(messages).Read(document);
  });
  if (!has_content) return FileError("the file is empty: it must at least list accounts");
  if (!messages.errors().empty()) return std::unexpected(std::move(messages.errors()));
  loaded.warnings = std::move(messages.warnings());
  return loaded;
}

std::expected<LoadedConfig, std::vector<ConfigMessage>> LoadConfigFile(const std::string& path) {
  const auto text = ReadConfigText(path);
  if (!text) return FileError(text.error().text);
  return ParseConfig(*text);
}

}  // namespace telnyx_exporter
