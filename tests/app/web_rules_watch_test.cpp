#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/web_server.h"
#include "support/config_messages.h"
#include "support/string_log.h"
#include "support/temp_dir.h"
#include "support/test_certificates.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kAliceAlone =
    "basic_auth_users:\n"
    "  alice: $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n";

class WebRulesWatchTest : public ::testing::Test {
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

  void StartWatching() {
    Install(first_);
    WriteTls();
    watch_ = std::make_unique<WebRulesWatch>(loader_, loader_.Load(), MakeEvents(), log_.log());
  }

  void LookTwice() {
    watch_->Look();
    watch_->Look();
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
  WebRulesLoader loader_{path()};
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
  WriteTls(kAliceAlone);
  watch_->Look();
  EXPECT_THAT(applied_, IsEmpty());
  WriteTls(kAliceAlone + "rate_limit: {interval: 1s, burst: 1}\n");
  watch_->Look();
  EXPECT_THAT(applied_, IsEmpty());
  watch_->Look();
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
  WebRulesWatch watch(loader_, loader_.Load(), MakeEvents(), log_.log());
  std::filesystem::remove(In("link.pem"));
  std::filesystem::remove(In("link.key"));
  std::filesystem::create_symlink(second_.certificate_file, In("link.pem"));
  std::filesystem::create_symlink(second_.key_file, In("link.key"));
  watch.Look();
  watch.Look();
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
  WriteTls(kAliceAlone);
  LookTwice();
  EXPECT_THAT(TakeLog(),
              HasSubstr("web configuration refused, the old one stays\" error=\"not now\""));
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
