#include "app/service_manager.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/systemd.h"

namespace telnyx_exporter {
namespace {

constexpr int kKeepEnvironment = 0;
constexpr int kLooksBeforeTimeout = 3;
constexpr std::chrono::microseconds kLongestInterval = std::chrono::seconds(1);

// A service manager that does not take it is no reason not to work.
void Notify(const char* state) {
  if (std::getenv("NOTIFY_SOCKET") != nullptr) Systemd().notify(kKeepEnvironment, state);
}

std::chrono::microseconds ServiceManagerTimeout() {
  std::uint64_t timeout = 0;
  if (std::getenv("WATCHDOG_USEC") == nullptr ||
      Systemd().watchdog_enabled(kKeepEnvironment, &timeout) <= 0) {
    return std::chrono::microseconds::max();
  }
  return std::chrono::microseconds(timeout);
}

}  // namespace

void NotifyReady() { Notify("READY=1"); }

void NotifyReloading() {
  // The time, of CLOCK_MONOTONIC, is what Type=notify-reload asks for, so that it can tell this
  // reload from the last.
  const auto now = std::chrono::floor<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  Notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()).c_str());
}

void NotifyStopping() { Notify("STOPPING=1"); }

Watchdog::Watchdog(const Clock& clock, std::function<void(Task)> post)
    : clock_(clock),
      post_(std::move(post)),
      timeout_(ServiceManagerTimeout()),
      interval_(std::min(kLongestInterval, timeout_ / kLooksBeforeTimeout)) {}

void Watchdog::Check() {
  if (waits_) return;
  asked_ = clock_.Now();
  waits_ = true;
  post_([this] {
    waits_ = false;
    if (timeout_ != std::chrono::microseconds::max()) Notify("WATCHDOG=1");
  });
}

bool Watchdog::healthy() const { return !waits_ || clock_.Now() - asked_.load() < kPatience; }

}  // namespace telnyx_exporter
