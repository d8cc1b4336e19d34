#include "config/web_config.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/config_messages.h"
#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

constexpr std::string_view kHash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

class InvalidWebConfig : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(InvalidWebConfig, IsRefusedWithEveryErrorAndItsPlace) {
  const std::string file = GetParam().filename().string();
  const std::string text = ReadFile(GetParam());
  const auto expected = ExpectedLines(file, text);
  ASSERT_THAT(expected, Not(IsEmpty()));
  const auto loaded = ParseWebConfig(text, "");
  ASSERT_FALSE(loaded.has_value());
  const auto lines = FormatConfigMessages(file, loaded.error());
  EXPECT_THAT(lines, ::testing::ElementsAreArray(expected));
  for (const std::string& line : lines) EXPECT_THAT(line, Not(HasSubstr("secret")));
}

INSTANTIATE_TEST_SUITE_P(Files, InvalidWebConfig,
                         ::testing::ValuesIn(InvalidFiles("config/web_data")),
                         [](const auto& parameter) { return TestName(parameter.param); });

TEST(ParseWebConfig, ReadsEverything) {
  const auto loaded = ParseWebConfig(ReadFile("config/web_data/full.yml"), "/etc/web/web.yml");
  ASSERT_TRUE(loaded.has_value()) << FormatConfigMessages("", loaded.error()).front();
  const WebConfig& config = loaded->config;
  ASSERT_TRUE(config.tls.has_value());
  EXPECT_EQ(config.tls->certificate.file, "/etc/web/server.pem");
  EXPECT_EQ(config.tls->key.file, "/etc/tls/server.key");
  EXPECT_EQ(config.tls->client_ca.file, "/etc/web/../ca.pem");
  EXPECT_EQ(
      MessageAt(config.tls->certificate.place, "is wrong"),
      (ConfigMessage{
          .line = 2, .column = 14, .path = "tls_server_config.cert_file", .text = "is wrong"}));
  EXPECT_EQ(config.tls->policy,
            (TlsPolicy{.min_version = TlsVersion::kTls11,
                       .max_version = TlsVersion::kTls12,
                       .cipher_suites = {{TlsKeyExchange::kEcdheRsa, TlsCipher::kChaCha20Poly1305},
                                         {TlsKeyExchange::kEcdheEcdsa, TlsCipher::kAes256Cbc}},
                       .groups = {TlsGroup::kP384, TlsGroup::kX25519},
                       .prefer_server_cipher_suites = false,
                       .client_auth = ClientAuth::kRequireAndVerify,
                       .client_allowed_sans = {"prometheus.example", "10.0.0.1"}}));
  EXPECT_THAT(config.headers, ElementsAre(Pair("Content-Security-Policy", "default-src 'none'"),
                                          Pair("X-Frame-Options", "deny"),
                                          Pair("X-Content-Type-Options", "nosniff"),
                                          Pair("Strict-Transport-Security", "max-age=60")));
  EXPECT_THAT(config.users, ElementsAre(Pair("alice", Secret(kHash)), Pair("bob", ::testing::_)));
  EXPECT_EQ(config.rate_limit, (WebRateLimit{.interval = 1500ms, .burst = 20}));
  EXPECT_THAT(FormatConfigMessages("f", loaded->warnings),
              ElementsAre("f:16:10: http_server_config.http2: has no effect: HTTP/1.1 is served"));
}

TEST(ParseWebConfig, SetsNoRulesWhereNoneAre) {
  for (const char* text :
       {"", "# nothing\n", "{}", "tls_server_config:\nhttp_server_config:\n", "rate_limit:\n",
        "tls_server_config: {}", "http_server_config: {headers: }", "rate_limit: {interval: 0}",
        "rate_limit: {burst: 0}"}) {
    const auto loaded = ParseWebConfig(text, "");
    ASSERT_TRUE(loaded.has_value()) << text;
    EXPECT_EQ(loaded->config, WebConfig{}) << text;
    EXPECT_THAT(loaded->warnings, IsEmpty()) << text;
  }
}

