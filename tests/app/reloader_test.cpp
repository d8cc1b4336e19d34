#include "app/reloader.h"

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load_config.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReloaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    key_ = directory_.Write("key", "KEY1");
    WriteConfig("support");
    reloader_.emplace(file_, LoadConfigFile(file_).value().config, Shard{}, clock_, log_, metrics_,
                      [this](PollPlan plan) {
                        plans_.push_back(std::move(plan));
                        return !stopping_;
                      });
  }

  void WriteConfig(const std::string& name) {
    file_ = directory_.Write("config.yml", "accounts: [{api_key_file: " + key_ +
                                               ", connections: [{id: 1, name: " + name + "}]}]\n");
  }

  double Successful() {
    for (const auto& family : metrics_.registry().Collect()) {
      if (family.name == "telnyx_exporter_config_last_reload_successful") {
        return family.metric.at(0).gauge.value;
      }
    }
    return -1;
  }

  TempDir directory_;
  std::string key_;
  std::string file_;
  ManualClock clock_;
  std::ostringstream out_;
  Log log_{clock_, LogLevel::kInfo, LogFormat::kLogfmt,
           [this](std::string_view line) { out_ << line; }};
  ExporterMetrics metrics_{{.version = "1", .revision = "2", .compiler = "3"}};
  std::vector<PollPlan> plans_;
  bool stopping_ = false;
  std::optional<Reloader> reloader_;
};

TEST_F(ReloaderTest, PutsANewConfigurationIntoForce) {
  WriteConfig("sales");
  EXPECT_THAT(reloader_->Reload(), IsEmpty());
  ASSERT_THAT(plans_, SizeIs(1));
  EXPECT_EQ(plans_[0].accounts.at(0).connections.at(0).name, "sales");
  EXPECT_EQ(reloader_->config()->accounts.at(0).connections.at(0).name, "sales");
  EXPECT_EQ(Successful(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("configuration reloaded"));
}

TEST_F(ReloaderTest, KeepsTheOldConfigurationWhenTheNewOneIsRefused) {
  directory_.Write("config.yml", "accounts: [{connections: [{id: 1, interval: 5x}]}]\npoll: 3\n");
  EXPECT_THAT(reloader_->Reload(),
              ElementsAre(file_ + ":1:45: accounts[0].connections[0].interval: \"5x\" is not a "
                                  "duration: write it as in 500ms, 15s or 1m30s",
                          file_ + ":2:7: poll: is a value, not a mapping"));
  EXPECT_THAT(plans_, IsEmpty());
  EXPECT_EQ(reloader_->config()->accounts.at(0).connections.at(0).name, "support");
  EXPECT_EQ(Successful(), 0);
  EXPECT_THAT(out_.str(), HasSubstr("configuration refused, the old one stays"));
}

TEST_F(ReloaderTest, KeepsTheOldConfigurationWhenAKeyCannotBeRead) {
  std::filesystem::remove(key_);
  EXPECT_THAT(reloader_->Reload(),
              ElementsAre("account default: api_key_file " + key_ + ": No such file or directory"));
  EXPECT_THAT(plans_, IsEmpty());
  EXPECT_EQ(Successful(), 0);
}

TEST_F(ReloaderTest, SucceedsAgainAfterARefusal) {
  std::filesystem::remove(key_);
  reloader_->Reload();
  directory_.Write("key", "KEY1");
  reloader_->Reload();
  EXPECT_EQ(Successful(), 1);
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
  directory_.Write("key", "");
  reloader_->RefreshKeys();
  EXPECT_THAT(reloader_->load_state().key_errors, SizeIs(1));
  EXPECT_FALSE(reloader_->load_state().refused.has_value());
  directory_.Write("key", "KEY333");
  reloader_->RefreshKeys();
  EXPECT_THAT(reloader_->load_state().key_errors, IsEmpty());
}

TEST_F(ReloaderTest, ReadsAChangedKeyAgain) {
  reloader_->RefreshKeys();
  EXPECT_THAT(plans_, IsEmpty());
  directory_.Write("key", "KEY22\n");
  reloader_->RefreshKeys();
  ASSERT_THAT(plans_, SizeIs(1));
  EXPECT_EQ(plans_[0].accounts.at(0).endpoint->api_key, Secret("KEY22"));
  reloader_->RefreshKeys();
  EXPECT_THAT(plans_, SizeIs(1));
}

TEST_F(ReloaderTest, KeepsTheOldKeyWhenTheNewOneIsNoneAndSaysSoOnce) {
  directory_.Write("key", "");
  for (int i = 0; i < 3; ++i) reloader_->RefreshKeys();
  EXPECT_THAT(plans_, IsEmpty());
  const std::string said = out_.str();
  EXPECT_THAT(said, HasSubstr("API key refused, the old one stays"));
  EXPECT_EQ(said.find("API key refused"), said.rfind("API key refused"));
  directory_.Write("key", "KEY333");
  reloader_->RefreshKeys();
  EXPECT_THAT(plans_, SizeIs(1));
}

TEST_F(ReloaderTest, SaysThatTheExporterIsStopping) {
  stopping_ = true;
  EXPECT_THAT(reloader_->Reload(), ElementsAre("the exporter is stopping"));
}

}  // namespace
}  // namespace telnyx_exporter
