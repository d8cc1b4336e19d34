// HttpServer on libmicrohttpd: one daemon with a pool of epoll threads for each listening address.

#include <cstdarg>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <microhttpd.h>
#include <sys/socket.h>

#include "base/text.h"
#include "web/http_server.h"
#include "web/listen_address.h"

namespace telnyx_exporter {
namespace {

// A request's body is read and thrown away up to here, so that the connection can be used again.
constexpr std::size_t kMaxRequestBody = std::size_t{64} * 1024;

// What is kept of one request between libmicrohttpd's calls.
struct RequestState {
  std::string query;  // raw
  std::size_t body_bytes = 0;
  bool started = false;
};

class MicrohttpdRequest final : public HttpRequest {
 public:
  MicrohttpdRequest(MHD_Connection* connection, std::string_view method, std::string_view path,
                    std::string_view query)
      : connection_(connection), method_(method), path_(path), query_(query) {}

  std::string_view method() const override { return method_; }
  std::string_view path() const override { return path_; }
  std::string_view query() const override { return query_; }

  std::optional<std::string> Header(std::string_view name) const override {
    Search search{.name = name};
    MHD_get_connection_values_n(connection_, MHD_HEADER_KIND, &MicrohttpdRequest::JoinMatching,
                                &search);
    return search.found;
  }

  std::optional<std::string> Query(std::string_view name) const override {
    const char* value = nullptr;
    std::size_t size = 0;
    if (MHD_lookup_connection_value_n(connection_, MHD_GET_ARGUMENT_KIND, name.data(), name.size(),
                                      &value, &size) != MHD_YES) {
      return std::nullopt;
    }
    return value == nullptr ? std::string() : std::string(value, size);
  }

 private:
  struct Search {
    std::string_view name;
    std::optional<std::string> found;
  };

  static MHD_Result JoinMatching(void* context, MHD_ValueKind /*kind*/, const char* key,
                                 std::size_t key_size, const char* value, std::size_t value_size) {
    auto& search = *static_cast<Search*>(context);
    if (EqualsIgnoringAsciiCase({key, key_size}, search.name)) {
      search.found = search.found ? *search.found + ", " : std::string();
      if (value != nullptr) search.found->append(value, value_size);
    }
    return MHD_YES;
  }

  MHD_Connection* connection_;
  std::string_view method_;
  std::string_view path_;
  std::string_view query_;
};

struct ResponseDeleter {
  void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};
using ResponsePtr = std::unique_ptr<MHD_Response, ResponseDeleter>;

using SharedBody = std::shared_ptr<const std::string>;

void ReleaseBody(void* body) { delete static_cast<SharedBody*>(body); }

// The body is not copied: the response keeps a share of it.
ResponsePtr MakeResponse(HttpResponse&& response) {
  if (response.body == nullptr || response.body->empty()) {
    return ResponsePtr(MHD_create_response_from_buffer(0, nullptr, MHD_RESPMEM_PERSISTENT));
  }
  const std::string& bytes = *response.body;
  auto* share = new SharedBody(std::move(response.body));
  // libmicrohttpd only reads the bytes, but its interface takes them without const.
  ResponsePtr made(MHD_create_response_from_buffer_with_free_callback_cls(
      bytes.size(), const_cast<char*>(bytes.data()), &ReleaseBody, share));
  if (made == nullptr) ReleaseBody(share);
  return made;
}

class MicrohttpdServer final : public HttpServer {
 public:
  MicrohttpdServer(const HttpServerSettings& settings, HttpHandler handler)
      : settings_(settings), handler_(std::move(handler)) {}

  ~MicrohttpdServer() override {
    for (MHD_Daemon* daemon : daemons_) MHD_stop_daemon(daemon);
  }

  Result<void> Listen() {
    std::vector<ListenSocket> sockets;
    for (const std::string& address : settings_.listen_addresses) {
      auto socket = ListenSocket::Open(address);
      if (!socket) return std::unexpected(socket.error());
      sockets.push_back(std::move(*socket));
    }
    for (ListenSocket& socket : sockets) {
      if (auto started = StartDaemon(socket); !started) return started;
      bound_addresses_.push_back(socket.bound_address());
    }
    return {};
  }

  const std::vector<std::string>& bound_addresses() const override { return bound_addresses_; }

 private:
  Result<void> StartDaemon(ListenSocket& socket) {
    const auto timeout = std::chrono::ceil<std::chrono::seconds>(settings_.idle_timeout).count();
    MHD_Daemon* daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, nullptr, nullptr, &MicrohttpdServer::OnRequest, this,
        MHD_OPTION_LISTEN_SOCKET, socket.fd(), MHD_OPTION_THREAD_POOL_SIZE, settings_.threads,
        MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(timeout), MHD_OPTION_CONNECTION_LIMIT,
        static_cast<unsigned>(settings_.max_connections), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        settings_.max_header_bytes, MHD_OPTION_URI_LOG_CALLBACK, &MicrohttpdServer::OnUri, nullptr,
        MHD_OPTION_NOTIFY_COMPLETED, &MicrohttpdServer::OnCompleted, nullptr, MHD_OPTION_END);
    if (daemon == nullptr) return Fail("cannot serve on " + socket.bound_address());
    socket.Release();
    daemons_.push_back(daemon);
    return {};
  }

  // The only place where libmicrohttpd shows the query undecoded.
  static void* OnUri(void* /*context*/, const char* uri, MHD_Connection* /*connection*/) {
    auto state = std::make_unique<RequestState>();
    const std::string_view text(uri);
    if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
      state->query = text.substr(mark + 1);
    }
    return state.release();
  }

  static void OnCompleted(void* /*context*/, MHD_Connection* /*connection*/, void** state,
                          MHD_RequestTerminationCode /*how*/) {
    delete static_cast<RequestState*>(*state);
    *state = nullptr;
  }

  static MHD_Result OnRequest(void* context, MHD_Connection* connection, const char* path,
                              const char* method, const char* /*version*/, const char* /*body*/,
                              std::size_t* body_size, void** state_slot) {
    auto& state = *static_cast<RequestState*>(*state_slot);
    if (!std::exchange(state.started, true)) return MHD_YES;
    if (*body_size > 0) {
      state.body_bytes += std::exchange(*body_size, 0);
      return state.body_bytes <= kMaxRequestBody ? MHD_YES : MHD_NO;
    }
    const auto& server = *static_cast<const MicrohttpdServer*>(context);
    return server.Answer(connection, MicrohttpdRequest(connection, method, path, state.query));
  }

  MHD_Result Answer(MHD_Connection* connection, const MicrohttpdRequest& request) const {
    HttpResponse response;
    try {
      response = handler_(request);
    } catch (const std::exception&) {
      response = {.status = 500};
    }
    const auto status = static_cast<unsigned>(response.status);
    const auto headers = std::move(response.headers);
    const ResponsePtr made = MakeResponse(std::move(response));
    if (made == nullptr) return MHD_NO;
    for (const auto& [name, value] : headers) {
      MHD_add_response_header(made.get(), name.c_str(), value.c_str());
    }
    return MHD_queue_response(connection, status, made.get());
  }

  const HttpServerSettings settings_;
  const HttpHandler handler_;
  std::vector<MHD_Daemon*> daemons_;
  std::vector<std::string> bound_addresses_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerSettings& settings,
                                                      HttpHandler handler) {
  auto server = std::make_unique<MicrohttpdServer>(settings, std::move(handler));
  if (auto listening = server->Listen(); !listening) return std::unexpected(listening.error());
  return server;
}

}  // namespace telnyx_exporter
