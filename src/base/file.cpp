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

constexpr std::size_t kFirstBufferBytes = 4096;

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

// A buffer that is wiped before its memory is given back.
class WipedBuffer {
 public:
  explicit WipedBuffer(std::size_t size) : bytes_(new char[size]), size_(size) {}
  ~WipedBuffer() { WipeMemory(bytes_.get(), size_); }

  char* data() { return bytes_.get(); }
  std::size_t size() const { return size_; }
  void Grow(std::size_t size) {
    WipedBuffer larger(size);
    std::memcpy(larger.data(), data(), size_);
    std::swap(bytes_, larger.bytes_);
    std::swap(size_, larger.size_);
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
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

// Reads to the end of the file; its size is only a hint, for it may grow and /proc says 0.
Result<Secret> ReadToEnd(int descriptor, std::size_t size_hint, std::size_t max_bytes) {
  const std::size_t most = max_bytes + 1;
  WipedBuffer buffer(std::min(std::max(size_hint + 1, kFirstBufferBytes), most));
  std::size_t size = 0;
  while (true) {
    if (size == buffer.size()) buffer.Grow(std::min(buffer.size() * 2, most));
    const ssize_t count = read(descriptor, buffer.data() + size, buffer.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CannotRead(errno);
    if (count == 0) return Secret(std::string_view(buffer.data(), size));
    size += static_cast<std::size_t>(count);
    if (size > max_bytes) return TooLarge(max_bytes);
  }
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
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > max_bytes) return TooLarge(max_bytes);
  auto text = ReadToEnd(file.get(), size, max_bytes);
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
}

bool FileWatch::DetectChange() {
  FileSet now = known_.ReadStatusAgain();
  const bool settled = now == seen_;
  seen_ = std::move(now);
  if (!settled || seen_ == known_) return false;
  known_ = seen_;
  return true;
}

}  // namespace telnyx_exporter
