#include "app/web_server.h"

#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "support/config_messages.h"
#include "support/manual_clock.h"
#include "support/string_log.h"
#include "support/temp_dir.h"
#include "support/test_certificates.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kUsers =
    "basic_auth_users:\n"
    "  alice: $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n";

FileSet FilesNamed(const std::vector<std::string>& paths) {
  FileSet files;
  for (const std::string& file : paths) files.Add(file);
  return files;
}

class WebRulesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificates_ = new TestCertificates();
    first_ = certificates_->Issue("first", "DNS:localhost");
    second_ = certificates_->Issue("second", "DNS:localhost");
  }
  static void TearDownTestSuite() { delete certificates_; }

  /// Puts a certificate where the configuration below says.
  void Install(const TestCertificates::Pair& pair) const {
    directory_.Write("server.pem", ReadFile(pair.certificate_file));
    directory_.Write("server.key", ReadFile(pair.key_file));
  }
  std::string WriteTls(const std::string& more = {}) const {
    return directory_.Write(
        "web.yml", "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n" + more);
  }
  std::string path() const { return directory_.path() / "web.yml"; }
  std::string In(const std::string& name) const { return directory_.path() / name; }

  static inline TestCertificates* certificates_ = nullptr;
  static inline TestCertificates::Pair first_;
  static inline TestCertificates::Pair second_;
  const TempDir directory_;
};

using LoadWebRulesTest = WebRulesTest;

TEST_F(LoadWebRulesTest, MakesRulesOfTheFile) {
  directory_.Write("web.yml", kUsers +
                                  "http_server_config: {headers: {X-Frame-Options: deny}}\n"
                                  "rate_limit: {interval: 2s, burst: 5}\n");
  std::filesystem::permissions(path(), std::filesystem::perms(0640));
  const WebRulesAttempt attempt = LoadWebRules(path());
  ASSERT_TRUE(attempt.outcome.has_value());
  const AccessRules& rules = *attempt.outcome->rules;
  EXPECT_EQ(rules.tls, nullptr);
  EXPECT_EQ(rules.users.size(), 1U);
  EXPECT_TRUE(rules.users.contains("alice"));
  EXPECT_THAT(rules.headers, ElementsAre(::testing::Pair("X-Frame-Options", "deny")));
  EXPECT_EQ(rules.request_limit, (RequestLimit{.interval = 2s, .burst = 5}));
  EXPECT_EQ(attempt.outcome->warnings.size(), 1U);
  EXPECT_EQ(attempt.files, FilesNamed({path()}));
}

TEST_F(LoadWebRulesTest, LooksAtThePermissionsOfTheKey) {
  Install(first_);
  WriteTls();
  const auto warnings = [&](unsigned mode) {
    std::filesystem::permissions(In("server.key"), std::filesystem::perms(mode));
    const WebRulesAttempt attempt = LoadWebRules(path());
    std::vector<std::string> lines;
    for (const auto& message :
         attempt.outcome ? attempt.outcome->warnings : attempt.outcome.error()) {
      lines.push_back(FormatConfigMessage("web.yml", message));
    }
    return lines;
  };
  const std::string key = "web.yml:3:13: tls_server_config.key_file: " + In("server.key");
  EXPECT_THAT(warnings(0600), IsEmpty());
  EXPECT_THAT(warnings(0660), ElementsAre(key + " is group-writable (mode 0660): use chmod g-w"));
  EXPECT_THAT(warnings(0644), ElementsAre(key + " is world-readable (mode 0644): use chmod o-r"));
  EXPECT_THAT(warnings(0602), ElementsAre(key + " is world-writable (mode 0602): use chmod o-w"));
}

TEST_F(LoadWebRulesTest, WarnsOfACertificateThatHasExpired) {
  Install(certificates_->IssueExpired("expired", "DNS:localhost"));
  std::filesystem::permissions(In("server.key"), std::filesystem::perms(0600));
  WriteTls();
  const WebRulesAttempt attempt = LoadWebRules(path());
  ASSERT_TRUE(attempt.outcome.has_value());
  EXPECT_THAT(FormatConfigMessages("web.yml", attempt.outcome->warnings),
              ElementsAre("web.yml:2:14: tls_server_config.cert_file: " + In("server.pem") +
                          " has expired: clients that check it refuse it"));
}

