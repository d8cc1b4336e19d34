#pragma once

// What the service manager that started the program is told, over sd_notify(3): how far it is, and
// that it works. Without one that listens nothing is sent; with one, who cannot load systemd's
// library throws as Systemd() of base/systemd.h, at the start already.

#include <atomic>
#include <chrono>
#include <functional>

namespace telnyx_exporter {

/// Everything is there to serve requests; after a reload, that it is over. Any thread.
void NotifyReady();
void NotifyReloading();
void NotifyStopping();

/// Keeps the service manager from restarting the program, as long as the loop that is watched
/// carries out what it is given.
class Watchdog {
 public:
  using Task = std::move_only_function<void()>;

  /// `post` has the loop carry out a task soon. The watchdog must outlive the loop.
  explicit Watchdog(std::function<void(Task)> post);

  /// Has the loop send a sign of life, unless the last one is still to be sent. To be called once
  /// an interval at least, from one thread.
  void Look();

  /// A third of the time after which the service manager gives up; the longest there is without a
  /// watchdog.
  std::chrono::microseconds interval() const { return interval_; }

 private:
  const std::function<void(Task)> post_;
  const std::chrono::microseconds interval_;
  std::atomic<bool> waits_ = false;
};

}  // namespace telnyx_exporter
