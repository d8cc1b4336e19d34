#pragma once

// The sockets that the web server listens on: opened at the addresses of the command line, or
// passed by systemd. The acceptor takes them over; the simulator uses them too.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace telnyx_exporter {

/// A listening TCP socket, closed with this object unless it was handed on.
class ListenSocket {
 public:
  /// Whether `address` is written as one of those below. Looks up no name.
  static Result<void> CheckAddress(std::string_view address);
  /// Listens on "HOST:PORT", "[V6]:PORT" or ":PORT". The last means every address, IPv6 and IPv4,
  /// or IPv4 alone where the machine has no IPv6. Port 0 takes a free one. The error names the
  /// address and what is wrong with it.
  static Result<ListenSocket> Open(std::string_view address);
  /// The same for several addresses: all of them or none.
  static Result<std::vector<ListenSocket>> OpenAll(const std::vector<std::string>& addresses);
  /// Takes over the sockets that systemd passed to this process, at least one. To be called once,
  /// before there are other threads: it clears systemd's environment variables. Throws as
  /// Systemd().
  static Result<std::vector<ListenSocket>> TakeFromSystemd();

  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&& other) noexcept;
  ~ListenSocket();

  int fd() const { return fd_; }
  /// The caller closes it from now on.
  int Release();
  /// Where it listens, port filled in: "127.0.0.1:10035", "[::]:10035", "unix:/path".
  const std::string& bound_address() const { return bound_address_; }

 private:
  ListenSocket(int fd, std::string bound_address);

  int fd_;
  std::string bound_address_;
};

}  // namespace telnyx_exporter
