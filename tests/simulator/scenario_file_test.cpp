#include "simulator/scenario_file.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/call_world.h"
#include "simulator/command_line.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace telnyx_exporter::simulator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kHour = 3600;
const std::filesystem::path kScenarios = "../config/scenarios";

Scenario Parsed(std::string_view yaml) {
  auto scenario = ParseScenario(yaml);
  if (scenario) return std::move(*scenario);
  std::string errors;
  for (const ConfigMessage& message : scenario.error()) {
    errors += FormatConfigMessage("scenario", message) + "\n";
  }
  throw std::runtime_error(errors);
}

std::vector<std::string> ErrorsOf(std::string_view yaml) {
  const auto scenario = ParseScenario(yaml);
  std::vector<std::string> errors;
  if (scenario) return errors;
  for (const ConfigMessage& message : scenario.error()) {
    errors.push_back(FormatConfigMessage("s.yml", message));
  }
  return errors;
}

// The errors of a file whose only account has these keys besides its name and key.
std::vector<std::string> ErrorsOfAccount(const std::string& keys) {
  return ErrorsOf("accounts:\n- name: a\n  api_key: k\n  " + keys + "\n");
}
// The errors of a file whose only connection has these keys besides its id.
std::vector<std::string> ErrorsOfConnection(const std::string& keys) {
  return ErrorsOfAccount("connections:\n  - id: '1'\n    " + keys);
}
std::vector<std::string> ErrorsOfCalls(const std::string& calls) {
  return ErrorsOfConnection("calls: [{" + calls + "}]");
}

TEST(Scenario, SaysAllOfItsWorld) {
  const Scenario scenario = Parsed(R"(
begins: "09:30"
speed: 60
accounts:
  - name: main
    api_key: KEY_1
    rate_limit: 5
    lacking: [texml_applications]
    outbound_voice_profiles:
      - {id: 77, name: domestic, concurrent_call_limit: 300}
    connections:
      - id: 1293384261075731461
        name: support
        record_type: ip_connection
        webhook: false
        tags: [production, voice]
        inbound_channel_limit: 250
        outbound_channel_limit: 0
        outbound_voice_profile: 77
        present: {from: 08:00, until: 20:00}
        renamed: [{at: 10:00, name: helpdesk}]
        calls:
          - {active: 200, mean_duration: 5m, spread: 0.5, transfer_share: 0, daily_wave: 0.4, busiest: "11:00"}
          - {active: 10, mean_duration: 12h, longest: 20h, from: "22:00", until: "05:00"}
  - name: empty
    api_key: KEY_2
faults:
  - {fault: "status_503:0.5@1293384261075731461", account: main, from: 12:00, until: 12:20}
  - {fault: reset}
)");
  EXPECT_EQ(scenario.begins, 9.5 * kHour);
  EXPECT_EQ(scenario.speed, 60);
  ASSERT_EQ(scenario.accounts.size(), 2U);
  const AccountSettings& account = scenario.accounts[0];
  EXPECT_EQ(account.name, "main");
  EXPECT_EQ(account.api_key, "KEY_1");
  EXPECT_EQ(account.requests_per_second.value(), 5U);
  EXPECT_THAT(account.lacking, ElementsAre("texml_applications"));
  ASSERT_EQ(account.voice_profiles.size(), 1U);
  EXPECT_EQ(account.voice_profiles[0].id, "77");
  EXPECT_EQ(account.voice_profiles[0].name, "domestic");
  EXPECT_EQ(account.voice_profiles[0].concurrent_call_limit.value(), 300U);
  ASSERT_EQ(account.connections.size(), 1U);
  const ConnectionSettings& connection = account.connections[0];
  EXPECT_EQ(connection.id, "1293384261075731461");
  EXPECT_EQ(connection.record_type, "ip_connection");
  EXPECT_FALSE(connection.has_webhook);
  EXPECT_THAT(connection.tags, ElementsAre("production", "voice"));
  EXPECT_EQ(connection.inbound_channel_limit.value(), 250U);
  EXPECT_EQ(connection.outbound_channel_limit.value(), 0U);
  EXPECT_EQ(connection.voice_profile_id, "77");
  EXPECT_EQ(connection.present.value(), (DayWindow{.from = 8 * kHour, .until = 20 * kHour}));
  EXPECT_EQ(connection.NameAt(9 * kHour), "support");
  EXPECT_EQ(connection.NameAt(11 * kHour), "helpdesk");
  ASSERT_EQ(connection.traffic.size(), 2U);
  const TrafficSettings& day = connection.traffic[0];
  EXPECT_EQ(day.mean_active_calls, 200);
  EXPECT_EQ(day.mean_duration_seconds, 300);
  EXPECT_EQ(day.duration_spread, 0.5);
  EXPECT_EQ(day.transfer_share, 0);
  EXPECT_EQ(day.daily_wave, 0.4);
  EXPECT_EQ(day.wave_phase_seconds + 11 * kHour, kSecondsPerDay / 4);
  EXPECT_FALSE(day.window);
  const TrafficSettings& night = connection.traffic[1];
  EXPECT_EQ(night.longest_seconds, 20 * kHour);
  EXPECT_EQ(night.window.value(), (DayWindow{.from = 22 * kHour, .until = 5 * kHour}));
  EXPECT_NE(day.seed, night.seed);
  ASSERT_EQ(scenario.faults.size(), 2U);
  EXPECT_EQ(scenario.faults[0].ToText(),
            "status_503:0.5@1293384261075731461 for main from 12:00 until 12:20");
  EXPECT_EQ(scenario.faults[1].ToText(), "reset");
}

