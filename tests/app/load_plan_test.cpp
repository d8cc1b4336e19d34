#include "app/load_plan.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/manual_clock.h"
#include "support/read_file.h"
#include "support/temp_dir.h"
#include "support/test_certificates.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class ConfigSourceTest : public ::testing::Test {
 protected:
  void SetUp() override { setenv("TELNYX_API_KEY", "KEY", 1); }
  void TearDown() override { unsetenv("TELNYX_API_KEY"); }

  ConfigSource Default() const { return {.file = file_, .may_be_missing = true}; }

  TempDir directory_;
  std::string file_ = (directory_.path() / "config.yml").string();
};

TEST_F(ConfigSourceTest, PollsTheWholeAccountWithoutAFile) {
  const auto sourced = LoadConfig(Default());
  ASSERT_TRUE(sourced.has_value());
  ASSERT_THAT(sourced->loaded.config.accounts, SizeIs(1));
  const AccountConfig& account = sourced->loaded.config.accounts[0];
  EXPECT_TRUE(account.discovery.enabled);
  EXPECT_TRUE(account.discovery.channel_limits);
  EXPECT_EQ(sourced->origin, "built in: the whole account");
}

TEST_F(ConfigSourceTest, TakesTheDefaultFileAsSoonAsItExists) {
  directory_.Write("config.yml", "accounts: [{connections: [{id: 1}]}]\n");
  const auto sourced = LoadConfig(Default());
  ASSERT_TRUE(sourced.has_value());
  EXPECT_FALSE(sourced->loaded.config.accounts.at(0).discovery.enabled);
  EXPECT_EQ(sourced->origin, file_);
}

TEST_F(ConfigSourceTest, SaysInThreeLinesWhatToDoWithNeitherFileNorKey) {
  for (const bool empty : {false, true}) {
    empty ? setenv("TELNYX_API_KEY", "", 1) : unsetenv("TELNYX_API_KEY");
    EXPECT_THAT(LoadConfig(Default()).error(),
                ElementsAre("there is nothing to poll: " + file_ +
                                " does not exist, and TELNYX_API_KEY is not set.",
                            HasSubstr("TELNYX_API_KEY=KEY telnyx_exporter"),
                            HasSubstr("telnyx_exporter --config.file=FILE")));
  }
}

TEST_F(ConfigSourceTest, ANamedFileMustExist) {
  EXPECT_THAT(LoadConfig({.file = file_}).error(),
              ElementsAre(file_ + ": cannot be read: No such file or directory"));
}

TEST_F(ConfigSourceTest, ADefaultFileThatCannotBeReadIsAnError) {
  std::filesystem::create_symlink("/no/such/target", file_);
  EXPECT_THAT(LoadConfig(Default()).error(),
              ElementsAre(EndsWith("cannot be read: No such file or directory")));
  std::filesystem::remove(file_);
  std::filesystem::create_directory(file_);
  EXPECT_THAT(LoadConfig(Default()).error(), SizeIs(1));
}

ApiKeySource File(const std::string& path) {
  ApiKeySource source{.kind = ApiKeySource::Kind::kFile};
  SetKeyName(source, path);
  return source;
}

class ReadApiKeyTest : public ::testing::Test {
 protected:
  Result<Secret> Read(const ApiKeySource& source) { return ReadApiKey(source, &log_); }

  ManualClock clock_;
  std::ostringstream out_;
  Log log_{clock_, LogLevel::kInfo, LogFormat::kLogfmt,
           [this](std::string_view line) { out_ << line; }};
};

TEST_F(ReadApiKeyTest, NamesTheFileInAWarningAboutTheBudget) {
  const TempDir directory;
  const std::string path =
      directory.Write("c.yml",
                      "accounts: [{api_key: K, rate_limit: {requests_per_second: 0.01, burst: 1}, "
                      "connections: [{id: 1}]}]\n");
  ASSERT_TRUE(LoadPlan({.file = path}, {}, log_).has_value());
  EXPECT_THAT(out_.str(), HasSubstr("warning=\"" + path +
                                    ": account default: 1 connection every 15s needs 0.07 "));
}

TEST_F(ReadApiKeyTest, ReadsAFileWithoutItsLineEnd) {
  const TempDir directory;
  const auto key = Read(File(directory.Write("key", " KEY0123\r\n")));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->reveal(), "KEY0123");
}

