#include "simulator/scenario_file.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "config/value_types.h"
#include "config/yaml_reader.h"
#include "simulator/api.h"

namespace telnyx_exporter::simulator {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxTextBytes = 128;
constexpr std::size_t kMaxElements = 20'000;
constexpr std::uint32_t kMaxLimit = 1'000'000;
constexpr double kMaxActiveCalls = 10'000'000;
constexpr double kMaxSpeed = 100'000;
// When a daily wave is highest, unless the scenario says so.
constexpr double kBusiest = 14.0 * 3600;

constexpr std::array<std::string_view, 8> kRecordTypes = {
    "call_control_application", "texml_application",
    "credential_connection",    "ip_connection",
    "fqdn_connection",          "fax_application",
    "external_connection",      "mobile_voice_connection"};

std::string Shown(std::string_view text) { return QuoteForMessage(text, kMaxTextBytes); }

// --- Readers of single values ------------------------------------------------------------------

constexpr IntegerType kLimit{0, kMaxLimit};

auto NumberBetween(double least, double most) {
  return [=](const YamlValue& value) -> std::optional<double> {
    const auto text = value.Scalar("a number");
    if (!text) return std::nullopt;
    const auto number = ParseDouble(*text);
    if (number && *number >= least && *number <= most) return number;
    value.Error(
        fmt::format("{} is not a number from {} to {}", QuoteForMessage(*text), least, most));
    return std::nullopt;
  };
}

auto SecondsUpTo(Duration most) {
  return [most](const YamlValue& value) -> std::optional<double> {
    const auto duration = DurationType{1s, most}.Read(value);
    return duration ? std::optional(ToSeconds(*duration)) : std::nullopt;
  };
}

std::optional<double> ReadTime(const YamlValue& value) {
  const auto text = value.Text(kMaxTextBytes);
  if (!text) return std::nullopt;
  const auto time = ParseTimeOfDay(*text);
  if (!time) {
    value.Error(
        fmt::format("{} is not a time of day: write it as in 09:30 or 23:59:30", Shown(*text)));
  }
  return time;
}

// A text that is not empty; for an id, as it is written.
std::optional<std::string> ReadText(const YamlValue& value) {
  auto text = value.Text(kMaxTextBytes);
  if (!text || !text->empty()) return text;
  value.Error("is empty");
  return std::nullopt;
}

// A text that no other has: `what` says of what.
auto Unique(std::string_view what, std::set<std::string>& taken) {
  return [what, &taken](const YamlValue& value) {
    auto text = ReadText(value);
    if (text && !taken.insert(*text).second) {
      value.Error(fmt::format("another {} has {} already", what, Shown(*text)));
    }
    return text;
  };
}

std::optional<std::string> ReadRecordType(const YamlValue& value) {
  auto type = ReadText(value);
  if (type && std::ranges::find(kRecordTypes, *type) == kRecordTypes.end()) {
    value.Error(fmt::format("{} is not a kind of connection: use one of {}", Shown(*type),
                            fmt::join(kRecordTypes, ", ")));
  }
  return type;
}

// The name of a list that an account may lack: none is without the list of its connections.
std::optional<std::string> ReadLackingList(const YamlValue& value) {
  const auto names = ListNames().subspan(1);
  auto name = ReadText(value);
  if (name && std::ranges::find(names, *name) == names.end()) {
    value.Error(fmt::format("{} is not a list that may be lacking: use one of {}", Shown(*name),
                            fmt::join(names, ", ")));
  }
  return name;
}

// A list of which `read(value, element)` reads each element into one more of `elements`.
template <typename T, typename ReadElement>
YamlRead ListOf(std::vector<T>& elements, ReadElement read) {
  return [&elements, read](const YamlValue& value) {
    const auto list = value.List();
    if (!list) return;
    if (list->size() > kMaxElements) {
      return value.Error(
          fmt::format("has {} elements: at most {} are allowed", list->size(), kMaxElements));
    }
    for (const YamlValue& element : *list) read(element, elements.emplace_back());
  };
}

// The same for a list of texts.
YamlRead ListOfTexts(std::vector<std::string>& texts,
                     std::optional<std::string> (*read)(const YamlValue&)) {
  return ListOf(texts, [read](const YamlValue& value, std::string& text) {
    text = read(value).value_or("");
  });
}

/// The two keys of a window, which may be among others.
struct WindowKeys {
  std::optional<double> from;
  std::optional<double> until;

  YamlKey From() { return {"from", Into(from, ReadTime)}; }
  YamlKey Until() { return {"until", Into(until, ReadTime)}; }