TEST(Scenario, HasDefaultsForEverythingElse) {
  const Scenario scenario =
      Parsed("accounts: [{name: a, api_key: k, connections: [{id: x, calls: [{active: 5}]}]}]");
  EXPECT_EQ(scenario.begins, 0);
  EXPECT_EQ(scenario.speed, 1);
  const ConnectionSettings& connection = scenario.accounts[0].connections[0];
  EXPECT_EQ(connection.name, "x");
  EXPECT_EQ(connection.record_type, "call_control_application");
  EXPECT_TRUE(connection.has_webhook);
  EXPECT_FALSE(connection.inbound_channel_limit);
  EXPECT_EQ(connection.traffic[0].mean_duration_seconds, 180);
  EXPECT_EQ(connection.traffic[0].daily_wave, 0);
  EXPECT_EQ(connection.traffic[0].longest_seconds, kLongestCallSeconds);
}

TEST(Scenario, NamesTheLineAndColumnOfEveryMistakeAtOnce) {
  EXPECT_THAT(ErrorsOf("begins: noon\n"
                       "speed: 0\n"
                       "acounts: []\n"),
              ElementsAre("s.yml:1:1: accounts is missing: it lists who has connections",
                          "s.yml:1:9: begins: \"noon\" is not a time of day: write it as in 09:30 "
                          "or 23:59:30",
                          "s.yml:2:8: speed: \"0\" is not a number above 0 and up to 100000",
                          "s.yml:3:1: acounts: unknown key; did you mean accounts?"));
}

TEST(Scenario, RefusesAFileWithoutAccounts) {
  EXPECT_THAT(ErrorsOf(""), ElementsAre("s.yml: is empty"));
  EXPECT_THAT(ErrorsOf("accounts: []"),
              ElementsAre("s.yml:1:11: accounts: is empty: it lists who has connections"));
  EXPECT_THAT(ErrorsOf("accounts: [{}]"),
              ElementsAre("s.yml:1:12: accounts[0]: name is missing",
                          "s.yml:1:12: accounts[0]: api_key is missing"));
}

TEST(Scenario, RefusesTwoOfTheSame) {
  EXPECT_THAT(
      ErrorsOf("accounts:\n"
               "- {name: a, api_key: k, connections: [{id: 1}]}\n"
               "- {name: a, api_key: k, connections: [{id: 1}]}\n"),
      ElementsAre(
          "s.yml:3:10: accounts[1].name: another account has \"a\" already",
          "s.yml:3:22: accounts[1].api_key: another account has \"k\" already",
          "s.yml:3:44: accounts[1].connections[0].id: another connection has \"1\" already"));
  EXPECT_THAT(
      ErrorsOfAccount("outbound_voice_profiles: [{id: 7}, {id: 7}]"),
      ElementsAre("s.yml:4:43: accounts[0].outbound_voice_profiles[1].id: another profile of "
                  "the account has \"7\" already"));
}

TEST(Scenario, RefusesAccountNamesThatAreNoFileNames) {
  EXPECT_THAT(
      ErrorsOf("accounts: [{name: ../x, api_key: k}]"),
      ElementsAre(
          "s.yml:1:19: accounts[0].name: is not a name: it has letters, digits, - and _ only"));
}

