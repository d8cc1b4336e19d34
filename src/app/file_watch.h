#pragma once

// Tells when one of some files is another one than before: replaced, written to, gone or there
// again. Looks at the files when asked instead of asking the kernel: that works on every file
// system and through every symbolic link, also where a mounted directory is swapped as a whole.
// The main loop owns one for the key files and one for the web configuration.

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"

namespace telnyx_exporter {

/// Some files as they were at one moment; no status: there was no such file.
struct FileSet {
  std::vector<std::string> paths;
  std::vector<std::optional<FileStatus>> statuses;

  bool operator==(const FileSet&) const = default;
};

/// The files as they are now, each path once.
FileSet LookAt(std::vector<std::string> paths);

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
