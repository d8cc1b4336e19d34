#include "config/config_keys.h"

#include <limits>

#include "config/value_types.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxListed = 1000;

// What an account's keys must be together, as members of its JSON schema.
constexpr const char* kAccountSchema = R"("allOf": [
  {"not": {"required": ["api_key", "api_key_env"]}},
  {"not": {"required": ["api_key", "api_key_file"]}},
  {"not": {"required": ["api_key_env", "api_key_file"]}},
  {"not": {"required": ["proxy_url", "proxy_from_environment"], "properties": {"proxy_url": {"minLength": 1}, "proxy_from_environment": {"enum": [true, "true"]}}}},
  {
    "if": {
      "required": ["discovery"],
      "properties": {"discovery": {"required": ["enabled"], "properties": {"enabled": {"enum": [true, "true"]}}}}
    },
    "then": {},
    "else": {"required": ["connections"], "properties": {"connections": {"minItems": 1}}}
  }
])";

const KeyTable<PollConfig>& PollKeys() {
  using Poll = PollConfig;
  static const KeyTable<Poll> keys = {
      Row("interval", &Poll::interval, DurationType(1s, kLongestPollInterval),
          "How often each connection is polled."),
      Row("timeout", &Poll::timeout, DurationType(100ms, 10min),
          "Time limit of one poll: all its pages, waits and retries; one request may take half of "
          "it. A shorter interval caps it."),
      Row("stale_after", &Poll::stale_after, DurationType(1s, 7 * kLongestPollInterval),
          "How long the last complete values are kept after failures. When given, it must not be "
          "shorter than any interval or idle_interval.",
          {.default_words = "three intervals in force", .example = "2m"}),
      Row("idle_interval", &Poll::idle_interval, DurationType(1s, kLongestPollInterval),
          "How often a connection is polled that had no call in its last three complete polls. Not "
          "shorter than interval; equal to it: idle connections are polled like others.",
          {.default_words = "none: idle connections are polled like others", .example = "60s"}),
      Row("peak_window", &Poll::peak_window, DurationType(1s, 24h),
          "The period over which the peak of active calls is kept: the scrape interval or more."),
      Row("page_limit", &Poll::page_limit, IntegerType(1, 250), "Rows requested per page."),
      Row("max_pages", &Poll::max_pages, IntegerType(1, 1'000'000),
          "A poll that needs more pages fails."),
      Row("max_concurrent_requests", &Poll::max_concurrent_requests, IntegerType(1, 1024),
          "Maximum number of concurrent API requests, across all accounts."),
      Row("max_response_size", &Poll::max_response_size, SizeType(4ULL << 10U, 1ULL << 30U),
          "The largest page after decompression. A larger one fails the poll."),
  };
  return keys;
}

