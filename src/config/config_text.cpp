#include "config/config_text.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/units.h"

namespace telnyx_exporter {
namespace {

// Writes mappings key by key. Texts always stand in quotes, so that none is read back as something
// else.
class ConfigWriter {
 public:
  std::string Write(const Config& config) {
    out_ << YAML::BeginMap;
    Key("poll");
    WritePoll(config.poll);
    Key("duration_buckets");
    out_ << YAML::Flow << YAML::BeginSeq;
    for (const double bound : config.duration_buckets) Plain(fmt::format("{}", bound));
    out_ << YAML::EndSeq;
    Key("accounts");
    out_ << YAML::BeginSeq;
    for (const AccountConfig& account : config.accounts) WriteAccount(account, config.poll);
    out_ << YAML::EndSeq << YAML::EndMap;
    return std::string(out_.c_str(), out_.size()) + "\n";
  }

 private:
  void Key(std::string_view name) { out_ << YAML::Key << std::string(name) << YAML::Value; }
  void Plain(const std::string& scalar) { out_ << scalar; }
  void Text(std::string_view text) { out_ << YAML::DoubleQuoted << std::string(text); }

  void PlainEntry(std::string_view key, const std::string& scalar) {
    Key(key);
    Plain(scalar);
  }
  void NumberEntry(std::string_view key, auto number) {
    PlainEntry(key, fmt::format("{}", number));
  }
  void TextEntry(std::string_view key, std::string_view text) {
    Key(key);
    Text(text);
  }
  void TextsEntry(std::string_view key, const std::vector<std::string>& texts) {
    Key(key);
    out_ << YAML::Flow << YAML::BeginSeq;
    for (const std::string& text : texts) Text(text);
    out_ << YAML::EndSeq;
  }
  void BoolEntry(std::string_view key, bool value) { PlainEntry(key, value ? "true" : "false"); }
  void DurationEntry(std::string_view key, Duration duration) {
    PlainEntry(key, FormatDuration(duration));
  }

  void WritePoll(const PollConfig& poll) {
    out_ << YAML::BeginMap;
    DurationEntry("interval", poll.interval);
    DurationEntry("timeout", poll.timeout);
    DurationEntry("stale_after", poll.stale_after);
    DurationEntry("peak_window", poll.peak_window);
    NumberEntry("page_limit", poll.page_limit);
    NumberEntry("max_pages", poll.max_pages);
    NumberEntry("max_concurrent_requests", poll.max_concurrent_requests);
    PlainEntry("max_response_size", FormatSize(poll.max_response_size));
    out_ << YAML::EndMap;
  }

  void WriteAccount(const AccountConfig& account, const PollConfig& poll) {
    out_ << YAML::BeginMap;
    TextEntry("name", account.name);
    WriteApiKey(account.api_key);
    TextEntry("base_url", account.base_url);
    Key("rate_limit");
    out_ << YAML::BeginMap;
    NumberEntry("requests_per_second", account.rate_limit.requests_per_second);
    NumberEntry("burst", account.rate_limit.burst);
    out_ << YAML::EndMap;
    Key("tls");
    out_ << YAML::BeginMap;
    TextEntry("ca_file", account.tls.ca_file);
    TextEntry("server_name", account.tls.server_name);
    BoolEntry("insecure_skip_verify", account.tls.insecure_skip_verify);
    out_ << YAML::EndMap;
    TextEntry("proxy_url", WithoutCredentials(account.proxy_url));
    if (!account.connections.empty()) {
      Key("connections");
      out_ << YAML::BeginSeq;
      for (const auto& connection : account.connections) WriteConnection(connection, account, poll);
      out_ << YAML::EndSeq;
    }
    WriteDiscovery(account.discovery);
    out_ << YAML::EndMap;
  }

  void WriteApiKey(const ApiKeySource& source) {
    switch (source.kind) {
      case ApiKeySource::Kind::kFile:
        return TextEntry("api_key_file", source.name);
      case ApiKeySource::Kind::kEnvironment:
        return TextEntry("api_key_env", source.name);
      case ApiKeySource::Kind::kInline:
        return TextEntry("api_key", kSecretPlaceholder);
    }
  }

  // IsProxyAddress has seen to it that an @ ends the credentials and that a scheme comes first.
  static std::string WithoutCredentials(const Secret& proxy_url) {
    const std::string_view url = proxy_url.reveal();
    const std::size_t at = url.rfind('@');
    if (at == std::string_view::npos) return std::string(url);
    const std::size_t scheme_end = url.find("://") + 3;
    return fmt::format("{}{}{}", url.substr(0, scheme_end), kSecretPlaceholder, url.substr(at));
  }

  void WriteConnection(const ConnectionConfig& connection, const AccountConfig& account,
                       const PollConfig& poll) {
    out_ << YAML::BeginMap;
    TextEntry("id", connection.id);
    if (!connection.name.empty()) {
      TextEntry("name", connection.name);
    } else if (!account.discovery.enabled) {
      // Else the name is the one that discovery finds, if it finds one.
      TextEntry("name", connection.id);
    }
    if (!connection.labels.empty()) {
      Key("labels");
      out_ << YAML::BeginMap;
      for (const auto& [name, value] : connection.labels) {
        out_ << YAML::Key << YAML::DoubleQuoted << name << YAML::Value;
        Text(value);
      }
      out_ << YAML::EndMap;
    }
    DurationEntry("interval", connection.interval.value_or(poll.interval));
    if (connection.channel_limit) NumberEntry("channel_limit", *connection.channel_limit);
    out_ << YAML::EndMap;
  }

  void WriteDiscovery(const DiscoveryConfig& discovery) {
    Key("discovery");
    out_ << YAML::BeginMap;
    BoolEntry("enabled", discovery.enabled);
    DurationEntry("refresh_interval", discovery.refresh_interval);
    WriteFilter("include", discovery.include);
    WriteFilter("exclude", discovery.exclude);
    BoolEntry("channel_limits", discovery.channel_limits);
    out_ << YAML::EndMap;
  }

  void WriteFilter(std::string_view key, const DiscoveryFilter& filter) {
    Key(key);
    out_ << YAML::BeginMap;
    TextEntry("name", filter.name);
    TextsEntry("record_type", filter.record_type);
    TextsEntry("tag", filter.tag);
    out_ << YAML::EndMap;
  }

  YAML::Emitter out_;
};

}  // namespace

std::string FormatConfig(const Config& config) { return ConfigWriter().Write(config); }

}  // namespace telnyx_exporter
