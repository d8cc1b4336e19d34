#include "app/file_watch.h"

#include <utility>

namespace telnyx_exporter {

void FileSet::Add(const std::string& path) {
  if (!files_.contains(path)) files_.emplace(path, StatusOfFile(path));
}

void FileSet::Add(const FileSet& other) { files_.insert(other.files_.begin(), other.files_.end()); }

FileSet FileSet::LookAgain() const {
  FileSet now;
  for (const auto& [path, status] : files_) now.Add(path);
  return now;
}

void FileWatch::Watch(FileSet known) {
  known_ = std::move(known);
  seen_ = known_;
}

bool FileWatch::TakeChange() {
  FileSet now = known_.LookAgain();
  const bool settled = now == seen_;
  seen_ = std::move(now);
  if (!settled || seen_ == known_) return false;
  known_ = seen_;
  return true;
}

}  // namespace telnyx_exporter
