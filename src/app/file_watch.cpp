#include "app/file_watch.h"

#include <utility>

#include <sys/stat.h>

namespace telnyx_exporter {

void FileWatch::Watch(std::vector<std::string> paths) {
  paths_ = std::move(paths);
  known_ = LookAtAll();
}

bool FileWatch::TakeChange() {
  auto present = LookAtAll();
  return std::exchange(known_, std::move(present)) != known_;
}

std::optional<FileWatch::State> FileWatch::Look(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  // The time of the last change of any kind, permissions included.
  return State{
      .device = status.st_dev,
      .inode = status.st_ino,
      .size = status.st_size,
      .changed_nanoseconds = status.st_ctim.tv_sec * 1'000'000'000LL + status.st_ctim.tv_nsec};
}

std::vector<std::optional<FileWatch::State>> FileWatch::LookAtAll() const {
  std::vector<std::optional<State>> states;
  states.reserve(paths_.size());
  for (const std::string& path : paths_) states.push_back(Look(path));
  return states;
}

}  // namespace telnyx_exporter
