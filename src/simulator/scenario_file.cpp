#include "simulator/scenario_file.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
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

bool IsName(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

std::string Shown(std::string_view text) {
  return fmt::format("\"{}\"", SanitizeForDisplay(text, kMaxTextBytes));
}

class ScenarioReader {
 public:
  Scenario Read(const YamlValue& root) {
    Scenario scenario;
    bool has_accounts = false;
    std::optional<YamlValue> faults;
    ReadMapping(root, {
                          {"begins", [&](const YamlValue& v) { ReadTime(v, scenario.begins); }},
                          {"speed",
                           [&](const YamlValue& v) {
                             if (const auto speed = v.Number(0, kMaxSpeed)) scenario.speed = *speed;
                           }},
                          {"accounts",
                           [&](const YamlValue& v) {
                             has_accounts = true;
                             ReadAccounts(v, scenario.accounts);
                           }},
                          {"faults", [&](const YamlValue& v) { faults = v; }},
                      });
    if (!has_accounts) root.Error("accounts is missing: it lists who has connections");
    // When all connections are known, wherever they stand.
    if (faults) ReadFaults(*faults, scenario.faults);
    return scenario;
  }

 private:
  template <typename ReadElement>
  static void ReadList(const YamlValue& value, ReadElement read) {
    const auto elements = value.List();
    if (!elements) return;
    if (elements->size() > kMaxElements) {
      return value.Error(
          fmt::format("has {} elements: at most {} are allowed", elements->size(), kMaxElements));
    }
    for (const YamlValue& element : *elements) read(element);
  }

  static void ReadTime(const YamlValue& value, double& seconds) {
    const auto text = value.Text(kMaxTextBytes);
    if (!text) return;
    if (const auto time = ParseTimeOfDay(*text)) {
      seconds = *time;
    } else {
      value.Error(
          fmt::format("{} is not a time of day: write it as in 09:30 or 23:59:30", Shown(*text)));
    }
  }

  // A text that is not empty; for an id, as it is written.
  static void ReadText(const YamlValue& value, std::string& text) {
    auto read = value.Text(kMaxTextBytes);
    if (!read) return;
    if (read->empty()) return value.Error("is empty");
    text = std::move(*read);
  }

  // One that no other has: `what` says of what.
  static void ReadUnique(const YamlValue& value, std::string_view what,
                         std::set<std::string>& taken, std::string& text) {
    text.clear();
    ReadText(value, text);
    if (!text.empty() && !taken.insert(text).second) {
      value.Error(fmt::format("another {} has {} already", what, Shown(text)));
    }
  }

  static void ReadLimit(const YamlValue& value, std::optional<std::uint32_t>& limit) {
    limit = value.Integer(0, kMaxLimit);
  }

  static void ReadSeconds(const YamlValue& value, Duration most, double& seconds) {
    if (const auto duration = value.DurationBetween(1s, most)) seconds = ToSeconds(*duration);
  }

  static void ReadShare(const YamlValue& value, double& share) {
    if (const auto number = value.NumberBetween(0, 1)) share = *number;
  }

  static void ReadWindow(const YamlValue& value, std::optional<DayWindow>& window) {
    WindowKeys keys;
    ReadMapping(value, {{"from", keys.From()}, {"until", keys.Until()}});
    window = keys.Window(value);
  }

  /// The two keys of a window, which may stand among others.
  class WindowKeys {
   public:
    std::function<void(const YamlValue&)> From() {
      return [this](const YamlValue& v) { ReadTime(v, from_.emplace()); };
    }
    std::function<void(const YamlValue&)> Until() {
      return [this](const YamlValue& v) { ReadTime(v, until_.emplace()); };
    }
    std::optional<DayWindow> Window(const YamlValue& value) const {
      if (!from_ && !until_) return std::nullopt;
      if (!from_ || !until_) {
        value.Error("has one of from and until: it needs both or none");
        return std::nullopt;
      }
      if (*from_ == *until_) value.Error("ends when it begins");
      return DayWindow{.from = *from_, .until = *until_};
    }

   private:
    std::optional<double> from_;
    std::optional<double> until_;
  };

  void ReadAccounts(const YamlValue& value, std::vector<AccountSettings>& accounts) {
    ReadList(value, [&](const YamlValue& v) { ReadAccount(v, accounts.emplace_back()); });
    if (value.IsEmptyList()) value.Error("is empty: it lists who has connections");
  }

  void ReadAccount(const YamlValue& value, AccountSettings& account) {
    account.name.clear();
    account.api_key.clear();
    std::optional<YamlValue> connections;
    std::set<std::string> profiles;
    bool has_name = false;
    bool has_key = false;
    ReadMapping(
        value,
        {
            {"name",
             [&](const YamlValue& v) {
               has_name = true;
               ReadUnique(v, "account", account_names_, account.name);
               if (!account.name.empty() && !IsName(account.name)) {
                 v.Error("is not a name: it has letters, digits, - and _ only");
               }
             }},
            {"api_key",
             [&](const YamlValue& v) {
               has_key = true;
               ReadUnique(v, "account", api_keys_, account.api_key);
             }},
            {"rate_limit", [&](const YamlValue& v) { ReadLimit(v, account.requests_per_second); }},
            {"inbound_channels",
             [&](const YamlValue& v) { ReadLimit(v, account.inbound_channels); }},
            {"lacking", [&](const YamlValue& v) { ReadLacking(v, account.lacking); }},
            {"outbound_voice_profiles",
             [&](const YamlValue& v) {
               ReadList(v, [&](const YamlValue& element) {
                 ReadProfile(element, profiles, account.voice_profiles.emplace_back());
               });
             }},
            {"connections", [&](const YamlValue& v) { connections = v; }},
        });
    if (!has_name) value.Error("name is missing");
    if (!has_key) value.Error("api_key is missing");
    // When the profiles that they may use are known.
    if (!connections) return;
    ReadList(*connections, [&](const YamlValue& v) {
      ReadConnection(v, profiles, account.connections.emplace_back());
    });
  }

  static void ReadLacking(const YamlValue& value, std::vector<std::string>& lacking) {
    // No account is without the list of its connections.
    const auto names = ListNames().subspan(1);
    ReadList(value, [&](const YamlValue& v) {
      std::string name;
      ReadText(v, name);
      if (name.empty()) return;
      if (std::ranges::find(names, name) == names.end()) {
        v.Error(fmt::format("{} is not a list that may be lacking: use one of {}", Shown(name),
                            fmt::join(names, ", ")));
      }
      lacking.push_back(name);
    });
  }

  static void ReadProfile(const YamlValue& value, std::set<std::string>& taken,
                          VoiceProfileSettings& profile) {
    bool has_id = false;
    ReadMapping(value,
                {
                    {"id",
                     [&](const YamlValue& v) {
                       has_id = true;
                       ReadUnique(v, "profile of the account", taken, profile.id);
                     }},
                    {"name", [&](const YamlValue& v) { ReadText(v, profile.name); }},
                    {"concurrent_call_limit",
                     [&](const YamlValue& v) { ReadLimit(v, profile.concurrent_call_limit); }},
                });
    if (!has_id) value.Error("id is missing");
    if (profile.name.empty()) profile.name = profile.id;
  }

  void ReadConnection(const YamlValue& value, const std::set<std::string>& profiles,
                      ConnectionSettings& connection) {
    bool has_id = false;
    ReadMapping(
        value,
        {
            {"id",
             [&](const YamlValue& v) {
               has_id = true;
               ReadUnique(v, "connection", connection_ids_, connection.id);
               if (connection.id.find('/') != std::string::npos) v.Error("holds a /");
             }},
            {"name", [&](const YamlValue& v) { ReadText(v, connection.name); }},
            {"record_type",
             [&](const YamlValue& v) {
               ReadText(v, connection.record_type);
               if (std::ranges::find(kRecordTypes, connection.record_type) == kRecordTypes.end()) {
                 v.Error(fmt::format("{} is not a kind of connection: use one of {}",
                                     Shown(connection.record_type), fmt::join(kRecordTypes, ", ")));
               }
             }},
            {"webhook",
             [&](const YamlValue& v) {
               if (const auto has = v.Bool()) connection.has_webhook = *has;
             }},
            {"tags",
             [&](const YamlValue& v) {
               ReadList(
                   v, [&](const YamlValue& tag) { ReadText(tag, connection.tags.emplace_back()); });
             }},
            {"inbound_channel_limit",
             [&](const YamlValue& v) { ReadLimit(v, connection.inbound_channel_limit); }},
            {"outbound_channel_limit",
             [&](const YamlValue& v) { ReadLimit(v, connection.outbound_channel_limit); }},
            {"outbound_voice_profile",
             [&](const YamlValue& v) {
               ReadText(v, connection.voice_profile_id);
               if (!profiles.contains(connection.voice_profile_id)) {
                 v.Error(fmt::format("the account has no outbound voice profile {}",
                                     Shown(connection.voice_profile_id)));
               }
             }},
            {"present", [&](const YamlValue& v) { ReadWindow(v, connection.present); }},
            {"renamed",
             [&](const YamlValue& v) {
               ReadList(v,
                        [&](const YamlValue& element) { ReadRename(element, connection.renames); });
             }},
            {"calls",
             [&](const YamlValue& v) {
               ReadList(v, [&](const YamlValue& element) {
                 ReadCalls(element, connection.traffic.emplace_back());
               });
             }},
        });
    if (!has_id) value.Error("id is missing");
    if (connection.name.empty()) connection.name = connection.id;
  }

  static void ReadRename(const YamlValue& value, std::vector<Rename>& renames) {
    std::optional<double> at;
    Rename rename;
    ReadMapping(value, {
                           {"at", [&](const YamlValue& v) { ReadTime(v, at.emplace()); }},
                           {"name", [&](const YamlValue& v) { ReadText(v, rename.name); }},
                       });
    if (!at) value.Error("at is missing");
    if (rename.name.empty()) value.Error("name is missing");
    rename.at = at.value_or(0);
    if (!renames.empty() && renames.back().at >= rename.at) {
      value.Error("is not after the one before it");
    }
    renames.push_back(std::move(rename));
  }

  void ReadCalls(const YamlValue& value, TrafficSettings& calls) {
    bool has_active = false;
    std::optional<double> busiest;
    calls.daily_wave = 0;
    calls.seed = ++last_seed_;
    WindowKeys window;
    ReadMapping(
        value,
        {
            {"active",
             [&](const YamlValue& v) {
               has_active = true;
               if (const auto active = v.NumberBetween(0, kMaxActiveCalls)) {
                 calls.mean_active_calls = *active;
               }
             }},
            {"mean_duration",
             [&](const YamlValue& v) { ReadSeconds(v, 24h, calls.mean_duration_seconds); }},
            {"spread",
             [&](const YamlValue& v) {
               if (const auto spread = v.NumberBetween(0, 3)) calls.duration_spread = *spread;
             }},
            {"longest",
             [&](const YamlValue& v) { ReadSeconds(v, 7 * 24h, calls.longest_seconds); }},
            {"transfer_share", [&](const YamlValue& v) { ReadShare(v, calls.transfer_share); }},
            {"daily_wave", [&](const YamlValue& v) { ReadShare(v, calls.daily_wave); }},
            {"busiest", [&](const YamlValue& v) { ReadTime(v, busiest.emplace()); }},
            {"from", window.From()},
            {"until", window.Until()},
        });
    if (!has_active) value.Error("active is missing");
    if (calls.mean_duration_seconds > calls.longest_seconds) {
      value.Error("mean_duration is longer than longest");
    }
    if (busiest && calls.daily_wave == 0) value.Error("busiest says nothing without daily_wave");
    // A sine is highest after a quarter of its period.
    calls.wave_phase_seconds = kSecondsPerDay / 4 - busiest.value_or(kBusiest);
    calls.window = window.Window(value);
  }

  void ReadFaults(const YamlValue& value, std::vector<FaultRule>& faults) {
    ReadList(value, [&](const YamlValue& v) { ReadFault(v, faults.emplace_back()); });
  }

  void ReadFault(const YamlValue& value, FaultRule& fault) const {
    WindowKeys window;
    std::string account;
    bool has_fault = false;
    ReadMapping(value, {
                           {"fault",
                            [&](const YamlValue& v) {
                              has_fault = true;
                              ReadFaultText(v, fault);
                            }},
                           {"account",
                            [&](const YamlValue& v) {
                              ReadText(v, account);
                              if (!account_names_.contains(account)) {
                                v.Error(fmt::format("there is no account {}", Shown(account)));
                              }
                            }},
                           {"from", window.From()},
                           {"until", window.Until()},
                       });
    if (!has_fault) value.Error("fault is missing");
    fault.account = std::move(account);
    fault.window = window.Window(value);
  }

  void ReadFaultText(const YamlValue& value, FaultRule& fault) const {
    std::string text;
    ReadText(value, text);
    if (text.empty()) return;
    auto rule = ParseFaultRule(text);
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
