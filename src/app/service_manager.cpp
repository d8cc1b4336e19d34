#include "app/service_manager.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/systemd.h"

namespace telnyx_exporter {
namespace {

constexpr int kKeepEnvironment = 0;
constexpr int kLooksBeforeTimeout = 3;

// A service manager that does not take it is no reason not to work.
void Notify(const char* state) {
  if (std::getenv("NOTIFY_SOCKET") != nullptr) Systemd().notify(kKeepEnvironment, state);
}

std::chrono::microseconds LookInterval() {
  std::uint64_t timeout = 0;
  if (std::getenv("WATCHDOG_USEC") == nullptr ||
      Systemd().watchdog_enabled(kKeepEnvironment, &timeout) <= 0) {
    return std::chrono::microseconds::max();
  }
  return std::chrono::microseconds(timeout) / kLooksBeforeTimeout;
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

Watchdog::Watchdog(std::function<void(Task)> post)
    : post_(std::move(post)), interval_(LookInterval()) {}

void Watchdog::Look() {
  if (interval_ == std::chrono::microseconds::max() || waits_.exchange(true)) return;
  post_([this] {
    waits_ = false;
    Notify("WATCHDOG=1");
  });
}

}  // namespace telnyx_exporter
