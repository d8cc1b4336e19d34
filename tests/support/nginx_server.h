#pragma once

// Debian's nginx as a child process for tests, for what should be tried with a server that is not
// ours: TLS, HTTP/2, gzip. It inherits its listening sockets, so no port is ever picked twice and
// connections wait from the first moment on.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "support/temp_dir.h"

namespace telnyx_exporter {

class NginxServer {
 public:
  /// Starts nginx with that many listening ports. `http_block` is given "127.0.0.1:PORT" for each
  /// and returns what stands inside `http { }`. Throws when nginx (package nginx-light) is missing.
  NginxServer(std::size_t ports,
              const std::function<std::string(const std::vector<std::string>&)>& http_block);
  /// Ends nginx and waits for it.
  ~NginxServer();
  NginxServer(const NginxServer&) = delete;
  NginxServer& operator=(const NginxServer&) = delete;

  std::uint16_t port(std::size_t index) const { return ports_[index]; }
  /// Ends nginx in the middle of whatever it does.
  void StopAtOnce();
  /// Lets nginx finish what it does and exit, so that its log is complete, and reads that log: one
  /// line a request, "SERVER_PROTOCOL STATUS".
  std::string StopAndReadAccessLog();

 private:
  void Stop(int signal);

  TempDir dir_;
  std::vector<std::uint16_t> ports_;
  pid_t pid_ = -1;
};

}  // namespace telnyx_exporter
