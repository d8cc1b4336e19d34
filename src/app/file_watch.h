#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace telnyx_exporter {

/// Tells whether any of some files is another one than before: replaced, written to, gone or there
/// again. Looks when asked; symbolic links are followed, so mounted secrets that are swapped as a
/// whole directory are noticed too.
class FileWatch {
 public:
  /// What the files are like now counts as known.
  void Watch(std::vector<std::string> paths);
  /// Whether anything has changed since the last call or since Watch.
  bool TakeChange();

 private:
  struct State {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t changed_nanoseconds = 0;

    bool operator==(const State&) const = default;
  };

  static std::optional<State> Look(const std::string& path);
  std::vector<std::optional<State>> LookAtAll() const;

  std::vector<std::string> paths_;
  std::vector<std::optional<State>> known_;
};

}  // namespace telnyx_exporter
