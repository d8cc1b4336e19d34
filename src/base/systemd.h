#pragma once

// systemd's own library, loaded by those only that have something to say to systemd: with what it
// needs itself it takes a tenth of a start and 1 MiB, and most processes run without systemd.

#include <systemd/sd-daemon.h>

namespace telnyx_exporter {

/// The library's functions, under their names without sd_.
struct SystemdLibrary {
  decltype(&sd_notify) notify;
  decltype(&sd_watchdog_enabled) watchdog_enabled;
  decltype(&sd_listen_fds) listen_fds;
  decltype(&sd_is_socket) is_socket;
};

/// Loads the library with the first call. Throws std::runtime_error when it cannot be loaded. Any
/// thread.
const SystemdLibrary& Systemd();

}  // namespace telnyx_exporter