TEST_F(LoadWebRulesTest, ReadsTheCertificatesToo) {
  Install(first_);
  WriteTls();
  const WebRulesAttempt attempt = LoadWebRules(path());
  ASSERT_TRUE(attempt.outcome.has_value());
  EXPECT_NE(attempt.outcome->rules->tls, nullptr);
  EXPECT_EQ(attempt.files, FilesNamed({path(), In("server.pem"), In("server.key")}));
}

TEST_F(LoadWebRulesTest, TakesInlineCertificates) {
  const auto indent = [](std::string text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 5) {
      text.insert(at + 1, "    ");
    }
    return "|\n    " + text + "\n";
  };
  directory_.Write("web.yml",
                   "tls_server_config:\n  cert: " + indent(ReadFile(first_.certificate_file)) +
                       "  key: " + indent(ReadFile(first_.key_file)));
  const WebRulesAttempt attempt = LoadWebRules(path());
  ASSERT_TRUE(attempt.outcome.has_value())
      << FormatConfigMessages("", attempt.outcome.error()).front();
  EXPECT_NE(attempt.outcome->rules->tls, nullptr);
  EXPECT_EQ(attempt.files, FilesNamed({path()}));
}

TEST_F(LoadWebRulesTest, KeepsItsContextWhileNothingOfTlsChanges) {
  Install(first_);
  WriteTls();
  const auto before = LoadWebRules(path()).outcome->rules->tls;
  const auto now = [&] { return LoadWebRules(path(), before).outcome->rules->tls; };
  WriteTls(kUsers);
  EXPECT_EQ(now(), before);
  WriteTls("  min_version: TLS13\n");
  EXPECT_NE(now(), before);
  WriteTls();
  Install(second_);
  EXPECT_NE(now(), before);
}

TEST_F(LoadWebRulesTest, SaysWhatIsWrongWithEveryFileAtItsPlace) {
  directory_.Write("server.pem", "nothing");
  directory_.Write("ca.pem", "nothing");
  WriteTls("  client_ca_file: ca.pem\n  client_auth_type: RequestClientCert\n");
  const WebRulesAttempt attempt = LoadWebRules(path());
  ASSERT_FALSE(attempt.outcome.has_value());
  EXPECT_THAT(
      FormatConfigMessages("web.yml", attempt.outcome.error()),
      ElementsAre(StartsWith("web.yml:2:14: tls_server_config.cert_file: " + In("server.pem") +
                             " is not a certificate in PEM: "),
                  "web.yml:3:13: tls_server_config.key_file: " + In("server.key") +
                      " cannot be read: No such file or directory",
                  StartsWith("web.yml:4:19: tls_server_config.client_ca_file: " + In("ca.pem") +
                             " holds no certificate in PEM: ")));
  EXPECT_EQ(attempt.files, FilesNamed({path(), In("server.pem"), In("server.key"), In("ca.pem")}));
}

TEST_F(LoadWebRulesTest, SaysThatAKeyIsAnothers) {
  Install(first_);
  directory_.Write("server.key", ReadFile(second_.key_file));
  WriteTls();
  const WebRulesAttempt attempt = LoadWebRules(path());
  ASSERT_FALSE(attempt.outcome.has_value());
  EXPECT_THAT(FormatConfigMessages("web.yml", attempt.outcome.error()),
              ElementsAre(StartsWith("web.yml:3:13: tls_server_config.key_file: " +
                                     In("server.key") + " does not go with the certificate: ")));
}

TEST_F(LoadWebRulesTest, SaysThatNoSuiteGoesWithTheKey) {
  Install(first_);
  WriteTls("  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n");
  EXPECT_THAT(FormatConfigMessages("web.yml", LoadWebRules(path()).outcome.error()),
              ElementsAre("web.yml: tls_server_config.cipher_suites: has no suite for the "
                          "certificate's key, which is not an RSA key"));
}

