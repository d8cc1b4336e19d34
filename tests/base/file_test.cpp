#include "base/file.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

std::string ErrorOf(const std::string& path) {
  const auto file = ReadFile(path, 1024);
  const auto secret = ReadSecretFile(path, 1024);
  if (file || secret) return "was read";
  EXPECT_EQ(file.error(), secret.error());
  return file.error().message;
}

TEST(ReadFile, ReturnsTheContentAndTheStatus) {
  const TempDir directory;
  const std::string path = directory.Write("file", std::string("a\0b\n", 4));
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  const auto file = ReadFile(path, 4);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->text, std::string("a\0b\n", 4));
  EXPECT_EQ(file->status.mode, 0640U);
  EXPECT_EQ(file->status.owner, geteuid());
  EXPECT_EQ(file->status.size_bytes, 4);
  EXPECT_EQ(file->status, StatusOfFile(path));
}

TEST(ReadFile, ReturnsAnEmptyFile) {
  const TempDir directory;
  const auto file = ReadFile(directory.Write("file", ""), 10);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->text, "");
}

TEST(ReadFile, ReadsAFileWhoseSizeIsNotKnown) {
  const auto file = ReadFile("/proc/self/status", 1U << 20U);
  ASSERT_TRUE(file.has_value());
  EXPECT_TRUE(file->text.starts_with("Name:"));
}

