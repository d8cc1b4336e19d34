#include "app/file_watch.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

TEST(FileWatch, SeesNothingWhereNothingChanges) {
  const TempDir directory;
  FileWatch watch;
  EXPECT_FALSE(watch.TakeChange());
  watch.Watch({directory.Write("a", "1"), "/no/such/file"});
  EXPECT_FALSE(watch.TakeChange());
  EXPECT_FALSE(watch.TakeChange());
}

TEST(FileWatch, TellsEachChangeOnce) {
  const TempDir directory;
  FileWatch watch;
  const std::string path = directory.Write("a", "1");
  watch.Watch({path});
  directory.Write("a", "22");
  EXPECT_TRUE(watch.TakeChange());
  EXPECT_FALSE(watch.TakeChange());
  std::filesystem::remove(path);
  EXPECT_TRUE(watch.TakeChange());
  EXPECT_FALSE(watch.TakeChange());
  directory.Write("a", "22");
  EXPECT_TRUE(watch.TakeChange());
}

TEST(FileWatch, FollowsALinkThatIsSwapped) {
  const TempDir directory;
  const std::string first = directory.Write("first", "1");
  const std::string second = directory.Write("second", "1");
  const auto link = directory.path() / "link";
  std::filesystem::create_symlink(first, link);
  FileWatch watch;
  watch.Watch({link.string()});
  std::filesystem::remove(link);
  std::filesystem::create_symlink(second, link);
  EXPECT_TRUE(watch.TakeChange());
}

}  // namespace
}  // namespace telnyx_exporter