const KeyTable<RateLimitConfig>& RateLimitKeys() {
  static const KeyTable<RateLimitConfig> keys = {
      Row("requests_per_second", &RateLimitConfig::requests_per_second,
          NumberType(0, kHighestRequestRate), "Requests per second in the long run."),
      Row("burst", &RateLimitConfig::burst, IntegerType(1, 10'000),
          "Requests that may be sent at once."),
  };
  return keys;
}

const KeyTable<TlsConfig>& TlsKeys() {
  static const KeyTable<TlsConfig> keys = [] {
    KeyTable<TlsConfig> rows = {
        Row("ca_file", &TlsConfig::ca_file, TextType(kMaxTextBytes),
            "PEM file with the certificates of the authorities that may sign the API's "
            "certificate. Relative paths are relative to the configuration file's directory. "
            "Empty: the system's authorities.",
            {.example = "proxy-ca.pem"}),
        Row("server_name", &TlsConfig::server_name, HostType(),
            "The name that the API's certificate must have. Empty: the host of base_url.",
            {.example = "api.telnyx.com"}),
        Row("insecure_skip_verify", &TlsConfig::insecure_skip_verify,
            BoolType("the server's certificate is not checked: anyone on the network path can read "
                     "the API key"),
            "Accept any certificate. Anyone on the network path can read the API key then."),
    };
    auto& ca_file = rows[0].read;
    ca_file = [read = ca_file](const YamlValue& value, TlsConfig& tls) {
      read(value, tls);
      tls.ca_file_place = value.Place();
    };
    return rows;
  }();
  return keys;
}

const KeyTable<ConnectionConfig>& ConnectionKeys() {
  using Connection = ConnectionConfig;
  static const KeyTable<Connection> keys = {
      Row("id", &Connection::id, IdType(),
          "The connection's id in the Telnyx portal. A bare number keeps every digit.",
          {.example = "\"1293384261075731461\"", .required = true}),
      Row("name", &Connection::name, NameType(), "Value of the label connection_name.",
          {.default_words = "the id, or the name that discovery finds", .example = "support"}),
      Row("labels", &Connection::labels, LabelsType(),
          "Labels on all series of the connection. The exporter's own label names are refused.",
          {.default_words = "none", .example = "{team: voice}"}),
      Row("interval", &Connection::interval, DurationType(1s, kLongestPollInterval),
          "How often it is polled.", {.default_words = "poll.interval", .example = "5s"}),
      Row("idle_interval", &Connection::idle_interval, DurationType(1s, kLongestPollInterval),
          "How often it is polled while it has no calls, see poll.idle_interval.",
          {.default_words = "poll.idle_interval", .example = "60s"}),
      Row("channel_limit", &Connection::channel_limit, IntegerType(1, 1'000'000),
          "How many calls it may have at once, for alerts.",
          {.default_words = "none", .example = "100"}),
  };
  return keys;
}

const KeyTable<DiscoveryFilter>& FilterKeys() {
  using Filter = DiscoveryFilter;
  static const KeyTable<Filter> keys = {
      Row("name", &Filter::name, PatternType(),
          "The whole name, as a regular expression in RE2's syntax. Empty: any.",
          {.default_words = "any", .example = "\"prod-.*\""}),
      Row("record_type", &Filter::record_type, ListType(NameType(), 0, kMaxListed),
          "Any of these kinds of connection.",
          {.default_words = "any", .example = "[call_control_application, texml_application]"}),
      Row("tag", &Filter::tag, ListType(NameType(), 0, kMaxListed), "Any of these tags.",
          {.default_words = "any", .example = "[production]"}),
  };
  return keys;
}

const KeyTable<DiscoveryConfig>& DiscoveryKeys() {
  using Discovery = DiscoveryConfig;
  static const KeyTable<Discovery> keys = {
      Row("enabled", &Discovery::enabled, BoolType(), "Find the account's connections."),
      Row("refresh_interval", &Discovery::refresh_interval, DurationType(10s, kLongestPollInterval),
          "How often the account's lists are read."),
      Row("max_connections", &Discovery::max_connections, IntegerType(1, 1'000'000),
          "If more connections pass the filters, of all shards together, the refresh fails and the "
          "known ones stay."),
      Row("include", &Discovery::include, MappingType(&FilterKeys),
          "Only connections that match every key given here."),
      Row("exclude", &Discovery::exclude, MappingType(&FilterKeys),
          "No connection that matches any key given here."),
      Row("channel_limits", &Discovery::channel_limits, BoolType(),
          "Read channel limits and outbound voice profiles too."),
  };
  return keys;
}

const KeyTable<AccountConfig>& AccountKeys() {
  using Account = AccountConfig;
  using Kind = ApiKeySource::Kind;
  static const KeyTable<Account> keys = {
      Row("name", &Account::name, NameType(),
          "Value of the label account. Different for every account."),
      Row("api_key_file", &Account::api_key, KeySourceType(Kind::kFile),
          "File with the API key. It is read again when it changes. It must not be world-writable. "
          "Relative paths are relative to the configuration file's directory.",
          {.default_words = "none", .example = "/run/secrets/telnyx_api_key"}),
      Row("api_key_env", &Account::api_key, KeySourceType(Kind::kEnvironment),
          "Environment variable with the API key."),
      Row("api_key", &Account::api_key, KeySourceType(Kind::kInline),
          "The API key itself, readable by everyone who can read this file: prefer api_key_file or "
          "api_key_env.",
          {.default_words = "none"}),
      Row("base_url", &Account::base_url, BaseUrlType(),
          "The API's address, without user, query and fragment."),
      Row("rate_limit", &Account::rate_limit, MappingType(&RateLimitKeys),
          "How many requests are sent to the API at most. Shards divide it; replicas share it."),
      Row("tls", &Account::tls, MappingType(&TlsKeys), "How the API's certificate is checked."),
      Row("proxy_url", &Account::proxy_url, ProxyUrlType(), "Proxy for all requests. Empty: none.",
          {.example = "http://proxy.example:3128"}),
      Row("proxy_from_environment", &Account::proxy_from_environment, BoolType(),
          "Take the proxy from HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as Prometheus does. Not "
          "together with proxy_url."),
      Row("connections", &Account::connections,
          MappingListType<ConnectionConfig>(&ConnectionKeys, ""),
          "The connections to poll. Discovered connections are polled as well.",
          {.default_words = "none; required unless discovery is enabled"}),
      Row("discovery", &Account::discovery, MappingType(&DiscoveryKeys),
          "Finds the account's connections and keeps finding them. Settings under connections "
          "override discovered ones."),
  };
  return keys;
}

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

const KeyTable<Config>& ConfigKeys() {
  static const KeyTable<Config> keys = {
      Row("poll", &Config::poll, MappingType(&PollKeys), "How connections are polled."),
      Row("duration_buckets", &Config::duration_buckets,
          ListType(NumberType(0, std::numeric_limits<double>::max()), 1, 64, true),
          "Upper bounds of the duration histograms' buckets, in seconds."),
      Row("long_call_thresholds", &Config::long_call_thresholds,
          ListType(DurationType(1s, 30 * 24h, true), 1, 10, true),
          "telnyx_active_calls_longer_than counts the calls that have lasted longer than each."),
      Row("accounts", &Config::accounts,
          MappingListType<AccountConfig>(&AccountKeys, "is empty: at least one account is needed",
                                         kAccountSchema),
          "The accounts whose connections are polled.", {.required = true}),
  };
  return keys;
}

std::string FormatConfig(const Config& config) {
  YAML::Emitter out;
  WriteKeys(ConfigKeys(), out, WithDefaults(config));
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace telnyx_exporter
