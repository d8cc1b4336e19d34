#pragma once

// The loop of the main thread. It looks at the files and at the polling loop once a second and
// carries out reloads, one at a time: requests that come while one is under way share the next one.
// Serving threads and the signal thread only ask; none of them waits.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace telnyx_exporter {

class MainLoop {
 public:
  /// What is wrong with the new configuration, a line for each error; none: it is in force.
  using ReloadErrors = std::vector<std::string>;
  using OnReloaded = std::move_only_function<void(const ReloadErrors& errors)>;

  struct Work {
    std::function<ReloadErrors()> reload;
    std::function<void()> look;  // once an interval
    std::chrono::microseconds interval = std::chrono::seconds(1);
  };

  /// The time from one reload's end to the next one's beginning: clients that ask in a row cannot
  /// keep the loop busy.
  static constexpr std::chrono::milliseconds kReloadPause{100};

  /// Asks for a reload. `done` is called once, on the main thread or, when the program is stopping,
  /// on this one. Any thread.
  void RequestReload(OnReloaded done = {});

  /// Has Run return `signal`. Any thread.
  void Stop(int signal);

  /// Works until Stop and returns its signal. A reload that was not begun fails.
  int Run(const Work& work);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void Reload(const Work& work);

  std::mutex mutex_;
  std::condition_variable changed_;
  int signal_ = 0;                   // not 0: to stop; guarded by mutex_
  bool reload_wanted_ = false;       // guarded by mutex_
  std::vector<OnReloaded> waiting_;  // for the next reload; guarded by mutex_
  SteadyTime next_reload_{};         // main thread only
};

}  // namespace telnyx_exporter
