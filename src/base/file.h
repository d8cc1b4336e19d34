#pragma once

// The one reader of small files: configuration, web configuration, keys and certificates. It opens
// regular files only, never blocks on a FIFO or a device, reads at most the given number of bytes
// and returns errors as values. Any thread may call it; a slow file system blocks the caller.
// Beside it is the one watch over such files, of which the main loop owns one for the key files and
// one for the web configuration.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace telnyx_exporter {

/// A file's identity and permissions. Two equal ones mean that the file has not changed.
struct FileStatus {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size_bytes = 0;
  std::int64_t modified_nanoseconds = 0;  // since 1970
  std::int64_t changed_nanoseconds = 0;   // of the content, the owner or the permissions
  std::uint32_t mode = 0;                 // permission bits, as in 0640
  std::uint32_t owner = 0;                // user id
  std::uint32_t group = 0;                // group id

  bool operator==(const FileStatus&) const = default;
};

/// The status of what the path leads to, symbolic links followed; nothing when there is no file.
std::optional<FileStatus> StatusOfFile(const std::string& path);

struct FileText {
  std::string text;
  FileStatus status;  // of the open file that the text was read from
};

struct FileSecret {
  Secret text;
  FileStatus status;
};

/// The whole content of a regular file of at most `max_bytes`. The error is a predicate that the
/// caller puts after the file's name, as in "cannot be read: Permission denied" or "is a directory:
/// it must be a regular file". It does not repeat the name, which may be a pasted secret.
Result<FileText> ReadFile(const std::string& path, std::size_t max_bytes);

/// The same for a secret: every buffer that held it is wiped.
Result<FileSecret> ReadSecretFile(const std::string& path, std::size_t max_bytes);

/// What is wrong with a file's permissions: predicates as above, or empty.
struct PermissionFaults {
  std::string error;    // the file must not be used: it is world-writable
  std::string warning;  // group-writable (as Kubernetes' fsGroup makes it) or world-readable
};

/// `secret`: whether the content is secret, so that a world-readable file deserves a warning.
PermissionFaults CheckPermissions(const FileStatus& status, bool secret);

/// A path given in the file `naming_file`: a relative one starts at that file's directory.
/// An empty one stays empty.
std::string ResolveAgainst(std::string_view naming_file, std::string_view path);

/// Some files as they were when they were looked at; no status: there was no such file.
class FileSet {
 public:
  /// Looks at a file, unless the set has it already.
  void Add(const std::string& path);
  /// Adds the files that this set does not have.
  void Add(const FileSet& other);
  /// The same files as they are now.
  FileSet ReadStatusAgain() const;

  bool operator==(const FileSet&) const = default;

 private:
  std::map<std::string, std::optional<FileStatus>> files_;  // by path
};

/// Tells when one of some files is another one than before: replaced, written to, gone or there
/// again. Looks at the files when asked instead of asking the kernel: that works on every file
/// system and through every symbolic link, also where a mounted directory is swapped as a whole.
class FileWatch {
 public:
  /// Watches other files. `known` was taken before they were read, so that no change slips in
  /// between.
  void Watch(FileSet known);

  /// Looks at the files once. True once after a change: as soon as two looks in a row agree, since
  /// they may still be being written, but at the tenth look that differs at the latest, so that a
  /// file that keeps changing does not hide changes of the others. What it saw counts as known
  /// then.
  bool DetectChange();

  /// After a look without a change: whether it is time to read the files again if the last reading
  /// failed, because the cause may be temporary (EMFILE, EIO, ESTALE). True at every fifth
  /// such look.
  bool RetryIsDue() const;

 private:
  FileSet known_;
  FileSet seen_;  // at the last look
  std::size_t quiet_looks_ = 0;
  std::size_t restless_looks_ = 0;
};

}  // namespace telnyx_exporter