TEST(Scenario, RefusesListsThatNoAccountLacks) {
  EXPECT_THAT(ErrorsOfAccount("lacking: [connections]"),
              ElementsAre("s.yml:4:13: accounts[0].lacking[0]: \"connections\" is not a list that "
                          "may be lacking: use one of call_control_applications, "
                          "texml_applications, credential_connections, ip_connections, "
                          "fqdn_connections, outbound_voice_profiles, inbound_channels"));
}

TEST(Scenario, RefusesConnectionsThatCannotBe) {
  const std::string at = "s.yml:6:";
  const std::string path = "accounts[0].connections[0]";
  EXPECT_THAT(ErrorsOfAccount("connections: [{name: x}]"),
              ElementsAre("s.yml:4:17: accounts[0].connections[0]: id is missing"));
  EXPECT_THAT(ErrorsOfAccount("connections: [{id: a/b}]"),
              ElementsAre("s.yml:4:22: accounts[0].connections[0].id: \"a/b\" is not an id: only "
                          "letters, digits, - and _ are allowed"));
  EXPECT_THAT(ErrorsOfConnection("record_type: telephone"),
              ElementsAre(HasSubstr(path + ".record_type: \"telephone\" is not a kind of "
                                           "connection: use one of call_control_application, ")));
  EXPECT_THAT(ErrorsOfConnection("outbound_voice_profile: 9"),
              ElementsAre(at + "29: " + path +
                          ".outbound_voice_profile: the account has no outbound voice profile "
                          "\"9\""));
  EXPECT_THAT(ErrorsOfConnection("inbound_channel_limit: -1"),
              ElementsAre(at + "28: " + path +
                          ".inbound_channel_limit: \"-1\" is not an integer from 0 to 1000000"));
  EXPECT_THAT(ErrorsOfConnection("name: ''"), ElementsAre(at + "11: " + path + ".name: is empty"));
}

TEST(Scenario, RefusesHalvesOfWindows) {
  EXPECT_THAT(ErrorsOfConnection("present: {from: 12:00}"),
              ElementsAre("s.yml:6:14: accounts[0].connections[0].present: has one of from and "
                          "until: it needs both or none"));
  EXPECT_THAT(ErrorsOfConnection("present: {from: 12:00, until: 12:00}"),
              ElementsAre("s.yml:6:14: accounts[0].connections[0].present: ends when it begins"));
  EXPECT_THAT(ErrorsOfCalls("active: 1, until: 12:00"),
              ElementsAre(HasSubstr("calls[0]: has one of from and until")));
}

TEST(Scenario, RefusesRenamesThatAreNotInOrder) {
  EXPECT_THAT(ErrorsOfConnection("renamed: [{at: 12:00, name: x}, {at: 11:00, name: y}]"),
              ElementsAre(HasSubstr("renamed[1]: is not after the one before it")));
  EXPECT_THAT(ErrorsOfConnection("renamed: [{}]"),
              ElementsAre(HasSubstr("renamed[0]: at is missing"),
                          HasSubstr("renamed[0]: name is missing")));
}

TEST(Scenario, RefusesCallsThatCannotBe) {
  EXPECT_THAT(ErrorsOfCalls("mean_duration: 3m"), ElementsAre(HasSubstr("active is missing")));
  EXPECT_THAT(ErrorsOfCalls("active: -1"),
              ElementsAre(HasSubstr("active: \"-1\" is not a number from 0 to 10000000")));
  EXPECT_THAT(ErrorsOfCalls("active: 1, mean_duration: 5h"),
              ElementsAre(HasSubstr("mean_duration is longer than longest")));
  EXPECT_THAT(ErrorsOfCalls("active: 1, transfer_share: 1.1"),
              ElementsAre(HasSubstr("transfer_share: \"1.1\" is not a number from 0 to 1")));
  EXPECT_THAT(ErrorsOfCalls("active: 1, spread: 4"),
              ElementsAre(HasSubstr("spread: \"4\" is not a number from 0 to 3")));
  EXPECT_THAT(ErrorsOfCalls("active: 1, busiest: 12:00"),
              ElementsAre(HasSubstr("busiest says nothing without daily_wave")));
}

