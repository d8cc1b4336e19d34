#include "app/reloader.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "support/manual_clock.h"
#include "support/read_file.h"
#include "support/string_log.h"
#include "support/temp_dir.h"
#include "support/test_certificates.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class ReloaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    key_ = WriteKey("key", "KEY1");
    WriteConfig("support");
    auto loaded = LoadPlan({.file = file_}, Shard{}, log_.log());
    ASSERT_TRUE(loaded.has_value());
    metrics_.Update([](ExporterState& state) { state.config_successful = true; });
    reloader_.emplace(ConfigSource{.file = file_}, Shard{}, *loaded, clock_, log_.log(), metrics_,
                      [this](PollPlan plan) {
                        plans_.push_back(std::move(plan));
                        return !stopping_;
                      });
  }

  std::string WriteKey(const std::string& name, const std::string& text) const {
    const std::string path = directory_.Write(name, text);
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
  }
  void WriteConfig(const std::string& name) {
    file_ = directory_.Write("config.yml", "accounts: [{api_key_file: " + key_ +
                                               ", connections: [{id: 1, name: " + name + "}]}]\n");
  }
  /// Twice, so that a change has settled.
  void LookTwice() {
    reloader_->ReloadChangedKeys();
    reloader_->ReloadChangedKeys();
  }
  const Secret& NewestKey(std::size_t account = 0) const {
    return plans_.back().accounts.at(account).endpoint->api_key;
  }

  TempDir directory_;
  std::string key_;
  std::string file_;
  ManualClock clock_;
  StringLog log_;
  std::vector<PollPlan> plans_;
  ExporterMetrics metrics_{BuildInfo{}};
  bool stopping_ = false;
  std::optional<Reloader> reloader_;
};

TEST_F(ReloaderTest, PutsANewConfigurationIntoForce) {
  WriteConfig("sales");
  EXPECT_THAT(reloader_->Reload(), IsEmpty());
  ASSERT_THAT(plans_, SizeIs(1));
  EXPECT_EQ(plans_[0].accounts.at(0).connections.at(0).name, "sales");
  EXPECT_EQ(reloader_->config()->accounts.at(0).connections.at(0).name, "sales");
  EXPECT_TRUE(metrics_.state().config_successful);
  EXPECT_EQ(metrics_.state().config_loaded, clock_.WallNow());
  EXPECT_THAT(log_.text(), HasSubstr("configuration reloaded"));
}

TEST_F(ReloaderTest, DoesNotPollTheWholeAccountWhenItsFileHasGone) {
  setenv("TELNYX_API_KEY", "KEY1", 1);
  std::filesystem::remove(file_);
  const ConfigSource may_be_missing{.file = file_, .may_be_missing = true};
  auto built_in = LoadPlan(may_be_missing, Shard{}, log_.log());
  ASSERT_TRUE(built_in.has_value());
  const auto use = [this](PollPlan plan) {
    plans_.push_back(std::move(plan));
    return true;
  };
  Reloader reloader(may_be_missing, Shard{}, *built_in, clock_, log_.log(), metrics_, use);
  EXPECT_THAT(reloader.Reload(), IsEmpty());
  WriteConfig("support");
  EXPECT_THAT(reloader.Reload(), IsEmpty());
  std::filesystem::remove(file_);
  EXPECT_THAT(reloader.Reload(),
              ElementsAre(file_ + ": cannot be read: No such file or directory"));
  EXPECT_THAT(plans_, SizeIs(2));
  unsetenv("TELNYX_API_KEY");
}

TEST_F(ReloaderTest, KeepsTheOldConfigurationWhenTheNewOneIsRefused) {
  directory_.Write("config.yml", "accounts: [{connections: [{id: 1, interval: 5x}]}]\npoll: 3\n");
  EXPECT_THAT(reloader_->Reload(),
              ElementsAre(file_ + ":1:45: accounts[0].connections[0].interval: \"5x\" is not a "
                                  "duration: write it like 500ms, 15s or 1m30s",
                          file_ + ":2:7: poll: is a single value, not a mapping"));
  EXPECT_THAT(plans_, IsEmpty());
  EXPECT_EQ(reloader_->config()->accounts.at(0).connections.at(0).name, "support");
  EXPECT_FALSE(metrics_.state().config_successful);
  EXPECT_THAT(log_.text(), HasSubstr("configuration refused, the old one stays"));
}

TEST_F(ReloaderTest, KeepsTheOldConfigurationWhenAKeyCannotBeRead) {
  std::filesystem::remove(key_);
  EXPECT_THAT(reloader_->Reload(), ElementsAre(file_ + ": account default: api_key_file " + key_ +
                                               " cannot be read: No such file or directory"));
  EXPECT_THAT(plans_, IsEmpty());
  EXPECT_FALSE(metrics_.state().config_successful);
}