TEST_F(ReadApiKeyTest, NamesAFileThatCannotBeRead) {
  EXPECT_EQ(Read(File("/no/such/key")).error().message,
            "api_key_file /no/such/key cannot be read: No such file or directory");
  EXPECT_EQ(Read(File("/usr")).error().message,
            "api_key_file /usr is a directory: it must be a regular file");
  EXPECT_EQ(Read(File("/dev/zero")).error().message,
            "api_key_file /dev/zero is a device: it must be a regular file");
}

TEST_F(ReadApiKeyTest, ShowsNoPastedKey) {
  ApiKeySource file = File("KEY0123_secret");
  file.name = "/etc/telnyx_exporter/KEY0123_secret";  // relative to the configuration
  file.place = {.line = 3, .column = 19, .path = ""};
  EXPECT_EQ(Read(file).error().message,
            "api_key_file (line 3, column 19) cannot be read: No such file or directory");
  ApiKeySource variable;
  SetKeyName(variable, "KEY0123_secret");
  variable.place = {.line = 3, .column = 18, .path = ""};
  EXPECT_EQ(Read(variable).error().message,
            "the environment variable that api_key_env names (line 3, column 18) is not set: it "
            "must hold the API key");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ReadApiKeyTest, RefusesWhatIsNoKeyWithoutShowingIt) {
  const TempDir directory;
  for (const std::string& text :
       {std::string("\n"), std::string("KEY SECRET"), std::string("KEY\nSECRET"),
        "SECRET" + std::string(5000, 'x'), std::string("SECRET\xff")}) {
    const auto key = Read(File(directory.Write("key", text)));
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().message.find("SECRET"), std::string::npos) << key.error().message;
  }
}

TEST_F(ReadApiKeyTest, ReadsTheEnvironment) {
  const ApiKeySource source{.kind = ApiKeySource::Kind::kEnvironment,
                            .name = "TELNYX_KEY_OF_A_TEST",
                            .shown_name = "TELNYX_KEY_OF_A_TEST"};
  unsetenv("TELNYX_KEY_OF_A_TEST");
  EXPECT_EQ(Read(source).error().message,
            "the environment variable TELNYX_KEY_OF_A_TEST is not set: it must hold the API key");
  setenv("TELNYX_KEY_OF_A_TEST", "KEY0123", 1);
  EXPECT_EQ(Read(source).value().reveal(), "KEY0123");
  setenv("TELNYX_KEY_OF_A_TEST", "", 1);
  EXPECT_EQ(Read(source).error().message,
            "the environment variable TELNYX_KEY_OF_A_TEST is empty: it must hold the API key");
}

TEST_F(ReadApiKeyTest, TakesAnInlineKey) {
  EXPECT_EQ(Read({.kind = ApiKeySource::Kind::kInline, .name = "", .inline_key = Secret("KEY0123")})
                .value()
                .reveal(),
            "KEY0123");
}

TEST_F(ReadApiKeyTest, RefusesAWorldWritableFile) {
  const TempDir directory;
  const std::string path = directory.Write("key", "KEY0123");
  std::filesystem::permissions(path, std::filesystem::perms(0602));
  EXPECT_EQ(Read(File(path)).error().message,
            "api_key_file " + path + " is world-writable (mode 0602): use chmod o-w");
}

TEST_F(ReadApiKeyTest, WarnsAboutGroupWritableAndWorldReadableFiles) {
  const TempDir directory;
  const std::string path = directory.Write("key", "KEY0123");
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  EXPECT_TRUE(Read(File(path)).has_value());
  EXPECT_EQ(out_.str(), "");
  std::filesystem::permissions(path, std::filesystem::perms(0660));
  EXPECT_TRUE(Read(File(path)).has_value());
  EXPECT_THAT(out_.str(), ::testing::HasSubstr(path + " is group-writable (mode 0660): use chmod "
                                                      "g-w"));
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  EXPECT_TRUE(Read(File(path)).has_value());
  EXPECT_THAT(out_.str(), ::testing::HasSubstr("level=warn msg=\"API key file\" "
                                               "warning=\"api_key_file " +
                                               path +
                                               " is world-readable (mode 0644): use chmod "
                                               "o-r\"\n"));
}

using namespace std::chrono_literals;

Result<Secret> AnyKey(const ApiKeySource&) { return Secret("KEY"); }

