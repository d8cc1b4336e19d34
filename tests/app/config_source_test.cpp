#include "app/config_source.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

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

}  // namespace
}  // namespace telnyx_exporter