TEST_F(ReloaderTest, SucceedsAgainAfterARefusal) {
  std::filesystem::remove(key_);
  reloader_->Reload();
  EXPECT_FALSE(metrics_.state().config_successful);
  WriteKey("key", "KEY1");
  reloader_->Reload();
  EXPECT_TRUE(metrics_.state().config_successful);
}

TEST_F(ReloaderTest, TellsHowLoadingWent) {
  const WallTime loaded = clock_.WallNow();
  EXPECT_EQ(reloader_->load_state().file, file_);
  EXPECT_EQ(reloader_->load_state().loaded, loaded);
  EXPECT_FALSE(reloader_->load_state().refused.has_value());
  clock_.Advance(std::chrono::minutes(1));
  directory_.Write("config.yml", "poll: 3\n");
  const std::vector<std::string> errors = reloader_->Reload();
  EXPECT_EQ(reloader_->load_state().loaded, loaded);
  EXPECT_EQ(reloader_->load_state().refused, clock_.WallNow());
  EXPECT_EQ(reloader_->load_state().errors, errors);
  WriteConfig("sales");
  reloader_->Reload();
  EXPECT_EQ(reloader_->load_state().loaded, clock_.WallNow());
  EXPECT_FALSE(reloader_->load_state().refused.has_value());
  EXPECT_THAT(reloader_->load_state().errors, IsEmpty());
}

TEST_F(ReloaderTest, TellsWhichChangedKeyWasRefused) {
  WriteKey("key", "");
  LookTwice();
  EXPECT_THAT(reloader_->load_state().key_errors, SizeIs(1));
  EXPECT_FALSE(reloader_->load_state().refused.has_value());
  WriteKey("key", "KEY333");
  LookTwice();
  EXPECT_THAT(reloader_->load_state().key_errors, IsEmpty());
}

TEST_F(ReloaderTest, ReadsAChangedKeyAgain) {
  LookTwice();
  EXPECT_THAT(plans_, IsEmpty());
  WriteKey("key", "KEY22\n");
  LookTwice();
  ASSERT_THAT(plans_, SizeIs(1));
  EXPECT_EQ(plans_[0].accounts.at(0).endpoint->api_key, Secret("KEY22"));
  LookTwice();
  EXPECT_THAT(plans_, SizeIs(1));
}

TEST_F(ReloaderTest, KeepsTheOldKeyWhenTheNewOneIsNoneAndSaysSoOnce) {
  WriteKey("key", "");
  for (int i = 0; i < 3; ++i) LookTwice();
  for (const PollPlan& plan : plans_) {
    EXPECT_EQ(plan.accounts.at(0).endpoint->api_key, Secret("KEY1"));
  }
  const std::string said = log_.text();
  EXPECT_THAT(said, HasSubstr("API key refused, the old one stays"));
  EXPECT_EQ(said.find("API key refused"), said.rfind("API key refused"));
  EXPECT_THAT(said, Not(HasSubstr("API keys reloaded")));
  WriteKey("key", "KEY333");
  LookTwice();
  EXPECT_EQ(NewestKey(), Secret("KEY333"));
  EXPECT_THAT(log_.text(), HasSubstr("msg=\"API keys reloaded\" refused=0"));
}

TEST_F(ReloaderTest, ReadsAKeyThatIsRotatedAfterARefusedReload) {
  directory_.Write("config.yml",
                   "accounts: [{api_key_file: /no/such/key, connections: [{id: 1}]}]\n");
  EXPECT_THAT(reloader_->Reload(), SizeIs(1));
  WriteKey("key", "KEY22");
  LookTwice();
  ASSERT_THAT(plans_, SizeIs(1));
  EXPECT_EQ(NewestKey(), Secret("KEY22"));
}

TEST_F(ReloaderTest, ReadsAKeyThatIsRotatedAfterAnUnreadableConfiguration) {
  std::filesystem::remove(file_);
  std::filesystem::create_directory(file_);
  EXPECT_THAT(reloader_->Reload(), SizeIs(1));
  EXPECT_FALSE(metrics_.state().config_successful);
  WriteKey("key", "KEY22");
  LookTwice();
  ASSERT_THAT(plans_, SizeIs(1));
  EXPECT_EQ(NewestKey(), Secret("KEY22"));
}