TEST(MakePollPlan, FillsInWhatAConnectionLeavesOut) {
  const Config config{
      .accounts = {
          {.connections = {{.id = "1"},
                           {.id = "2", .name = "sales", .interval = 5s, .channel_limit = 7}}}}};
  const auto plan = MakePollPlan(config, {}, AnyKey);
  ASSERT_TRUE(plan.has_value());
  const auto& connections = plan->accounts.at(0).connections;
  EXPECT_EQ(connections[0],
            (ConnectionPlan{
                .id = "1", .name = "1", .interval = 15s, .timeout = 10s, .peak_window = 1min}));
  EXPECT_EQ(connections[1], (ConnectionPlan{.id = "2",
                                            .name = "sales",
                                            .interval = 5s,
                                            .timeout = 5s,  // capped by its interval
                                            .peak_window = 1min,
                                            .channel_limit = 7}));
}

TEST(MakePollPlan, HandsOnWhatIsGivenOfStaleValuesAndLongCalls) {
  Config config{.long_call_thresholds = {90s, 1h}, .accounts = {{.connections = {{.id = "1"}}}}};
  config.poll.stale_after = 50s;
  const auto plan = MakePollPlan(config, {}, AnyKey);
  EXPECT_EQ(plan->accounts.at(0).connections.at(0).stale_after, Duration(50s));
  EXPECT_EQ(plan->long_call_thresholds, (std::vector<std::uint32_t>{90, 3600}));
}

TEST(MakePollPlan, UsesAnIdleIntervalThatIsLongerThanTheInterval) {
  Config config{.accounts = {{.connections = {{.id = "1"},
                                              {.id = "2", .interval = 2min},
                                              {.id = "3", .idle_interval = 5min},
                                              {.id = "4", .interval = 5s, .idle_interval = 5s}}}}};
  config.poll.idle_interval = 60s;
  const auto plan = MakePollPlan(config, {}, AnyKey);
  const auto& connections = plan->accounts.at(0).connections;
  EXPECT_EQ(connections[0].idle_interval, Duration(60s));
  EXPECT_EQ(connections[1].idle_interval, std::nullopt);
  EXPECT_EQ(connections[2].idle_interval, Duration(5min));
  EXPECT_EQ(connections[3].idle_interval, std::nullopt);
}

TEST(MakePollPlan, TakesTheProxyFromTheEnvironmentWhereConfigured) {
  const Config config{
      .accounts = {{.name = "a", .base_url = "https://a/v2", .proxy_from_environment = true},
                   {.name = "b", .base_url = "https://b/v2"},
                   {.name = "c", .base_url = "https://c/v2", .proxy_from_environment = true}}};
  const auto read = [](const std::string& name) -> std::optional<std::string> {
    if (name == "HTTPS_PROXY") return "http://proxy:3128";
    if (name == "NO_PROXY") return "c";
    return std::nullopt;
  };
  const auto plan = MakePollPlan(config, {}, AnyKey, read);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->accounts[0].endpoint->proxy_url.reveal(), "http://proxy:3128");
  EXPECT_EQ(plan->accounts[1].endpoint->proxy_url.reveal(), "");
  EXPECT_EQ(plan->accounts[2].endpoint->proxy_url.reveal(), "");
  const auto refused = MakePollPlan(
      config, {}, AnyKey, [](const std::string&) -> std::optional<std::string> { return "://"; });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().at(0),
            "account a: the environment variable HTTPS_PROXY is not a proxy's address: write "
            "http://HOST:PORT, https://, socks5:// or socks5h://");
}

TEST(MakePollPlan, GivesEachAccountItsOwnEndpoint) {
  const TestCertificates certificates;
  const std::string& authorities = certificates.ca_file();
  const Config config{
      .accounts = {
          {.name = "a", .base_url = "https://a/v2", .proxy_url = Secret("http://p")},
          {.name = "b",
           .api_key = {.name = "OTHER"},
           .base_url = "https://b/v2",
           .tls = {.ca_file = authorities, .server_name = "s", .insecure_skip_verify = true}}}};
  const auto plan = MakePollPlan(config, {}, [](const ApiKeySource& source) -> Result<Secret> {
    return Secret("key of " + source.name);
  });
  ASSERT_TRUE(plan.has_value());
  const Endpoint& first = *plan->accounts.at(0).endpoint;
  EXPECT_EQ(first.api_key.reveal(), "key of TELNYX_API_KEY");
  EXPECT_EQ(first.base_url, "https://a/v2");
  EXPECT_EQ(first.proxy_url.reveal(), "http://p");
  const Endpoint& second = *plan->accounts.at(1).endpoint;
  EXPECT_EQ(second.api_key.reveal(), "key of OTHER");
  EXPECT_EQ(second.ca_certificates, ReadFile(authorities));
  EXPECT_EQ(second.server_name, "s");
  EXPECT_TRUE(second.insecure_skip_verify);
}

