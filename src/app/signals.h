#pragma once

// SIGTERM, SIGINT and SIGHUP from main's first statement on, also for process 1, for which the
// kernel ignores signals without a handler. They are blocked everywhere and taken by one thread,
// which ends the program by itself when the rest of it does not do so in time: SIGTERM and SIGINT
// work in every state, whatever the other threads wait for.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace telnyx_exporter {

/// What signals do. The functions run on the signal thread and must not block.
struct SignalRules {
  /// SIGHUP stops the program too.
  bool hangup_stops = false;
  /// Of a program that the signal thread ends.
  int exit_code = 0;
  /// Makes the program stop soon. Null: the signal thread ends it at once.
  std::function<void(int signal)> on_stop;
  /// Called for SIGHUP. Null: it is remembered.
  std::function<void()> on_hangup;
};

class Signals {
 public:
  /// Blocks the signals and starts the thread. Before any other thread starts, so that all of them
  /// inherit the mask. Ignores SIGPIPE.
  Signals();
  /// The program ends by itself.
  ~Signals();

  /// From now on. Signals that came before are treated by these rules. When it returns, no function
  /// of the rules before is running or will be called.
  void Follow(SignalRules rules);

 private:
  void HandleSignals();
  void Deliver();

  std::mutex mutex_;
  std::condition_variable over_changed_;
  std::optional<SignalRules> rules_;  // guarded by mutex_
  int stop_signal_ = 0;               // 0: none has come; guarded by mutex_
  bool stop_told_ = false;            // to on_stop; guarded by mutex_
  bool hangup_ = false;               // has come, and on_hangup was not told; guarded by mutex_
  bool over_ = false;                 // guarded by mutex_
  std::thread thread_;
};

/// "SIGTERM".
const char* SignalName(int signal);

}  // namespace telnyx_exporter
