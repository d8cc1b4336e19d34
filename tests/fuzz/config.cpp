// A configuration file; and its first line as the value of the settings that are secret.

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "config/load_config.h"
#include "fuzz/input.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxFuzzedBytes = std::size_t{64} * 1024;
constexpr std::string_view kMarker = "Zq7x4";

// Whether the message's place is in the text. yaml-cpp converts UTF-16 and UTF-32, whose places are
// of the converted text.
bool IsPlaced(const ConfigMessage& message, std::string_view yaml) {
  const auto is_utf8 = [](char c) { return c != '\0' && c != '\xfe' && c != '\xff'; };
  if (message.line == 0 || !std::ranges::all_of(yaml, is_utf8)) return true;
  std::string_view rest = yaml;
  for (std::size_t line = 1; line < message.line; ++line) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 1);
  }
  // Behind the last character is a place, too: what is missing is missing there.
  return message.column >= 1 && message.column <= std::min(rest.find('\n'), rest.size()) + 1;
}

void CheckMessages(const std::vector<ConfigMessage>& messages, std::string_view yaml) {
  for (const ConfigMessage& message : messages) {
    Require(IsPlaced(message, yaml), "a message's place is in the file");
    Require(IsShowable(message.path, 400), "a message's path can be shown");
    Require(!message.text.empty() && IsShowable(message.text, 600), "a message can be shown");
  }
}

void CheckNoSecret(const std::vector<ConfigMessage>& messages, std::string_view secret) {
  for (const ConfigMessage& message : messages) {
    Require(FormatConfigMessage("f", message).find(secret) == std::string::npos,
            "no message holds a secret");
  }
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
    Require(!loaded.error().empty(), "a failure says why");
    CheckMessages(loaded.error(), yaml);
    Require(std::ranges::is_sorted(loaded.error(), {},
                                   [](const ConfigMessage& message) {
                                     return std::tuple(message.line, message.column);
                                   }),
            "errors are in the file's order");
    return;
  }
  CheckMessages(loaded->warnings, yaml);
  CheckConfig(loaded->config);
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
  using namespace telnyx_exporter;  // NOLINT(google-build-using-namespace)
  if (size > kMaxFuzzedBytes) return -1;
  FuzzInput input(data, size);
  CheckFile(input.rest());
  std::string_view line = input.TakeUntil('\n');
  CheckSecretSettings(line.substr(0, line.find('\r')));
  return 0;
}
