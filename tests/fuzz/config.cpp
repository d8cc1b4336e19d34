// A configuration file; and its first line as the value of the settings that are secret.

#include "config/config.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "config/config_keys.h"
#include "fuzz/config_messages.h"
#include "fuzz/input.h"

namespace telnyx_exporter {
namespace {

bool IsIdCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '_';
}

void CheckAccount(const AccountConfig& account, const PollConfig& poll) {
  Require(IsShowable(account.name, 128) && !account.name.empty(), "an account has a name");
  Require(account.base_url.starts_with("http") && !account.base_url.ends_with('/'),
          "base_url is an address");
  std::set<std::string_view> ids;
  for (const ConnectionConfig& connection : account.connections) {
    Require(ids.insert(connection.id).second, "ids are unique in an account");
    Require(IsShowable(connection.id, 128) && !connection.id.empty(), "a connection has an id");
    Require(IsShowable(connection.name, 128), "a connection's name can be shown");
    Require(connection.labels.size() <= 16, "labels are bounded");
    Require(std::ranges::is_sorted(connection.labels), "labels are sorted");
    const Duration interval = connection.interval.value_or(poll.interval);
    Require(!poll.stale_after || interval <= *poll.stale_after,
            "values do not expire between two polls");
    if (connection.idle_interval) {
      Require(*connection.idle_interval >= interval, "idle connections are not polled more often");
      Require(!poll.stale_after || *connection.idle_interval <= *poll.stale_after,
              "values do not expire between two polls of an idle connection");
    }
    Require(std::ranges::all_of(connection.id, IsIdCharacter), "an id can be part of a path");
    for (const auto& [name, value] : connection.labels) {
      Require(IsShowable(name, 60'000) && IsShowable(value, 256), "labels can be shown");
    }
  }
}

void CheckConfig(const Config& config) {
  using namespace std::chrono_literals;
  Require(!config.accounts.empty(), "there is an account");
  Require(config.poll.interval >= 1s && config.poll.interval <= 24h, "the interval is bounded");
  Require(!config.poll.stale_after || config.poll.interval <= *config.poll.stale_after,
          "values live until the next poll");
  Require(!config.long_call_thresholds.empty() && config.long_call_thresholds.size() <= 10,
          "thresholds are bounded");
  Require(config.poll.page_limit >= 1 && config.poll.page_limit <= 250, "the limit is bounded");
  Require(config.duration_buckets.size() <= 64, "buckets are bounded");
  Require(std::ranges::is_sorted(config.duration_buckets, std::less_equal<>()) ||
              config.duration_buckets.size() == 1,
          "buckets ascend");
  for (const AccountConfig& account : config.accounts) CheckAccount(account, config.poll);
}

void CheckFile(std::string_view yaml) {
  const auto loaded = ParseConfig(yaml);
  if (!loaded) {
    CheckErrors(loaded.error(), yaml);
    return;
  }
  CheckMessages(loaded->warnings, yaml);
  CheckConfig(loaded->config);
  // What is shown of a configuration loads again and is shown as the same text.
  const std::string text = FormatConfig(loaded->config);
  const auto again = ParseConfig(text);
  Require(again.has_value(), "a configuration that is shown loads again");
  Require(FormatConfig(again->config) == text, "what is shown is what was loaded");
  for (const AccountConfig& account : loaded->config.accounts) {
    for (const std::string_view secret :
         {account.api_key.inline_key.reveal(), account.proxy_url.reveal()}) {
      if (secret.size() >= 24) CheckNoSecret(loaded->warnings, secret);
    }
  }
}

void CheckSecretSettings(std::string_view line) {
  std::string value(line);
  value.insert(value.size() / 2, kMarker);
  for (const std::string_view setting : {"api_key", "api_key_file", "api_key_env", "proxy_url"}) {
    const std::string yaml =
        fmt::format("accounts:\n  - {}: {}\n    connections: [{{id: 1}}]\n", setting, value);
    const auto loaded = ParseConfig(yaml);
    CheckNoSecret(loaded ? loaded->warnings : loaded.error(), kMarker);
    if (loaded && !value.contains('/')) {
      Require(FormatConfig(loaded->config).find(kMarker) == std::string::npos,
              "what is shown holds no secret");
    }
  }
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return telnyx_exporter::FuzzConfigFile(data, size, telnyx_exporter::CheckFile,
                                         telnyx_exporter::CheckSecretSettings);
}