TEST(ReadCaFile, TakesOnlyWholeCertificates) {
  const TempDir directory;
  const TestCertificates certificates;
  const TestCertificates::Pair server = certificates.Issue("server", "DNS:localhost");
  const std::string first = ReadFile(certificates.ca_file());
  const std::string second = ReadFile(server.certificate_file);
  const auto read = [&](const std::string& text) {
    return telnyx_exporter::ReadCaFile(directory.Write("ca.pem", text));
  };
  for (const std::string& text :
       {first, first + second, "subject=/CN=a\n" + first, first + ReadFile(server.key_file)}) {
    const auto certificates_read = read(text);
    ASSERT_TRUE(certificates_read.has_value()) << certificates_read.error().message;
    EXPECT_EQ(*certificates_read, text);
  }
  for (const std::string& text :
       {std::string(), std::string("nothing"), ReadFile(server.key_file),
        std::string("-----BEGIN CERTIFICATE-----\n"),
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        first.substr(0, first.size() / 2), first + second.substr(0, second.size() / 2)}) {
    const auto certificates_read = read(text);
    ASSERT_FALSE(certificates_read.has_value()) << text;
    EXPECT_THAT(certificates_read.error().message,
                StartsWith("is not a file of PEM certificates: "));
  }
}

TEST(MakePollPlan, NamesACaFileThatCannotBeUsed) {
  const TempDir directory;
  const std::string fifo = directory.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const Config config{.accounts = {{.name = "a", .tls = {.ca_file = fifo}}}};
  const auto plan = MakePollPlan(config, {}, AnyKey);
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().at(0),
            "account a: tls.ca_file " + fifo + " is a FIFO: it must be a regular file");
}

TEST(MakePollPlan, NamesEveryAccountWithoutAKey) {
  const Config config{.accounts = {{.name = "a"}, {.name = "b"}}};
  const auto plan = MakePollPlan(
      config, {}, [](const ApiKeySource&) -> Result<Secret> { return Fail("there is no key"); });
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error(),
            (ConfigErrors{"account a: there is no key", "account b: there is no key"}));
}

TEST(MakePollPlan, MakesADiscoveryWhereItIsEnabled) {
  const Config config{
      .accounts = {
          {.discovery = {.enabled = true,
                         .refresh_interval = 1min,
                         .max_connections = 77,
                         .include = {.name = "prod-.*", .record_type = {"a"}, .tag = {"b"}},
                         .exclude = {.name = ".*-test"},
                         .channel_limits = true}},
          {.name = "second"}}};
  const auto plan = MakePollPlan(config, {}, AnyKey);
  const auto& discovery = plan->accounts.at(0).discovery.value();
  EXPECT_EQ(discovery.refresh_interval, Duration(1min));
  EXPECT_TRUE(discovery.include.name->Matches("prod-1"));
  EXPECT_EQ(discovery.include.record_types, std::vector<std::string>{"a"});
  EXPECT_EQ(discovery.include.tags, std::vector<std::string>{"b"});
  EXPECT_TRUE(discovery.exclude.name->Matches("x-test"));
  EXPECT_TRUE(discovery.channel_limits);
  EXPECT_EQ(discovery.connection.interval, Duration(15s));
  EXPECT_EQ(discovery.connection.stale_after, std::nullopt);
  EXPECT_EQ(discovery.max_connections, 77U);
  EXPECT_FALSE(plan->accounts.at(1).discovery.has_value());
}

TEST(MakePollPlan, DividesTheRateLimitAmongTheShards) {
  const Config config{.accounts = {{.rate_limit = {.requests_per_second = 10, .burst = 20}}}};
  const auto plan = MakePollPlan(config, {.index = 1, .total = 4}, AnyKey);
  EXPECT_EQ(plan->accounts.at(0).rate_limit, (RateLimit{.requests_per_second = 2.5, .burst = 5}));
  EXPECT_EQ(
      MakePollPlan(config, {.index = 1, .total = 100}, AnyKey)->accounts.at(0).rate_limit.burst,
      1U);
}

}  // namespace
}  // namespace telnyx_exporter