TEST(Scenario, RefusesFaultsThatCannotStrike) {
  const auto errors = [](const std::string& fault) {
    return ErrorsOf("accounts: [{name: a, api_key: k, connections: [{id: 1}]}]\nfaults:\n- {" +
                    fault + "}\n");
  };
  EXPECT_THAT(errors("account: a"), ElementsAre("s.yml:3:3: faults[0]: fault is missing"));
  EXPECT_THAT(errors("fault: rset"), ElementsAre(HasSubstr("\"rset\" is not a fault: use one of")));
  EXPECT_THAT(errors("fault: reset@2"),
              ElementsAre("s.yml:3:11: faults[0].fault: there is no connection \"2\""));
  EXPECT_THAT(errors("fault: reset, account: b"),
              ElementsAre("s.yml:3:27: faults[0].account: there is no account \"b\""));
}

// Faults may come before the accounts that they name.
TEST(Scenario, DoesNotDependOnTheOrderOfItsKeys) {
  EXPECT_THAT(ErrorsOf("faults: [{fault: reset@1, account: a}]\n"
                       "accounts:\n"
                       "- connections: [{outbound_voice_profile: 7, id: 1}]\n"
                       "  outbound_voice_profiles: [{id: 7}]\n"
                       "  name: a\n"
                       "  api_key: k\n"),
              ElementsAre());
}

TEST(Scenario, AFileThatCannotBeReadIsAnError) {
  const auto scenario = LoadScenarioFile("/nonexistent.yml");
  ASSERT_FALSE(scenario);
  EXPECT_EQ(FormatConfigMessage("x", scenario.error().at(0)),
            "x: cannot be read: No such file or directory");
}

TEST(ShippedScenarios, AreRight) {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(kScenarios)) {
    SCOPED_TRACE(file.path().string());
    names.insert(file.path().filename().string());
    EXPECT_TRUE(LoadScenarioFile(file.path().string()));
  }
  EXPECT_THAT(names, ElementsAre("busy-hour.yml", "demo.yml", "flash-crowd.yml",
                                 "outage-at-noon.yml", "stuck-calls.yml", "toll-fraud.yml"));
}

// The first connection of a shipped scenario, at a time of its first day.
class ShippedScenario {
 public:
  explicit ShippedScenario(const std::string& name)
      : scenario_(LoadScenarioFile((kScenarios / name).string()).value()),
        sim_clock_(clock_, 1, scenario_.begins),
        world_(scenario_.accounts, sim_clock_) {
    sim_clock_.Freeze();
  }

  std::shared_ptr<const CallView> At(SimTime time, std::size_t connection = 0) {
    sim_clock_.Advance(time - sim_clock_.Now());
    const AccountSettings& account = world_.accounts()[0];
    return world_.View(account, account.connections[connection].id);
  }
  std::size_t CallsAt(SimTime time, std::size_t connection = 0) {
    return At(time, connection)->legs.size();
  }
  double AgeOfOldestAt(SimTime time, std::size_t connection = 0) {
    const auto view = At(time, connection);
    return view->now - view->legs.front()->begins;
  }

 private:
  Scenario scenario_;
  ManualClock clock_;
  SimClock sim_clock_;
  CallWorld world_;
};

TEST(ShippedScenarios, TheBusyHourTriplesTheCalls) {
  ShippedScenario scenario("busy-hour.yml");
  const auto before = scenario.CallsAt(11 * kHour);
  EXPECT_GT(scenario.CallsAt(11.5 * kHour), 2 * before);
  EXPECT_LT(scenario.CallsAt(13 * kHour), 1.5 * static_cast<double>(before));
}

TEST(ShippedScenarios, TheFlashCrowdComesWithinMinutesAndGoes) {
  ShippedScenario scenario("flash-crowd.yml");
  EXPECT_LT(scenario.CallsAt(20 * kHour), 200U);
  EXPECT_GT(scenario.CallsAt(20 * kHour + 120), 1800U);
  EXPECT_LT(scenario.CallsAt(20.5 * kHour), 200U);
}

TEST(ShippedScenarios, FraudIsManyLongCallsAtNight) {
  ShippedScenario scenario("toll-fraud.yml");
  EXPECT_LT(scenario.CallsAt(2 * kHour, 1), 5U);
  EXPECT_GT(scenario.CallsAt(4 * kHour, 1), 100U);
  EXPECT_GT(scenario.AgeOfOldestAt(4 * kHour + 1, 1), 40 * 60);
  EXPECT_LT(scenario.CallsAt(12 * kHour, 1), 40U);
}

