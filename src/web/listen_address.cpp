#include "web/listen_address.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/systemd.h"
#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr int kBacklog = 1024;
constexpr std::uint64_t kHighestPort = 65535;

struct HostPort {
  std::string host;  // empty: every address
  std::string port;
};

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Result<HostPort> SplitAddress(std::string_view address) {
  const auto refuse = [&] {
    return Fail(fmt::format(
        "\"{}\" is not an address to listen on: write HOST:PORT, [V6]:PORT or :PORT", address));
  };
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  const auto number = ParseUnsigned(port);
  if (!number || *number > kHighestPort) return refuse();
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || host.size() < 3) return refuse();
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse();
  }
  return HostPort{std::string(host), std::string(port)};
}

Result<AddressList> Resolve(std::string_view address, const HostPort& where, int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(where.host.empty() ? nullptr : where.host.c_str(),
                                where.port.c_str(), &hints, &found);
  if (error != 0) return Fail(fmt::format("cannot listen on {}: {}", address, gai_strerror(error)));
  return AddressList(found, &freeaddrinfo);
}

std::string DescribeBound(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_UNIX) {
    // An abstract name begins with a zero byte and is shown with an @, as ss does.
    std::string path(reinterpret_cast<char*>(&address) + offsetof(sockaddr_un, sun_path),
                     size - offsetof(sockaddr_un, sun_path));
    if (path.starts_with('\0')) path[0] = '@';
    while (path.ends_with('\0')) path.pop_back();
    return "unix:" + path;
  }
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return {};
  }
  return address.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host, port)
                                       : fmt::format("{}:{}", host, port);
}

// A name may have several addresses: its first IPv4 one, as other exporters have it.
const addrinfo& Preferred(const AddressList& addresses) {
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    if (address->ai_family == AF_INET) return *address;
  }
  return *addresses;
}

// The socket, or -1 with errno.
int Listen(const addrinfo& address, bool both_families) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ai_family == AF_INET6) {
    const int v6_only = both_families ? 0 : 1;
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
  }
  if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace

Result<void> ListenSocket::CheckAddress(std::string_view address) {
  if (const auto where = SplitAddress(address); !where) return std::unexpected(where.error());
  return {};
}

Result<ListenSocket> ListenSocket::Open(std::string_view address) {
  const auto where = SplitAddress(address);
  if (!where) return std::unexpected(where.error());
  const bool everywhere = where->host.empty();
  auto resolved = Resolve(address, *where, everywhere ? AF_INET6 : AF_UNSPEC);
  if (!resolved) return std::unexpected(resolved.error());
  int fd = Listen(Preferred(*resolved), everywhere);
  if (fd < 0 && everywhere && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
    resolved = Resolve(address, *where, AF_INET);
    if (!resolved) return std::unexpected(resolved.error());
    fd = Listen(**resolved, false);
  }
  if (fd < 0) return Fail(fmt::format("cannot listen on {}: {}", address, std::strerror(errno)));
  return ListenSocket(fd, DescribeBound(fd));
}

Result<std::vector<ListenSocket>> ListenSocket::OpenAll(const std::vector<std::string>& addresses) {
  std::vector<ListenSocket> sockets;
  for (const std::string& address : addresses) {
    auto socket = Open(address);
    if (!socket) return std::unexpected(socket.error());
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

Result<std::vector<ListenSocket>> ListenSocket::TakeFromSystemd() {
  constexpr int kUnsetEnvironment = 1;
  const int count = Systemd().listen_fds(kUnsetEnvironment);
  if (count < 0) {
    return Fail(fmt::format("cannot take sockets from systemd: {}", std::strerror(-count)));
  }
  if (count == 0) {
    return Fail("systemd passed no socket: this needs a socket unit that starts the service");
  }
  std::vector<ListenSocket> sockets;
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; ++fd) {
    constexpr int kListening = 1;
    if (Systemd().is_socket(fd, AF_UNSPEC, SOCK_STREAM, kListening) <= 0) {
      return Fail(fmt::format(
          "systemd passed a socket that is not listening for streams (descriptor {})", fd));
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    sockets.push_back(ListenSocket(fd, DescribeBound(fd)));
  }
  return sockets;
}

ListenSocket::ListenSocket(int fd, std::string bound_address)
    : fd_(fd), bound_address_(std::move(bound_address)) {}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), bound_address_(std::move(other.bound_address_)) {}

ListenSocket& ListenSocket::operator=(ListenSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(bound_address_, other.bound_address_);
  return *this;
}

ListenSocket::~ListenSocket() {
  if (fd_ >= 0) close(fd_);
}

int ListenSocket::Release() { return std::exchange(fd_, -1); }

}  // namespace telnyx_exporter