TEST(ParseWebConfig, FillsInTheDefaults) {
  const auto loaded = ParseWebConfig("tls_server_config: {cert: CERT, key: KEY}", "/etc/web.yml");
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->config.tls->policy, TlsPolicy{});
  EXPECT_EQ(loaded->config.tls->certificate.text.reveal(), "CERT");
  EXPECT_EQ(loaded->config.tls->key.text.reveal(), "KEY");
  EXPECT_TRUE(loaded->config.tls->client_ca.empty());
}

TEST(ParseWebConfig, TakesTheOldNameOfAClientAuthType) {
  const auto loaded = ParseWebConfig(
      "tls_server_config: {cert: c, key: k, client_auth_type: RequireClientCert}", "");
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->config.tls->policy.client_auth, ClientAuth::kRequireAny);
}

TEST(ParseWebConfig, WarnsOfWhatIsAllowedButShouldNotBe) {
  const auto users = ParseWebConfig("basic_auth_users: {alice: " + std::string(kHash) + "}", "");
  ASSERT_TRUE(users.has_value());
  EXPECT_THAT(FormatConfigMessages("f", users->warnings),
              ElementsAre("f:1:19: basic_auth_users: passwords cross the network unencrypted: set "
                          "tls_server_config, or put a proxy with TLS in front"));
  const auto open = ParseWebConfig(
      "tls_server_config: {cert: c, key: k, client_auth_type: RequireAndVerifyClientCert}", "");
  ASSERT_TRUE(open.has_value());
  EXPECT_THAT(
      FormatConfigMessages("f", open->warnings),
      ElementsAre("f:1:56: tls_server_config.client_auth_type: without client_ca_file every "
                  "certificate of a public authority is let in"));
  const auto unverified = ParseWebConfig(
      "tls_server_config: {cert: c, key: k, client_auth_type: RequireAnyClientCert, "
      "client_allowed_sans: [a]}",
      "");
  ASSERT_TRUE(unverified.has_value());
  EXPECT_THAT(FormatConfigMessages("f", unverified->warnings),
              ElementsAre("f:1:99: tls_server_config.client_allowed_sans: proves nothing without "
                          "client_auth_type RequireAndVerifyClientCert: anyone can make a "
                          "certificate with these names"));
}

TEST(ParseWebConfig, WarnsOfWhatLetsEveryoneIn) {
  const auto warnings = [](std::string_view text) {
    const auto loaded = ParseWebConfig(text, "");
    return loaded ? FormatConfigMessages("f", loaded->warnings) : std::vector<std::string>();
  };
  for (const std::string_view none : {"", " {}"}) {
    EXPECT_THAT(warnings(std::string("basic_auth_users:").append(none)),
                ElementsAre("f:1:1: basic_auth_users: names no user: no password is asked for"));
  }
  EXPECT_THAT(warnings("rate_limit: {burst: 10}"),
              ElementsAre("f:1:1: rate_limit: limits nothing without interval"));
}

TEST(FindUnsaidRemoval, FindsRulesInPlaceOfWhichNothingIsSaid) {
  const auto load = [](std::string_view text) { return ParseWebConfig(text, "").value(); };
  const std::string users = "basic_auth_users: {alice: " + std::string(kHash) + "}\n";
  const std::string limit = "rate_limit: {interval: 1s, burst: 1}\n";
  const std::string tls = "tls_server_config: {cert: c, key: k";
  const std::string headers = "http_server_config: {headers: {X-Frame-Options: deny}}\n";
  struct Case {
    std::string in_force, next, fault;
  };
  const std::string no_value = " has no value: remove the key to remove its rules";
  const std::vector<Case> cases = {
      {users, "", "is empty: write {} to remove all rules"},
      {users, "# basic_auth_users\n", "is empty: write {} to remove all rules"},
      {users, "basic_auth_users:\n", "basic_auth_users" + no_value},
      {users, "basic_auth_users: ~\n", "basic_auth_users" + no_value},
      {limit, "rate_limit:", "rate_limit" + no_value},
      {tls + "}", "tls_server_config:\n", "tls_server_config" + no_value},
      {headers, "http_server_config:", "http_server_config" + no_value},
      {headers, "http_server_config: {headers: }", "http_server_config.headers" + no_value},
      {users, "{}", ""},
      {users, "basic_auth_users: {}", ""},
      {users, limit, ""},
      {"", "", ""},
      {limit, limit + "basic_auth_users:\ntls_server_config:\n", ""},
      {headers, "http_server_config: {}", ""},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.in_force + " -> " + one.next);
    EXPECT_EQ(FindUnsaidRemoval(load(one.next), load(one.in_force).config), one.fault);
  }
}

