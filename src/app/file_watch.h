#pragma once

// Tells when one of some files is another one than before: replaced, written to, gone or there
// again. Looks at the files when asked instead of asking the kernel: that works on every file
// system and through every symbolic link, also where a mounted directory is swapped as a whole.
// The main loop owns one for the key files and one for the web configuration.

#include <map>
#include <optional>
#include <string>

#include "base/file.h"

namespace telnyx_exporter {

/// Some files as they were when they were looked at; no status: there was no such file.
class FileSet {
 public:
  /// Looks at a file, unless the set has it already.
  void Add(const std::string& path);
  /// Adds the files that this set does not have.
  void Add(const FileSet& other);
  /// The same files as they are now.
  FileSet LookAgain() const;

  bool operator==(const FileSet&) const = default;

 private:
  std::map<std::string, std::optional<FileStatus>> files_;  // by path
};

class FileWatch {
 public:
  /// Watches other files. `known` was taken before they were read, so that no change slips in
  /// between.
  void Watch(FileSet known);

  /// Looks at the files once. True once after a change: as soon as two looks in a row agree, since
  /// somebody may be writing. What it saw counts as known then.
  bool TakeChange();

 private:
  FileSet known_;
  FileSet seen_;  // at the last look
};

}  // namespace telnyx_exporter