  std::optional<DayWindow> Window(const YamlValue& value) const {
    const bool has_from = value.Find("from").has_value();
    const bool has_until = value.Find("until").has_value();
    if (has_from != has_until) value.Error("has one of from and until: it needs both or none");
    if (!has_from || !has_until) return std::nullopt;
    if (from.value_or(0) == until.value_or(0)) value.Error("ends when it begins");
    return DayWindow{.from = from.value_or(0), .until = until.value_or(0)};
  }
};

std::optional<DayWindow> ReadWindow(const YamlValue& value) {
  WindowKeys keys;
  ReadMapping(value, {keys.From(), keys.Until()});
  return keys.Window(value);
}

// --- The mappings ------------------------------------------------------------------------------

class ScenarioReader {
 public:
  Scenario Read(const YamlValue& root) {
    Scenario scenario;
    const auto read_accounts = [&](const YamlValue& value) {
      ListOf(scenario.accounts,
             [this](const auto& v, auto& account) { ReadAccount(v, account); })(value);
      if (value.IsEmptyList()) value.Error("is empty: it lists who has connections");
    };
    ReadMapping(root,
                {{"begins", Into(scenario.begins, ReadTime)},
                 {"speed", Into(scenario.speed, NumberType{0, kMaxSpeed})},
                 {"accounts", read_accounts, "accounts is missing: it lists who has connections"},
                 {"faults", kLater}});
    // When all connections are known, wherever they stand.
    if (const auto faults = root.Find("faults")) {
      ListOf(scenario.faults,
             [this](const YamlValue& v, FaultRule& fault) { ReadFault(v, fault); })(*faults);
    }
    return scenario;
  }

 private:
  // Of a key that is read when the others are known.
  static constexpr auto kLater = [](const YamlValue& /*value*/) {};

  void ReadAccount(const YamlValue& value, AccountSettings& account) {
    account.name.clear();
    account.api_key.clear();
    std::set<std::string> profiles;
    const auto read_name = [&](const YamlValue& v) {
      const auto name = Unique("account", account_names_)(v);
      if (name && !IsAlphanumericOr("-_", *name))
        v.Error("is not a name: it has letters, digits, - and _ only");
      return name;
    };
    const auto read_profile = [&](const YamlValue& v, VoiceProfileSettings& profile) {
      ReadProfile(v, profiles, profile);
    };
    ReadMapping(value, {{"name", Into(account.name, read_name), "name is missing"},
                        {"api_key", Into(account.api_key, Unique("account", api_keys_)),
                         "api_key is missing"},
                        {"rate_limit", Into(account.requests_per_second, kLimit)},
                        {"inbound_channels", Into(account.inbound_channels, kLimit)},
                        {"lacking", ListOfTexts(account.lacking, ReadLackingList)},
                        {"outbound_voice_profiles", ListOf(account.voice_profiles, read_profile)},
                        {"connections", kLater}});
    // When the profiles that they may use are known.
    if (const auto connections = value.Find("connections")) {
      ListOf(account.connections, [&](const YamlValue& v, ConnectionSettings& connection) {
        ReadConnection(v, profiles, connection);
      })(*connections);
    }
  }

  static void ReadProfile(const YamlValue& value, std::set<std::string>& taken,
                          VoiceProfileSettings& profile) {
    ReadMapping(value,
                {{"id", Into(profile.id, Unique("profile of the account", taken)), "id is missing"},
                 {"name", Into(profile.name, ReadText)},
                 {"concurrent_call_limit", Into(profile.concurrent_call_limit, kLimit)}});
    if (profile.name.empty()) profile.name = profile.id;
  }

  void ReadConnection(const YamlValue& value, const std::set<std::string>& profiles,
                      ConnectionSettings& connection) {
    const auto read_id = [&](const YamlValue& v) {
      auto id = Unique("connection", connection_ids_)(v);
      if (id && !IsAlphanumericOr("-_", *id)) {
        v.Error(Shown(*id) + " is not an id: only letters, digits, - and _ are allowed");
      }
      return id;
    };
    const auto read_profile = [&](const YamlValue& v) {
      const std::string id = ReadText(v).value_or("");
      if (!profiles.contains(id)) {
        v.Error(fmt::format("the account has no outbound voice profile {}", Shown(id)));
      }
      return std::optional(id);
    };
    const auto read_calls = [this](const YamlValue& v, TrafficSettings& calls) {
      ReadCalls(v, calls);
    };
    ReadMapping(value,
                {{"id", Into(connection.id, read_id), "id is missing"},
                 {"name", Into(connection.name, ReadText)},
                 {"record_type", Into(connection.record_type, ReadRecordType)},
                 {"webhook", Into(connection.has_webhook, BoolType())},
                 {"tags", ListOfTexts(connection.tags, ReadText)},
                 {"inbound_channel_limit", Into(connection.inbound_channel_limit, kLimit)},
                 {"outbound_channel_limit", Into(connection.outbound_channel_limit, kLimit)},
                 {"outbound_voice_profile", Into(connection.voice_profile_id, read_profile)},
                 {"present", Into(connection.present, ReadWindow)},
                 {"renamed", [&](const YamlValue& v) { ReadRenames(v, connection.renames); }},
                 {"calls", ListOf(connection.traffic, read_calls)}});
    if (connection.name.empty()) connection.name = connection.id;
  }