TEST(ReadFile, ReadsAsMuchAsIsAllowedAndNoMore) {
  const TempDir directory;
  for (const std::size_t size : {4095U, 4096U, 4097U, 100'000U}) {
    const std::string text(size, 'x');
    const std::string path = directory.Write("file", text);
    EXPECT_EQ(ReadFile(path, size)->text, text);
    EXPECT_FALSE(ReadFile(path, size - 1).has_value());
  }
  EXPECT_EQ(ErrorOf(directory.Write("file", std::string(1025, 'x'))), "is larger than 1KiB");
}

TEST(ReadFile, RefusesAHugeFileWithoutReadingIt) {
  const TempDir directory;
  const std::string path = directory.Write("file", "");
  ASSERT_EQ(truncate(path.c_str(), off_t{10} << 30U), 0);
  EXPECT_EQ(ErrorOf(path), "is larger than 1KiB");
}

TEST(ReadFile, RefusesAFileThatGrowsWithoutEnd) {
  // Its size is 0 by its status.
  EXPECT_EQ(ReadFile("/proc/self/status", 10).error().message, "is larger than 10B");
}

TEST(ReadFile, RefusesWhatIsNotARegularFile) {
  const TempDir directory;
  const std::string fifo = directory.path().string() + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const std::string link = directory.path().string() + "/link";
  std::filesystem::create_symlink(fifo, link);
  EXPECT_EQ(ErrorOf(fifo), "is a FIFO: it must be a regular file");
  EXPECT_EQ(ErrorOf(link), "is a FIFO: it must be a regular file");
  EXPECT_EQ(ErrorOf(directory.path()), "is a directory: it must be a regular file");
  EXPECT_EQ(ErrorOf("/dev/zero"), "is a device: it must be a regular file");
  EXPECT_EQ(ErrorOf("/dev/null"), "is a device: it must be a regular file");
}

TEST(ReadFile, RefusesASocket) {
  const TempDir directory;
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = directory.path().string() + "/socket";
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  const int socket_descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(socket_descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
  EXPECT_EQ(ErrorOf(path), "is a socket: it must be a regular file");
  close(socket_descriptor);
}

TEST(ReadFile, SaysWhyAFileCannotBeReadWithoutItsName) {
  const TempDir directory;
  EXPECT_EQ(ErrorOf(directory.path().string() + "/none"),
            "cannot be read: No such file or directory");
  EXPECT_EQ(ErrorOf(""), "cannot be read: No such file or directory");
  EXPECT_EQ(ErrorOf(directory.Write("file", "x") + "/x"), "cannot be read: Not a directory");
  EXPECT_EQ(ErrorOf(std::string("/dev\0/x", 7)), "cannot be read: its name holds a NUL byte");
  const std::string loop = directory.path().string() + "/loop";
  std::filesystem::create_symlink(loop, loop);
  EXPECT_EQ(ErrorOf(loop), "cannot be read: Too many levels of symbolic links");
}

TEST(ReadFile, SaysThatPermissionIsDenied) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const TempDir directory;
  const std::string path = directory.Write("file", "x");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  EXPECT_EQ(ErrorOf(path), "cannot be read: Permission denied");
}

TEST(StatusOfFile, DiffersAfterEveryChange) {
  const TempDir directory;
  const std::string path = directory.Write("file", "one");
  const auto first = StatusOfFile(path);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(StatusOfFile(path), first);
  std::filesystem::rename(directory.Write("other", "two"), path);
  const auto replaced = StatusOfFile(path);
  EXPECT_NE(replaced, first);
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  EXPECT_NE(StatusOfFile(path), replaced);
  std::filesystem::remove(path);
  EXPECT_EQ(StatusOfFile(path), std::nullopt);
}

PermissionFaults Check(std::uint32_t mode, bool secret) {
  return CheckPermissions({.mode = mode}, secret);
}

TEST(CheckPermissions, RefusesWorldWritableFiles) {
  for (const bool secret : {true, false}) {
    EXPECT_EQ(Check(0666, secret).error, "is world-writable (mode 0666): use chmod o-w");
    EXPECT_EQ(Check(0602, secret).error, "is world-writable (mode 0602): use chmod o-w");
  }
}

TEST(CheckPermissions, WarnsAboutGroupWritableAndWorldReadableFiles) {
  EXPECT_EQ(Check(0640, true).warning, "");
  EXPECT_EQ(Check(0400, true).warning, "");
  EXPECT_EQ(Check(0660, true).warning, "is group-writable (mode 0660): use chmod g-w");
  EXPECT_EQ(Check(0644, true).warning, "is world-readable (mode 0644): use chmod o-r");
  EXPECT_EQ(Check(0664, true).warning,
            "is group-writable and world-readable (mode 0664): use chmod g-w,o-r");
  EXPECT_EQ(Check(0664, true).error, "");
  EXPECT_EQ(Check(0644, false).warning, "");
  EXPECT_EQ(Check(0664, false).warning, "is group-writable (mode 0664): use chmod g-w");
}

TEST(ResolveAgainst, StartsRelativePathsAtTheNamingFile) {
  EXPECT_EQ(ResolveAgainst("/etc/telnyx/config.yml", "key"), "/etc/telnyx/key");
  EXPECT_EQ(ResolveAgainst("/etc/telnyx/config.yml", "../key"), "/etc/telnyx/../key");
  EXPECT_EQ(ResolveAgainst("/etc/telnyx/config.yml", "/run/key"), "/run/key");
  EXPECT_EQ(ResolveAgainst("config.yml", "key"), "key");
  EXPECT_EQ(ResolveAgainst("conf/config.yml", "key"), "conf/key");
  EXPECT_EQ(ResolveAgainst("/etc/config.yml", ""), "");
}

class FileWatchTest : public ::testing::Test {
 protected:
  void WatchFile(const std::string& path) {
    FileSet files;
    files.Add(path);
    watch_.Watch(files);
  }
  /// Twice, so that a change has settled.
  bool SeesChange() {
    watch_.DetectChange();
    return watch_.DetectChange();
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
  EXPECT_FALSE(watch_.DetectChange());
  directory_.Write("a", "333");
  EXPECT_FALSE(watch_.DetectChange());
  EXPECT_TRUE(watch_.DetectChange());
}

TEST_F(FileWatchTest, DoesNotWaitForAFileThatNeverRests) {
  FileSet files;
  files.Add(directory_.Write("a", "1"));
  files.Add(directory_.Write("log", ""));
  watch_.Watch(files);
  directory_.Write("a", "22");
  std::vector<int> seen;
  for (int look = 1; look <= 25; ++look) {
    directory_.Write("log", std::string(static_cast<std::size_t>(look), 'x'));
    if (watch_.DetectChange()) seen.push_back(look);
  }
  EXPECT_EQ(seen, (std::vector{10, 20}));
}

TEST_F(FileWatchTest, IsForReadingAgainNowAndThenWhileNothingChanges) {
  WatchFile(directory_.Write("a", "1"));
  const auto retries = [this](int looks) {
    int due = 0;
    for (int i = 0; i < looks; ++i) {
      EXPECT_FALSE(watch_.DetectChange());
      if (watch_.RetryIsDue()) ++due;
    }
    return due;
  };
  EXPECT_EQ(retries(4), 0);
  EXPECT_EQ(retries(1), 1);
  EXPECT_EQ(retries(50), 10);
  EXPECT_EQ(retries(4), 0);
  directory_.Write("a", "22");
  EXPECT_EQ(retries(1), 0);  // not while it may still be being written
  EXPECT_TRUE(watch_.DetectChange());
  EXPECT_EQ(retries(4), 0);
  EXPECT_EQ(retries(1), 1);
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
