#include "simulator/wire_server.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <exception>
#include <utility>

#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "web/listen_address.h"
#include "web/microhttpd_request.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr unsigned kIdleSeconds = 30;
constexpr std::size_t kMaxHeadBytes = std::size_t{32} * 1024;
constexpr std::size_t kMaxBodyBytes = std::size_t{64} * 1024;

// A request from its first line on.
struct Incoming {
  MicrohttpdRequestLine line;
  CheckedRequest checked;
};

// The first call for a request, and the only one that shows its target as it came.
void* OnUri(void* /*context*/, const char* target, MHD_Connection* /*connection*/) {
  auto* const request = new Incoming();
  request->line.raw_target = target;
  request->line.target = target == nullptr ? "" : target;
  return request;
}

void OnCompleted(void* /*context*/, MHD_Connection* /*connection*/, void** state,
                 MHD_RequestTerminationCode /*how*/) {
  delete static_cast<Incoming*>(std::exchange(*state, nullptr));
}

MHD_Result Send(MHD_Connection* connection, HttpResponse response, bool close) {
  return QueueResponse(connection, std::move(response), {.headers = {}, .close = close});
}

MHD_Result CheckHead(MHD_Connection* connection, Incoming& request) {
  const auto head = ReadRequestHead(connection, request.line);
  if (!head) return Send(connection, {.status = head.error().status}, true);
  auto checked = CheckRequestHead(*head, kMaxBodyBytes);
  if (!checked) return Send(connection, {.status = checked.error().status}, true);
  request.checked = std::move(*checked);
  return MHD_YES;
}

WireAnswer AnswerOf(const WireHandler& handler, const HttpRequest& request) {
  try {
    return handler(request);
  } catch (const std::exception&) {
    return HttpResponse{.status = 500};
  }
}

MHD_Result Answer(MHD_Connection* connection, const Incoming& request, const WireHandler& handler) {
  WireAnswer answer =
      AnswerOf(handler, MicrohttpdRequest(connection, request.line.method, request.checked));
  if (auto* response = std::get_if<HttpResponse>(&answer)) {
    return Send(connection, std::move(*response), false);
  }
  Wire wire(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
  std::get<WireScript>(answer)(wire);
  return MHD_NO;
}

// Called when the head has come, for each piece of the body, and when the request is whole.
MHD_Result OnRequest(void* context, MHD_Connection* connection, const char* /*path*/,
                     const char* method, const char* version, const char* /*body*/,
                     std::size_t* body_size, void** state) {
  Incoming& request = *static_cast<Incoming*>(*state);
  if (request.line.method == nullptr) {
    request.line.method = method;
    request.line.version = version;
    return CheckHead(connection, request);
  }
  if (std::exchange(*body_size, 0) > 0) return MHD_YES;
  return Answer(connection, request, *static_cast<const WireHandler*>(context));
}

MHD_Daemon* StartDaemon(int listener, const WireHandler& handler) {
  return MHD_start_daemon(
      MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL, 0, nullptr,
      nullptr, &OnRequest, const_cast<WireHandler*>(&handler), MHD_OPTION_LISTEN_SOCKET, listener,
      MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      kMaxHeadBytes, MHD_OPTION_URI_LOG_CALLBACK, &OnUri, nullptr, MHD_OPTION_NOTIFY_COMPLETED,
      &OnCompleted, nullptr, MHD_OPTION_END);
}

}  // namespace

Wire::Wire(int socket) : socket_(socket) {
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval timeout{.tv_sec = kIdleSeconds, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) & ~O_NONBLOCK);
}

bool Wire::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Wire::Wait(Duration duration) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  pollfd socket{.fd = socket_, .events = POLLRDHUP, .revents = 0};
  int events = -1;
  do {
    events = poll(&socket, 1, static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, INT_MAX)));
  } while (events < 0 && errno == EINTR);
  return events == 0;
}

void Wire::EndSending() { shutdown(socket_, SHUT_WR); }

// To connect to AF_UNSPEC disconnects a TCP socket, with a reset. SO_LINGER would not:
// libmicrohttpd shuts the socket down before it closes it.
void Wire::Reset() {
  const sockaddr unspecified{.sa_family = AF_UNSPEC, .sa_data = {}};
  [[maybe_unused]] const int result = connect(socket_, &unspecified, sizeof unspecified);
}

Result<std::unique_ptr<WireServer>> WireServer::Start(
    const std::vector<std::string>& listen_addresses, WireHandler handler) {
  auto listeners = ListenSocket::OpenAll(listen_addresses);
  if (!listeners) return std::unexpected(listeners.error());
  std::unique_ptr<WireServer> server(new WireServer(std::move(handler)));
  for (ListenSocket& listener : *listeners) {
    MHD_Daemon* daemon = StartDaemon(listener.fd(), server->handler_);
    if (daemon == nullptr) return Fail("cannot start the server: libmicrohttpd refuses");
    server->daemons_.push_back(daemon);
    server->bound_addresses_.push_back(listener.bound_address());
    listener.Release();  // the daemon's now
  }
  return server;
}

WireServer::~WireServer() {
  for (MHD_Daemon* daemon : daemons_) MHD_stop_daemon(daemon);
}

}  // namespace telnyx_exporter::simulator
