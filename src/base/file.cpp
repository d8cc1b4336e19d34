#include "base/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::string_view NameOfKind(mode_t mode) {
  if (S_ISDIR(mode)) return "directory";
  if (S_ISFIFO(mode)) return "FIFO";
  if (S_ISSOCK(mode)) return "socket";
  return "device";
}

std::unexpected<Error> CannotRead(int error_number) {
  return Fail(fmt::format("cannot be read: {}", std::strerror(error_number)));
}

std::unexpected<Error> TooLarge(std::size_t max_bytes) {
  return Fail(fmt::format("is larger than {}", FormatSize(max_bytes)));
}

Result<void> CheckKind(mode_t mode) {
  if (S_ISREG(mode)) return {};
  return Fail(fmt::format("is a {}: it must be a regular file", NameOfKind(mode)));
}

std::int64_t Nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

FileStatus StatusFrom(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size_bytes = status.st_size,
          .modified_nanoseconds = Nanoseconds(status.st_mtim),
          .changed_nanoseconds = Nanoseconds(status.st_ctim),
          .mode = status.st_mode & 07777U,
          .owner = status.st_uid,
          .group = status.st_gid};
}

// Reads to the end of the file: its size says little, for it may grow and /proc says 0. The pages
// of the buffer that are not written to take no memory.
Result<Secret> ReadToEnd(int descriptor, std::size_t max_bytes) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(max_bytes + 1);
  std::size_t size = 0;
  ssize_t count = -1;
  while (count != 0 && size <= max_bytes) {
    count = read(descriptor, buffer.get() + size, max_bytes + 1 - size);
    if (count > 0) size += static_cast<std::size_t>(count);
    if (count < 0 && errno != EINTR) break;
  }
  const int error = errno;
  Secret text(std::string_view(buffer.get(), size));
  WipeMemory(buffer.get(), size);
  if (count < 0) return CannotRead(error);
  if (size > max_bytes) return TooLarge(max_bytes);
  return text;
}

}  // namespace

std::optional<FileStatus> StatusOfFile(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return StatusFrom(status);
}

Result<FileSecret> ReadSecretFile(const std::string& path, std::size_t max_bytes) {
  if (path.contains('\0')) return Fail("cannot be read: its name holds a NUL byte");
  struct stat status{};
  // Looked at before it is opened, because to open some devices has effects; and once more when it
  // is open, because it may have been replaced.
  if (stat(path.c_str(), &status) != 0) return CannotRead(errno);
  if (const auto regular = CheckKind(status.st_mode); !regular) {
    return std::unexpected(regular.error());
  }
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return CannotRead(errno);
  if (const auto regular = CheckKind(status.st_mode); !regular) {
    return std::unexpected(regular.error());
  }
  if (static_cast<std::uint64_t>(status.st_size) > max_bytes) return TooLarge(max_bytes);
  auto text = ReadToEnd(file.get(), max_bytes);
  if (!text) return std::unexpected(std::move(text.error()));
  return FileSecret{.text = std::move(*text), .status = StatusFrom(status)};
}

Result<FileText> ReadFile(const std::string& path, std::size_t max_bytes) {
  auto file = ReadSecretFile(path, max_bytes);
  if (!file) return std::unexpected(std::move(file.error()));
  return FileText{.text = std::string(file->text.reveal()), .status = file->status};
}

PermissionFaults CheckPermissions(const FileStatus& status, bool secret) {
  const auto say = [&](std::string_view what, std::string_view remedy) {
    return fmt::format("is {} (mode {:04o}): use chmod {}", what, status.mode, remedy);
  };
  if ((status.mode & S_IWOTH) != 0) return {.error = say("world-writable", "o-w"), .warning = ""};
  const bool group_writes = (status.mode & S_IWGRP) != 0;
  const bool all_read = secret && (status.mode & S_IROTH) != 0;
  PermissionFaults faults;
  if (group_writes && all_read) {
    faults.warning = say("group-writable and world-readable", "g-w,o-r");
  } else if (group_writes) {
    faults.warning = say("group-writable", "g-w");
  } else if (all_read) {
    faults.warning = say("world-readable", "o-r");
  }
  return faults;
}

std::string ResolveAgainst(std::string_view naming_file, std::string_view path) {
  if (path.empty()) return {};
  return (std::filesystem::path(naming_file).parent_path() / path).string();
}

void FileSet::Add(const std::string& path) {
  if (!files_.contains(path)) files_.emplace(path, StatusOfFile(path));
}

void FileSet::Add(const FileSet& other) { files_.insert(other.files_.begin(), other.files_.end()); }

FileSet FileSet::ReadStatusAgain() const {
  FileSet now;
  for (const auto& [path, status] : files_) now.Add(path);
  return now;
}

void FileWatch::Watch(FileSet known) {
  known_ = std::move(known);
  seen_ = known_;
  quiet_looks_ = 0;
  restless_looks_ = 0;
}

bool FileWatch::DetectChange() {
  constexpr std::size_t kMostRestlessLooks = 10;
  FileSet now = known_.ReadStatusAgain();
  restless_looks_ = now == seen_ ? 0 : restless_looks_ + 1;
  seen_ = std::move(now);
  const bool settled = restless_looks_ == 0 || restless_looks_ >= kMostRestlessLooks;
  const bool quiet = settled && seen_ == known_;
  quiet_looks_ = quiet ? quiet_looks_ + 1 : 0;
  if (!settled || quiet) return false;
  known_ = seen_;
  restless_looks_ = 0;
  return true;
}

bool FileWatch::RetryIsDue() const {
  constexpr std::size_t kLooksBetweenRetries = 5;
  return quiet_looks_ > 0 && quiet_looks_ % kLooksBetweenRetries == 0;
}

}  // namespace telnyx_exporter
