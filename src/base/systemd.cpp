#include "base/systemd.h"

#include <stdexcept>
#include <string>

#include <dlfcn.h>

namespace telnyx_exporter {
namespace {

[[noreturn]] void ThrowLoadError() {
  throw std::runtime_error(std::string("systemd's library cannot be used: ") + dlerror());
}

template <typename Function>
void Find(void* library, const char* name, Function& function) {
  void* const address = dlsym(library, name);
  if (address == nullptr) ThrowLoadError();
  function = reinterpret_cast<Function>(address);
}

SystemdLibrary LoadSystemd() {
  void* const handle = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) ThrowLoadError();
  SystemdLibrary library{};
  Find(handle, "sd_notify", library.notify);
  Find(handle, "sd_watchdog_enabled", library.watchdog_enabled);
  Find(handle, "sd_listen_fds", library.listen_fds);
  Find(handle, "sd_is_socket", library.is_socket);
  return library;
}

}  // namespace

const SystemdLibrary& Systemd() {
  static const SystemdLibrary library = LoadSystemd();
  return library;
}

}  // namespace telnyx_exporter