TEST(ParseWebConfig, ReportsNothingThatComesOfAnotherError) {
  const auto loaded = ParseWebConfig(
      "tls_server_config: {cert: c, key: k, client_ca: a, client_auth_type: Require, "
      "client_allowed_sans: [a], min_version: TLS13, max_version: TLS9}",
      "");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(FormatConfigMessages("f", loaded.error()),
              ElementsAre(HasSubstr("\"Require\" is not a client_auth_type"),
                          HasSubstr("\"TLS9\" is not a TLS version")));
}

TEST(LoadWebConfigFile, WarnsOfAnEmptyFile) {
  const TempDir directory;
  const auto warnings = [&](const std::string& text) {
    const auto loaded = LoadWebConfigFile(directory.Write("web.yml", text));
    return FormatConfigMessages("web.yml", loaded ? loaded->warnings : loaded.error());
  };
  for (const char* text : {"", "# nothing\n"}) {
    EXPECT_THAT(warnings(text), ElementsAre("web.yml: is empty: everyone is let in over plain "
                                            "HTTP; write {} if that is meant"));
  }
  EXPECT_THAT(warnings("{}"), IsEmpty());
}

TEST(LoadWebConfigFile, StartsRelativePathsFromTheFile) {
  const TempDir directory;
  const auto loaded = LoadWebConfigFile(
      directory.Write("web.yml", "tls_server_config: {cert_file: a/c.pem, key_file: k.pem}"));
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->config.tls->certificate.file, directory.path() / "a/c.pem");
}

TEST(LoadWebConfigFile, LooksAtThePermissionsOfTheFile) {
  const TempDir directory;
  const auto lines = [&](const std::string& text, unsigned mode) {
    const std::string path = directory.Write("web.yml", text);
    std::filesystem::permissions(path, std::filesystem::perms(mode));
    const auto loaded = LoadWebConfigFile(path);
    return FormatConfigMessages("web.yml", loaded ? loaded->warnings : loaded.error());
  };
  const std::string key = "tls_server_config: {cert_file: c.pem, key: SECRET}";
  EXPECT_THAT(lines("rate_limit: {interval: 0}", 0644), IsEmpty());
  EXPECT_THAT(lines("rate_limit: {interval: 0}", 0664),
              ElementsAre("web.yml: is group-writable (mode 0664): use chmod g-w"));
  EXPECT_THAT(lines(key, 0644),
              ElementsAre("web.yml: is world-readable (mode 0644): use chmod o-r"));
  EXPECT_THAT(lines(key, 0640), IsEmpty());
  EXPECT_THAT(lines(key, 0646),
              ElementsAre("web.yml: is world-writable (mode 0646): use chmod o-w"));
}

TEST(LoadWebConfigFile, NamesAFileThatCannotBeRead) {
  const auto loaded = LoadWebConfigFile("/no/such/web.yml");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(FormatConfigMessages("/no/such/web.yml", loaded.error()),
              ElementsAre("/no/such/web.yml: cannot be read: No such file or directory"));
}

}  // namespace
}  // namespace telnyx_exporter