TEST_F(ReloaderTest, WatchesTheKeyFilesOfTheConfigurationInForce) {
  const std::string other = WriteKey("other", "OTHER1");
  directory_.Write("config.yml",
                   "accounts: [{api_key_file: " + other + ", connections: [{id: 1}]}]\n");
  EXPECT_THAT(reloader_->Reload(), IsEmpty());
  WriteKey("key", "KEY22");
  LookTwice();
  EXPECT_THAT(plans_, SizeIs(1));
  WriteKey("other", "OTHER22");
  LookTwice();
  ASSERT_THAT(plans_, SizeIs(2));
  EXPECT_EQ(NewestKey(), Secret("OTHER22"));
}

TEST_F(ReloaderTest, OneBrokenKeyKeepsNoOtherFromBeingRead) {
  const std::string other = WriteKey("other", "OTHER1");
  directory_.Write("config.yml", "accounts:\n- {name: a, api_key_file: " + key_ +
                                     ", connections: [{id: 1}]}\n- {name: b, api_key_file: " +
                                     other + ", connections: [{id: 1}]}\n");
  EXPECT_THAT(reloader_->Reload(), IsEmpty());
  std::filesystem::remove(key_);
  WriteKey("other", "OTHER22");
  LookTwice();
  EXPECT_EQ(NewestKey(0), Secret("KEY1"));
  EXPECT_EQ(NewestKey(1), Secret("OTHER22"));
  EXPECT_THAT(log_.text(), HasSubstr("msg=\"API keys reloaded\" refused=1"));
  EXPECT_THAT(metrics_.state().api_key_readable,
              UnorderedElementsAre(Pair("a", false), Pair("b", true), Pair("default", true)));
  WriteKey("key", "KEY1");
  LookTwice();
  EXPECT_TRUE(metrics_.state().api_key_readable["a"]);
}

TEST_F(ReloaderTest, ReadsAChangedCaFileAgainAndKeepsTheOldOneWhenItIsNone) {
  const TestCertificates certificates;
  const TestCertificates others;
  const std::string first = ReadFile(certificates.ca_file());
  const std::string second = ReadFile(others.ca_file());
  directory_.Write("ca.pem", first);
  directory_.Write("config.yml", "accounts: [{api_key_file: " + key_ +
                                     ", tls: {ca_file: ca.pem}, connections: [{id: 1}]}]\n");
  ASSERT_THAT(reloader_->Reload(), IsEmpty());
  const auto newest = [this] { return plans_.back().accounts.at(0).endpoint->ca_certificates; };
  EXPECT_EQ(newest(), first);
  directory_.Write("ca.pem", second);
  LookTwice();
  EXPECT_EQ(newest(), second);
  directory_.Write("ca.pem", first.substr(0, first.size() / 2));
  LookTwice();
  EXPECT_THAT(reloader_->load_state().key_errors,
              ElementsAre(HasSubstr("ca.pem is not a file of PEM certificates: ")));
  EXPECT_EQ(newest(), second);
  std::filesystem::remove(directory_.path() / "ca.pem");
  WriteKey("key", "KEY22");
  LookTwice();
  EXPECT_EQ(newest(), second);
  EXPECT_EQ(NewestKey().reveal(), "KEY22");
  EXPECT_THAT(log_.text(), HasSubstr("msg=\"CA file refused, the old one stays\" file=" + file_ +
                                     " error=\"tls.ca_file "));
  EXPECT_THAT(log_.text(), HasSubstr("ca.pem cannot be read: No such file or directory"));
  EXPECT_THAT(log_.text(), Not(HasSubstr("API key refused")));
}

// The process may have no file descriptor left, which shows in no status of the file.
TEST_F(ReloaderTest, ReadsAKeyAgainThatCouldNotBeReadForAWhile) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  WriteKey("key", "KEY22");
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  for (int i = 0; i < 10; ++i) LookTwice();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(reloader_->load_state().key_errors,
              ElementsAre("api_key_file " + key_ + " cannot be read: Too many open files"));
  EXPECT_EQ(NewestKey(), Secret("KEY1"));
  EXPECT_THAT(plans_, SizeIs(1));
  const std::string said = log_.text();
  EXPECT_EQ(said.find("API key refused"), said.rfind("API key refused"));
  for (int i = 0; i < 3; ++i) LookTwice();
  EXPECT_EQ(NewestKey(), Secret("KEY22"));
  EXPECT_THAT(plans_, SizeIs(2));
  EXPECT_THAT(reloader_->load_state().key_errors, IsEmpty());
  EXPECT_TRUE(metrics_.state().api_key_readable["default"]);
  for (int i = 0; i < 10; ++i) LookTwice();
  EXPECT_THAT(plans_, SizeIs(2));
}

TEST_F(ReloaderTest, SaysThatTheExporterIsStopping) {
  stopping_ = true;
  EXPECT_THAT(reloader_->Reload(), ElementsAre("the exporter is stopping"));
}

}  // namespace
}  // namespace telnyx_exporter