  static void ReadRenames(const YamlValue& value, std::vector<Rename>& renames) {
    double before = -1;
    ListOf(renames, [&before](const YamlValue& v, Rename& rename) {
      ReadMapping(v, {{"at", Into(rename.at, ReadTime), "at is missing"},
                      {"name", Into(rename.name, ReadText), "name is missing"}});
      if (before >= rename.at) v.Error("is not after the one before it");
      before = rename.at;
    })(value);
  }

  void ReadCalls(const YamlValue& value, TrafficSettings& calls) {
    std::optional<double> busiest;
    calls.daily_wave = 0;
    calls.seed = ++last_seed_;
    WindowKeys window;
    ReadMapping(value, {{"active", Into(calls.mean_active_calls, NumberBetween(0, kMaxActiveCalls)),
                         "active is missing"},
                        {"mean_duration", Into(calls.mean_duration_seconds, SecondsUpTo(24h))},
                        {"spread", Into(calls.duration_spread, NumberBetween(0, 3))},
                        {"longest", Into(calls.longest_seconds, SecondsUpTo(7 * 24h))},
                        {"transfer_share", Into(calls.transfer_share, NumberBetween(0, 1))},
                        {"daily_wave", Into(calls.daily_wave, NumberBetween(0, 1))},
                        {"busiest", Into(busiest, ReadTime)},
                        window.From(),
                        window.Until()});
    if (calls.mean_duration_seconds > calls.longest_seconds) {
      value.Error("mean_duration is longer than longest");
    }
    if (value.Find("busiest") && calls.daily_wave == 0) {
      value.Error("busiest says nothing without daily_wave");
    }
    // A sine is highest after a quarter of its period.
    calls.wave_phase_seconds = kSecondsPerDay / 4 - busiest.value_or(kBusiest);
    calls.window = window.Window(value);
  }

  void ReadFault(const YamlValue& value, FaultRule& fault) const {
    WindowKeys window;
    std::string account;
    const auto read_account = [&](const YamlValue& v) {
      account = ReadText(v).value_or("");
      if (!account_names_.contains(account)) {
        v.Error(fmt::format("there is no account {}", Shown(account)));
      }
    };
    const auto read_rule = [&](const YamlValue& v) { ReadRule(v, fault); };
    ReadMapping(value, {{"fault", read_rule, "fault is missing"},
                        {"account", read_account},
                        window.From(),
                        window.Until()});
    fault.account = std::move(account);
    fault.window = window.Window(value);
  }

  void ReadRule(const YamlValue& value, FaultRule& fault) const {
    const auto text = ReadText(value);
    if (!text) return;
    auto rule = ParseFaultRule(*text);
    if (!rule) return value.Error(rule.error().message);
    if (!rule->connection_id.empty() && !connection_ids_.contains(rule->connection_id)) {
      value.Error(fmt::format("there is no connection {}", Shown(rule->connection_id)));
    }
    fault = std::move(*rule);
  }

  std::set<std::string> account_names_;
  std::set<std::string> api_keys_;
  std::set<std::string> connection_ids_;
  std::uint64_t last_seed_ = 0;
};

}  // namespace

std::expected<Scenario, std::vector<ConfigMessage>> ParseScenario(std::string_view yaml) {
  ConfigMessages messages;
  Scenario scenario;
  const bool has_document = ReadDocument(yaml, messages, [&](const auto& document) {
    scenario = ScenarioReader().Read(YamlValue(document, "", messages));
  });
  if (!has_document) return std::unexpected(std::vector{ConfigMessage{.text = "is empty"}});
  if (!messages.errors().empty()) return std::unexpected(std::move(messages.errors()));
  return scenario;
}

std::expected<Scenario, std::vector<ConfigMessage>> LoadScenarioFile(const std::string& path) {
  const auto text = ReadConfigText(path);
  if (!text) return std::unexpected(std::vector{text.error()});
  return ParseScenario(*text);
}

}  // namespace telnyx_exporter::simulator
