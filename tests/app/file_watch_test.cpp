#include "app/file_watch.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

class FileWatchTest : public ::testing::Test {
 protected:
  void WatchFile(const std::string& path) {
    FileSet files;
    files.Add(path);
    watch_.Watch(files);
  }
  /// Twice, so that a change has settled.
  bool SeesChange() {
    watch_.TakeChange();
    return watch_.TakeChange();
  }

  const TempDir directory_;
  FileWatch watch_;
};

TEST_F(FileWatchTest, SeesNothingWhereNothingChanges) {
  EXPECT_FALSE(SeesChange());
  WatchFile(directory_.Write("a", "1"));
  EXPECT_FALSE(SeesChange());
  WatchFile("/no/such/file");
  EXPECT_FALSE(SeesChange());
}

TEST_F(FileWatchTest, TellsEachChangeOnce) {
  const std::string path = directory_.Write("a", "1");
  WatchFile(path);
  directory_.Write("a", "22");
  EXPECT_TRUE(SeesChange());
  EXPECT_FALSE(SeesChange());
  std::filesystem::remove(path);
  EXPECT_TRUE(SeesChange());
  EXPECT_FALSE(SeesChange());
  directory_.Write("a", "22");
  EXPECT_TRUE(SeesChange());
}

TEST_F(FileWatchTest, WaitsUntilAChangeHasSettled) {
  WatchFile(directory_.Write("a", "1"));
  directory_.Write("a", "22");
  EXPECT_FALSE(watch_.TakeChange());
  directory_.Write("a", "333");
  EXPECT_FALSE(watch_.TakeChange());
  EXPECT_TRUE(watch_.TakeChange());
}

TEST_F(FileWatchTest, SeesAChangeSinceTheFilesWereLookedAt) {
  FileSet files;
  files.Add(directory_.Write("a", "1"));
  directory_.Write("a", "22");
  watch_.Watch(files);
  EXPECT_TRUE(SeesChange());
}

TEST_F(FileWatchTest, FollowsALinkThatIsSwapped) {
  const std::string first = directory_.Write("first", "1");
  const std::string second = directory_.Write("second", "1");
  const auto link = directory_.path() / "link";
  std::filesystem::create_symlink(first, link);
  WatchFile(link.string());
  std::filesystem::remove(link);
  std::filesystem::create_symlink(second, link);
  EXPECT_TRUE(SeesChange());
}

}  // namespace
}  // namespace telnyx_exporter