TEST_F(LoadWebRulesTest, BoundsWhatItReads) {
  Install(first_);
  directory_.Write("server.pem", std::string(2U << 20U, '\n'));
  WriteTls();
  EXPECT_THAT(FormatConfigMessages("web.yml", LoadWebRules(path()).outcome.error()),
              ElementsAre("web.yml:2:14: tls_server_config.cert_file: " + In("server.pem") +
                          " is larger than 1MiB"));
}

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WebRulesWatchTest : public WebRulesTest {
 protected:
  void StartWatching() {
    Install(first_);
    WriteTls();
    watch_ =
        std::make_unique<WebRulesWatch>(path(), LoadWebRules(path()), MakeEvents(), log_.log());
  }

  void LookTwice() {
    watch_->ReloadChanged();
    watch_->ReloadChanged();
  }
  std::string TakeLog() { return log_.Take(); }
  WebRulesWatch::Events MakeEvents() {
    return {.apply = [this](std::shared_ptr<const AccessRules> rules) -> Result<void> {
              if (refuses_) return telnyx_exporter::Fail("not now");
              applied_.push_back(std::move(rules));
              return {};
            },
            .on_loaded = [this](std::vector<std::string> errors) { errors_ = std::move(errors); },
            .on_certificate = [this](std::optional<WallTime> expiry) { expiry_ = expiry; }};
  }

  StringLog log_;
  std::vector<std::string> errors_{"nothing was told"};
  std::optional<WallTime> expiry_;
  bool refuses_ = false;
  std::vector<std::shared_ptr<const AccessRules>> applied_;
  std::unique_ptr<WebRulesWatch> watch_;
};

TEST_F(WebRulesWatchTest, LeavesUnchangedFilesAlone) {
  StartWatching();
  LookTwice();
  LookTwice();
  EXPECT_THAT(applied_, IsEmpty());
  EXPECT_EQ(TakeLog(), "");
}

TEST_F(WebRulesWatchTest, TakesAChangeUpWhenItHasSettled) {
  StartWatching();
  WriteTls(kUsers);
  watch_->ReloadChanged();
  EXPECT_THAT(applied_, IsEmpty());
  WriteTls(kUsers + "rate_limit: {interval: 1s, burst: 1}\n");
  watch_->ReloadChanged();
  EXPECT_THAT(applied_, IsEmpty());
  watch_->ReloadChanged();
  ASSERT_EQ(applied_.size(), 1U);
  EXPECT_TRUE(applied_[0]->request_limit.has_value());
  EXPECT_THAT(TakeLog(), HasSubstr("msg=\"web configuration reloaded\" file=" + path()));
  LookTwice();
  EXPECT_EQ(applied_.size(), 1U);
}

TEST_F(WebRulesWatchTest, SeesTheCertificateChange) {
  StartWatching();
  Install(second_);
  LookTwice();
  EXPECT_EQ(applied_.size(), 1U);
}

TEST_F(WebRulesWatchTest, SeesASymbolicLinkMoved) {
  std::filesystem::create_symlink(first_.certificate_file, In("link.pem"));
  Install(first_);
  directory_.Write("web.yml", "tls_server_config: {cert_file: link.pem, key_file: link.key}");
  std::filesystem::create_symlink(first_.key_file, In("link.key"));
  WebRulesWatch watch(path(), LoadWebRules(path()), MakeEvents(), log_.log());
  std::filesystem::remove(In("link.pem"));
  std::filesystem::remove(In("link.key"));
  std::filesystem::create_symlink(second_.certificate_file, In("link.pem"));
  std::filesystem::create_symlink(second_.key_file, In("link.key"));
  watch.ReloadChanged();
  watch.ReloadChanged();
  EXPECT_EQ(applied_.size(), 1U);
}

TEST_F(WebRulesWatchTest, KeepsTheLastGoodOneAndSaysSoOnce) {
  StartWatching();
  directory_.Write("server.pem", "nothing");
  LookTwice();
  EXPECT_THAT(applied_, IsEmpty());
  EXPECT_THAT(TakeLog(), HasSubstr("level=error msg=\"web configuration refused, the old one "
                                   "stays\" error=\"" +
                                   path() + ":2:14: tls_server_config.cert_file: "));
  LookTwice();
  EXPECT_EQ(TakeLog(), "");
  std::filesystem::remove(In("server.pem"));
  LookTwice();
  EXPECT_THAT(TakeLog(), HasSubstr("cannot be read: No such file or directory"));
  Install(second_);
  LookTwice();
  EXPECT_EQ(applied_.size(), 1U);
}

