#include "app/file_watch.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {

FileSet LookAt(std::vector<std::string> paths) {
  std::ranges::sort(paths);
  const auto repeated = std::ranges::unique(paths);
  paths.erase(repeated.begin(), repeated.end());
  FileSet files{.paths = std::move(paths)};
  files.statuses.reserve(files.paths.size());
  for (const std::string& path : files.paths) files.statuses.push_back(StatusOfFile(path));
  return files;
}

void FileWatch::Watch(FileSet known) {
  known_ = std::move(known);
  seen_ = known_;
}

bool FileWatch::TakeChange() {
  FileSet now = LookAt(known_.paths);
  const bool settled = now == seen_;
  seen_ = std::move(now);
  if (!settled || seen_ == known_) return false;
  known_ = seen_;
  return true;
}

}  // namespace telnyx_exporter
