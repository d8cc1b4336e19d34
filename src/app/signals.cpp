#include "app/signals.h"

#include <chrono>
#include <csignal>
#include <utility>

#include <pthread.h>
#include <unistd.h>

namespace telnyx_exporter {
namespace {

// How long the program may take to stop. Sanitizers make everything slow.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::chrono::milliseconds kStopTime(20'000);
#else
constexpr std::chrono::milliseconds kStopTime(800);
#endif

// Wakes the thread up when the program ends by itself.
int WakeSignal() { return SIGRTMIN; }

sigset_t HandledSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, WakeSignal()}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

Signals::Signals() {
  const sigset_t signals = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { HandleSignals(); });
}

Signals::~Signals() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    over_changed_.notify_all();
  }
  pthread_kill(thread_.native_handle(), WakeSignal());
  thread_.join();
}

void Signals::Follow(SignalRules rules) {
  const std::lock_guard lock(mutex_);
  rules_ = std::move(rules);
  Deliver();
}

void Signals::HandleSignals() {
  const sigset_t signals = HandledSignals();
  std::unique_lock lock(mutex_);
  while (stop_signal_ == 0) {
    lock.unlock();
    const int signal = sigwaitinfo(&signals, nullptr);
    lock.lock();
    if (over_) return;
    if (signal == SIGINT || signal == SIGTERM) stop_signal_ = signal;
    if (signal == SIGHUP) hangup_ = true;
    Deliver();
  }
  // The program is stopping, and has this long for it.
  if (over_changed_.wait_for(lock, kStopTime, [this] { return over_; })) return;
  _exit(rules_ ? rules_->exit_code : 0);
}

// Does once what the rules say about the signals that have come.
void Signals::Deliver() {
  if (!rules_ || stop_told_) return;
  if (hangup_ && rules_->hangup_stops) stop_signal_ = SIGHUP;
  if (stop_signal_ != 0) {
    if (!rules_->on_stop) _exit(rules_->exit_code);
    stop_told_ = true;
    rules_->on_stop(stop_signal_);
  } else if (hangup_ && rules_->on_hangup) {
    hangup_ = false;
    rules_->on_hangup();
  }
}

const char* SignalName(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "SIGTERM";
  }
}

}  // namespace telnyx_exporter
