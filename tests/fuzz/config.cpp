// A configuration file; and its first line as the value of the settings that are secret.

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "config/load_config.h"
#include "config/yaml_reader.h"
#include "fuzz/config_messages.h"
#include "fuzz/input.h"

namespace telnyx_exporter {
namespace {

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
    Require(connection.interval.value_or(poll.interval) <= poll.stale_after,
            "values do not expire between two polls");
    for (const auto& [name, value] : connection.labels) {
      Require(IsShowable(name, 60'000) && IsShowable(value, 256), "labels can be shown");
    }
  }
}

void CheckConfig(const Config& config) {
  using namespace std::chrono_literals;
  Require(!config.accounts.empty(), "there is an account");
  Require(config.poll.interval >= 1s && config.poll.interval <= 24h, "the interval is bounded");
  Require(config.poll.interval <= config.poll.stale_after, "values live until the next poll");
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
  Require(!FindSecondDocument(std::string(yaml)), "a file that is taken is one document");
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
  for (const std::string_view setting : {"api_key", "proxy_url"}) {
    const std::string yaml =
        fmt::format("accounts:\n  - {}: {}\n    connections: [{{id: 1}}]\n", setting, value);
    const auto loaded = ParseConfig(yaml);
    CheckNoSecret(loaded ? loaded->warnings : loaded.error(), kMarker);
  }
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return telnyx_exporter::FuzzConfigFile(data, size, telnyx_exporter::CheckFile,
                                         telnyx_exporter::CheckSecretSettings);
}