TEST_F(WebRulesWatchTest, KeepsUsersWhileTheFileDoesNotSayThatTheyAreGone) {
  directory_.Write("web.yml", kUsers);
  watch_ = std::make_unique<WebRulesWatch>(path(), LoadWebRules(path()), MakeEvents(), log_.log());
  directory_.Write("web.yml", "basic_auth_users:\n");
  LookTwice();
  EXPECT_THAT(applied_, IsEmpty());
  EXPECT_THAT(errors_, ElementsAre(path() + ": basic_auth_users has no value: remove the key to "
                                            "remove its rules"));
  directory_.Write("web.yml", "basic_auth_users: {}\n");
  LookTwice();
  ASSERT_EQ(applied_.size(), 1U);
  EXPECT_THAT(applied_[0]->users, IsEmpty());
}

TEST_F(WebRulesWatchTest, WaitsForAFileThatABrokenConfigurationNames) {
  StartWatching();
  directory_.Write("web.yml", "tls_server_config: {cert_file: new.pem, key_file: server.key}");
  LookTwice();
  EXPECT_THAT(TakeLog(), HasSubstr("new.pem cannot be read"));
  directory_.Write("new.pem", ReadFile(first_.certificate_file));
  LookTwice();
  EXPECT_EQ(applied_.size(), 1U);
}

TEST_F(WebRulesWatchTest, SaysWhenTheServerCannotTakeThem) {
  StartWatching();
  refuses_ = true;
  WriteTls(kUsers);
  LookTwice();
  EXPECT_THAT(TakeLog(), HasSubstr("web configuration refused, the old one stays\" error=\"" +
                                   path() + ": not now\""));
  LookTwice();
  EXPECT_EQ(TakeLog(), "");
}

TEST_F(WebRulesWatchTest, SaysWhatShouldBeDifferent) {
  StartWatching();
  WriteTls("http_server_config: {http2: true}\n");
  LookTwice();
  EXPECT_THAT(TakeLog(), HasSubstr("level=warn msg=\"web configuration\" "
                                   "warning=\"" +
                                   path() + ":4:29: http_server_config.http2: has no effect"));
}