TEST(ShippedScenarios, TheOutageIsAtNoonAndOneAccounts) {
  const auto scenario = LoadScenarioFile((kScenarios / "outage-at-noon.yml").string());
  ASSERT_TRUE(scenario);
  FaultRules rules(1);
  for (const FaultRule& rule : scenario->faults) rules.Add(rule);
  const auto strikes = [&](std::string_view account, SimTime now) {
    int struck = 0;
    for (int i = 0; i < 100; ++i) {
      if (rules.Draw({.account = account, .now = now})) ++struck;
    }
    return struck;
  };
  EXPECT_LT(scenario->begins, 12 * kHour);
  EXPECT_EQ(strikes("main", scenario->begins), 0);
  EXPECT_NEAR(strikes("main", 12 * kHour + 60), 50, 25);
  EXPECT_EQ(strikes("main", 12 * kHour + 180), 100);
  EXPECT_EQ(strikes("europe", 12 * kHour + 180), 0);
  EXPECT_EQ(strikes("main", 13 * kHour), 0);
}

TEST(ShippedScenarios, StuckCallsGrowOlderThanFourHours) {
  ShippedScenario scenario("stuck-calls.yml");
  EXPECT_GT(scenario.AgeOfOldestAt(18 * kHour), kLongestCallSeconds);
}

TEST(ExporterConfig, IsOneThatTheExporterTakes) {
  const TempDir parent;
  const auto directory = parent.path() / "new" / "one";
  AccountSettings other{.name = "other", .api_key = "KEY_2"};
  ASSERT_TRUE(WriteExporterConfig(directory.string(), "http://127.0.0.1:1234/v2",
                                  {AccountSettings{}, other}));
  const auto loaded = LoadConfigFile((directory / "telnyx_exporter.yml").string());
  ASSERT_TRUE(loaded) << loaded.error().at(0).text;
  EXPECT_THAT(loaded->warnings, ElementsAre());
  ASSERT_EQ(loaded->config.accounts.size(), 2U);
  const AccountConfig& account = loaded->config.accounts[1];
  EXPECT_EQ(account.name, "other");
  EXPECT_EQ(account.base_url, "http://127.0.0.1:1234/v2");
  EXPECT_TRUE(account.discovery.enabled);
  EXPECT_TRUE(account.discovery.channel_limits);
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(directory / "other.key").permissions(),
            perms::owner_read | perms::owner_write);
  std::ifstream key_file(directory / "other.key");
  std::string key;
  EXPECT_TRUE(std::getline(key_file, key));
  EXPECT_EQ(key, "KEY_2");
}

TEST(ExporterConfig, NamesTheFileThatCannotBeWritten) {
  const auto written = WriteExporterConfig("/dev/null/x", "http://x", {AccountSettings{}});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "/dev/null/x/default.key cannot be written: Not a directory");
}

