#pragma once

// Whether the program works, for /-/healthy and for the service manager that started it, which is
// told over sd_notify(3) how far the program is, too. Without a service manager that listens
// nothing is sent; with one, a failure to load systemd's library throws at the start, as Systemd()
// of base/systemd.h does.

#include <atomic>
#include <chrono>
#include <functional>

#include "base/clock.h"

namespace telnyx_exporter {

/// Everything is there to serve requests; after a reload, that it is over. Any thread.
void NotifyReady();
void NotifyReloading();
void NotifyStopping();

/// Asks the polling loop for signs of life: by them /-/healthy answers and the service manager does
/// not restart the program.
class Watchdog {
 public:
  using Task = std::move_only_function<void()>;

  /// A loop that has not carried out a task for so long does not work.
  static constexpr Duration kPatience = std::chrono::seconds(30);

  /// `post` has the loop carry out a task soon. The watchdog must outlive the loop.
  Watchdog(const Clock& clock, std::function<void(Task)> post);

  /// Asks for a sign of life, unless the last one is still to come. To be called once an interval
  /// at least, from one thread.
  void Check();

  /// Any thread.
  bool healthy() const;

  /// A second or, when the service manager gives up sooner, a third of its time.
  std::chrono::microseconds interval() const { return interval_; }

 private:
  const Clock& clock_;
  const std::function<void(Task)> post_;
  const std::chrono::microseconds timeout_;  // of the service manager; the longest without one
  const std::chrono::microseconds interval_;
  std::atomic<bool> waits_ = false;
  std::atomic<Instant> asked_{};  // while it waits: since when
};

}  // namespace telnyx_exporter