TEST_F(WebRulesWatchTest, RenewsCertificatesWhileTheConfigurationIsBroken) {
  StartWatching();
  const auto before = expiry_;
  EXPECT_TRUE(before.has_value());
  directory_.Write("web.yml", "x: 1\n");
  LookTwice();
  EXPECT_THAT(errors_, ElementsAre(HasSubstr("web.yml:1:1: x: unknown key")));
  EXPECT_THAT(applied_, IsEmpty());
  Install(second_);
  LookTwice();
  ASSERT_EQ(applied_.size(), 1U);
  EXPECT_NE(applied_[0]->tls, nullptr);
  EXPECT_THAT(TakeLog(), HasSubstr("msg=\"certificates reloaded\""));
  EXPECT_THAT(errors_, ElementsAre(HasSubstr("web.yml:1:1: x: unknown key")));
  WriteTls();
  LookTwice();
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(WebRulesWatchTest, RenewsCertificatesWhileTheServerRefusesTheConfiguration) {
  StartWatching();
  directory_.Write("web.yml", "");
  refuses_ = true;  // TLS cannot be switched off
  LookTwice();
  refuses_ = false;
  directory_.Write("web.yml", "x: 1\n");
  Install(second_);
  LookTwice();
  ASSERT_EQ(applied_.size(), 1U);
  EXPECT_NE(applied_[0]->tls, nullptr);
}

TEST_F(WebRulesWatchTest, KeepsItsRulesWhenTheFileBecomesEmpty) {
  for (const std::string& rules :
       {kUsers, std::string("rate_limit: {interval: 1s, burst: 1}\n"),
        std::string("http_server_config: {headers: {X-Frame-Options: deny}}\n")}) {
    directory_.Write("web.yml", rules);
    applied_.clear();
    WebRulesWatch watch(path(), LoadWebRules(path()), MakeEvents(), log_.log());
    const auto write = [&](const std::string& text) {
      directory_.Write("web.yml", text);
      watch.ReloadChanged();
      watch.ReloadChanged();
    };
    for (const char* nothing : {"", "# nobody\n", "---\n"}) {
      write(nothing);
      EXPECT_THAT(errors_, ElementsAre(path() + ": is empty: write {} to remove all rules"));
    }
    EXPECT_THAT(applied_, IsEmpty());
    write("{}\n");
    EXPECT_THAT(errors_, IsEmpty());
    ASSERT_EQ(applied_.size(), 1U);
    EXPECT_THAT(applied_[0]->users, IsEmpty());
  }
}

TEST_F(WebRulesWatchTest, TakesAnEmptyFileWhereThereAreNoRules) {
  directory_.Write("web.yml", "{}\n");
  WebRulesWatch watch(path(), LoadWebRules(path()), MakeEvents(), log_.log());
  directory_.Write("web.yml", "");
  watch.ReloadChanged();
  watch.ReloadChanged();
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(WebRulesWatchTest, TellsHowEachAttemptEnded) {
  StartWatching();
  EXPECT_THAT(errors_, IsEmpty());
  directory_.Write("server.pem", "nothing");
  LookTwice();
  EXPECT_THAT(errors_, ElementsAre(HasSubstr("is not a certificate in PEM")));
  Install(first_);
  LookTwice();
  EXPECT_THAT(errors_, IsEmpty());
}

// The process may have no file descriptor left, which shows in no status of a file.
TEST_F(WebRulesWatchTest, ReadsFilesAgainThatCouldNotBeReadForAWhile) {
  StartWatching();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  Install(second_);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  for (int i = 0; i < 10; ++i) LookTwice();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(errors_, Not(IsEmpty()));
  EXPECT_THAT(applied_, IsEmpty());
  const std::string said = TakeLog();
  EXPECT_EQ(said.find(path() + " cannot be read"), said.rfind(path() + " cannot be read"));
  for (int i = 0; i < 3; ++i) LookTwice();
  EXPECT_THAT(errors_, IsEmpty());
  EXPECT_EQ(applied_.size(), 1U);
  for (int i = 0; i < 10; ++i) LookTwice();
  EXPECT_EQ(applied_.size(), 1U);
}

TEST_F(WebRulesWatchTest, SaysOnceThatTheServerCannotTakeTheRules) {
  StartWatching();
  refuses_ = true;
  WriteTls("http_server_config: {http2: true}\n");
  for (int i = 0; i < 10; ++i) LookTwice();
  const std::string said = TakeLog();
  EXPECT_EQ(said.find("msg="), said.rfind("msg="));
  EXPECT_THAT(errors_, ElementsAre(path() + ": not now"));
}

// The certificates in force are also those of the newer configuration.
TEST_F(WebRulesWatchTest, TellsAllErrorsAndEachOnce) {
  StartWatching();
  std::filesystem::remove(In("server.pem"));
  LookTwice();
  EXPECT_THAT(errors_, ElementsAre(HasSubstr("server.pem cannot be read")));
  directory_.Write("web.yml", "x: 1\n");
  LookTwice();
  const auto both = ElementsAre(HasSubstr("x: unknown key"), HasSubstr("server.pem cannot be"));
  EXPECT_THAT(errors_, both);
  directory_.Write("web.yml", "x: 22\n");
  LookTwice();
  EXPECT_THAT(errors_, both);
}

TEST_F(WebRulesWatchTest, RefusesADirectoryInTheFilesPlace) {
  StartWatching();
  std::filesystem::remove(path());
  std::filesystem::create_directory(path());
  LookTwice();
  EXPECT_THAT(errors_, ElementsAre(HasSubstr("web.yml")));
  EXPECT_THAT(applied_, IsEmpty());
}

}  // namespace
}  // namespace telnyx_exporter