std::expected<CommandLine, CommandLineExit> ParseFlags(std::vector<std::string> flags) {
  std::vector<const char*> arguments = {"telnyx_simulator"};
  for (const std::string& flag : flags) arguments.push_back(flag.c_str());
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

TEST(SimulatorCommandLine, PlaysAScenario) {
  const TempDir directory;
  const std::string file =
      directory.Write("s.yml",
                      "begins: 12:00\nspeed: 10\n"
                      "accounts: [{name: a, api_key: k, connections: [{id: 1}]}]\n"
                      "faults: [{fault: reset}]\n");
  const auto played = ParseFlags({"--scenario=" + file, "--fault=close@1"});
  ASSERT_TRUE(played) << played.error().text;
  EXPECT_EQ(played->begins, 12 * kHour);
  EXPECT_EQ(played->time_scale, 10);
  ASSERT_EQ(played->accounts.size(), 1U);
  EXPECT_EQ(played->accounts[0].name, "a");
  ASSERT_EQ(played->faults.size(), 2U);
  EXPECT_EQ(played->faults[1].ToText(), "close@1");
  EXPECT_EQ(ParseFlags({"--scenario=" + file, "--time-scale=3"})->time_scale, 3);
}

TEST(SimulatorCommandLine, TheSeedIsForScenariosToo) {
  const std::string demo = (kScenarios / "demo.yml").string();
  const auto seed_of = [&](const std::string& flag) {
    return ParseFlags({"--scenario=" + demo, flag})
        ->accounts.at(0)
        .connections.at(0)
        .traffic.at(0)
        .seed;
  };
  EXPECT_EQ(seed_of("--seed=1"), seed_of("--seed=1"));
  EXPECT_NE(seed_of("--seed=1"), seed_of("--seed=2"));
}

TEST(SimulatorCommandLine, RefusesConnectionsThatAreNone) {
  EXPECT_TRUE(ParseFlags({"--connection=a-1_b:any name"}).has_value());
  for (const char* id : {"", ":name", "a/b", "a\"b", "a b"}) {
    const std::string flag = std::string("--connection=") + id;
    EXPECT_FALSE(ParseFlags({flag}).has_value()) << id;
  }
  EXPECT_FALSE(ParseFlags({"--connection=1", "--connection=1:again"}).has_value());
}

TEST(SimulatorCommandLine, ReadsNumbersAsDecimalOnes) {
  EXPECT_EQ(ParseFlags({"--seed=010"})->seed, 10U);
  EXPECT_EQ(ParseFlags({"--seed=18446744073709551615"})->seed, UINT64_MAX);
  EXPECT_EQ(ParseFlags({"--connections=0011"})->accounts.at(0).connections.size(), 11U);
  EXPECT_EQ(ParseFlags({"--rate-limit=07"})->api.requests_per_second, 7U);
  for (const char* flag :
       {"--seed=", "--seed=0x10", "--seed=-1", "--connections=0x10", "--rate-limit=-1",
        "--rate-limit=1.5", "--rate-limit=4294967297", "--time-scale=0x10", "--time-scale=nan",
        "--active-calls=-1", "--daily-wave=2"}) {
    const auto parsed = ParseFlags({flag, "--frozen"});
    ASSERT_FALSE(parsed.has_value()) << flag;
    EXPECT_EQ(parsed.error().exit_code, 2) << flag;
  }
}

TEST(SimulatorCommandLine, RefusesAnAddressThatIsNone) {
  const auto parsed = ParseFlags({"--web.listen-address=10036"});
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().exit_code, 2);
}

TEST(SimulatorCommandLine, RefusesAWrongScenarioWithItsPlaces) {
  const TempDir directory;
  const std::string file =
      directory.Write("s.yml", "accounts: [{name: a, api_key: k, colour: red}]\nbegin: 12:00\n");
  const auto refused = ParseFlags({"--scenario=" + file});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().exit_code, 1);
  EXPECT_THAT(refused.error().text, HasSubstr(file + ":1:34: accounts[0].colour: unknown key: "));
  EXPECT_THAT(refused.error().text,
              HasSubstr(file + ":2:1: begin: unknown key; did you mean begins?\n"));
}

TEST(SimulatorCommandLine, DoesNotTakeAScenarioBesideItsFlags) {
  for (const char* flag :
       {"--connections=5", "--active-calls=5", "--api-key=K", "--connection=1", "--daily-wave=0",
        "--mean-duration=5", "--transfer-share=0", "--even-connections"}) {
    const auto refused = ParseFlags({"--scenario=x.yml", flag});
    ASSERT_FALSE(refused) << flag;
    EXPECT_EQ(refused.error().exit_code, 2) << flag;
  }
}

TEST(SimulatorCommandLine, RefusesNumbersThatAreNone) {
  for (const char* flag :
       {"--active-calls", "--mean-duration", "--transfer-share", "--daily-wave", "--time-scale"}) {
    for (const char* value : {"nan", "inf", "-1", "x"}) {
      const auto refused = ParseFlags({std::string(flag) + "=" + value});
      ASSERT_FALSE(refused) << flag << " " << value;
      EXPECT_EQ(refused.error().exit_code, 2) << flag << " " << value;
    }
  }
}

TEST(SimulatorCommandLine, HasAnAccountWithoutAScenario) {
  const auto flags = ParseFlags({"--connections=4", "--api-key=K"});
  ASSERT_TRUE(flags);
  ASSERT_EQ(flags->accounts.size(), 1U);
  EXPECT_EQ(flags->accounts[0].api_key, "K");
  EXPECT_EQ(flags->accounts[0].connections.size(), 4U);
}

}  // namespace
}  // namespace telnyx_exporter::simulator
