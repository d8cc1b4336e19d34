#pragma once

#include <condition_variable>
#include <mutex>

namespace telnyx_exporter {

/// Holds threads up until it is opened, and counts those that came.
class Gate {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    ++came_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_ || let_through_ > 0; });
    if (!open_) --let_through_;
  }

  /// So many threads, now or later, go on although the gate stays shut.
  void LetThrough(int count) {
    const std::lock_guard lock(mutex_);
    let_through_ += count;
    changed_.notify_all();
  }

  void WaitUntilCame(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return came_ >= count; });
  }

  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

  int came() const {
    const std::lock_guard lock(mutex_);
    return came_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int let_through_ = 0;
  int came_ = 0;
};

}  // namespace telnyx_exporter
