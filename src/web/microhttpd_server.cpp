// HttpServer on libmicrohttpd: one daemon with a pool of epoll threads for all listening addresses.
// Accepting, limits and access rules are our own; the daemon reads, writes and encrypts.

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "web/acceptor.h"
#include "web/access_control.h"
#include "web/bcrypt.h"
#include "web/connections.h"
#include "web/http_server.h"
#include "web/listen_address.h"
#include "web/microhttpd_request.h"
#include "web/peer.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

// A request's body is read and thrown away up to here, so that the connection can be used again.
constexpr std::size_t kMaxRequestBody = std::size_t{64} * 1024;

// libmicrohttpd's own limit must never be met: at it, it turns newcomers away.
constexpr std::size_t kSpareConnections = 256;

constexpr const char* kRetryAfterSeconds = "1";

// What is kept of one connection between libmicrohttpd's calls.
struct ConnectionState {
  int socket = -1;
  std::string peer;
  std::shared_ptr<const TlsContext> tls;  // null: plain HTTP
};

// What is kept of one request.
struct RequestState {
  enum class Stage { kNew, kChecking, kAdmitted, kAnswered };

  std::string query;  // raw
  std::size_t body_bytes = 0;
  Stage stage = Stage::kNew;
  Admission admission = Admission::kBusy;  // the outcome of a check
  std::shared_ptr<const AccessRules> rules;
  HttpResponse answer;  // of a handler that answered later
};

ConnectionState* StateOf(MHD_Connection* connection) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info == nullptr ? nullptr : static_cast<ConnectionState*>(info->socket_context);
}

ConnectionState& StateOf(gnutls_session_t session) {
  // libmicrohttpd leaves its connection in the session.
  return *StateOf(static_cast<MHD_Connection*>(gnutls_session_get_ptr(session)));
}

int OnClientHello(gnutls_session_t session) { return StateOf(session).tls->OnClientHello(session); }

int OnClientCertificate(gnutls_session_t session) {
  return StateOf(session).tls->CheckClient(session);
}

// Every session gets its own certificate before this could be called; without it libmicrohttpd
// wants a certificate when it starts.
int NoCertificate(gnutls_session_t /*session*/, const gnutls_datum_t* /*authorities*/,
                  int /*authority_count*/, const gnutls_pk_algorithm_t* /*algorithms*/,
                  int /*algorithm_count*/, gnutls_pcert_st** /*certificate*/,
                  unsigned* /*certificate_count*/, gnutls_privkey_t* /*key*/) {
  return -1;
}

ConnectionLimits LimitsOf(const HttpServerSettings& settings) {
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  const std::size_t most =
      std::min<std::size_t>(settings.max_connections, descriptors.rlim_cur / 2);
  return {.total = most,
          .of_one_peer = std::min(settings.max_connections_of_one_peer, most),
          .request = settings.request_timeout,
          .idle = settings.idle_timeout,
          .response = settings.response_timeout};
}

HttpResponse RefusalOf(Admission admission) {
  HttpResponse response;
  switch (admission) {
    case Admission::kAdmitted:
      break;
    case Admission::kNoCredentials:
      response = TextResponse(401, "Unauthorized.\n");
      response.headers.emplace_back("WWW-Authenticate", "Basic");
      break;
    case Admission::kTooManyRequests:
      response = TextResponse(429, "Too many requests.\n");
      break;
    case Admission::kBusy:
      response = TextResponse(503, "Too many passwords to check.\n");
      response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
      break;
  }
  return response;
}

class MicrohttpdServer final : public HttpServer {
 public:
  MicrohttpdServer(const HttpServerSettings& settings, HttpHandler handler)
      : settings_(settings),
        handler_(std::move(handler)),
        clock_(settings.clock == nullptr ? system_clock_ : *settings.clock),
        limits_(LimitsOf(settings)),
        connections_(limits_, clock_),
        access_(settings.rules, clock_,
                settings.hash_matcher == nullptr ? BcryptMatches : settings.hash_matcher) {}

  ~MicrohttpdServer() override {
    acceptor_.reset();
    // libmicrohttpd must not be stopped while a request is put aside.
    access_.Stop();
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  }

  Result<void> Listen() {
    auto sockets = OpenSockets();
    if (!sockets) return std::unexpected(sockets.error());
    for (const ListenSocket& socket : *sockets) bound_addresses_.push_back(socket.bound_address());
    daemon_ = StartDaemon();
    if (daemon_ == nullptr) return Fail("cannot start the web server: libmicrohttpd refuses");
    acceptor_ = std::make_unique<Acceptor>(
        std::move(*sockets), connections_,
        [this](int socket, const sockaddr* peer, socklen_t size) {
          return MHD_add_connection(daemon_, socket, peer, size) == MHD_YES;
        });
    return {};
  }

  const std::vector<std::string>& bound_addresses() const override { return bound_addresses_; }

  Result<void> SetRules(std::shared_ptr<const AccessRules> rules) override {
    const auto before = access_.rules();
    if ((before->tls == nullptr) != (rules->tls == nullptr)) {
      return Fail("TLS cannot be switched on or off while the server runs: restart it");
    }
    const bool new_tls = before->tls != rules->tls;
    access_.SetRules(std::move(rules));
    if (new_tls) connections_.EndAll();
    return {};
  }

 private:
  Result<std::vector<ListenSocket>> OpenSockets() const {
    if (settings_.systemd_sockets) return ListenSocket::TakeFromSystemd();
    std::vector<ListenSocket> sockets;
    for (const std::string& address : settings_.listen_addresses) {
      auto socket = ListenSocket::Open(address);
      if (!socket) return std::unexpected(socket.error());
      sockets.push_back(std::move(*socket));
    }
    return sockets;
  }

  MHD_Daemon* StartDaemon() {
    const auto timeout = std::chrono::ceil<std::chrono::seconds>(settings_.idle_timeout).count();
    std::vector<MHD_OptionItem> tls;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
                     MHD_ALLOW_SUSPEND_RESUME;
    if (access_.rules()->tls != nullptr) {
      flags |= MHD_USE_TLS;
      tls.push_back({MHD_OPTION_HTTPS_CERT_CALLBACK, 0, reinterpret_cast<void*>(&NoCertificate)});
    }
    tls.push_back({MHD_OPTION_END, 0, nullptr});
    return MHD_start_daemon(
        flags, 0, nullptr, nullptr, &MicrohttpdServer::OnRequest, this, MHD_OPTION_THREAD_POOL_SIZE,
        settings_.threads, MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(timeout),
        MHD_OPTION_CONNECTION_LIMIT,
        static_cast<unsigned>((limits_.total + kSpareConnections) * settings_.threads),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, settings_.max_header_bytes,
        MHD_OPTION_NOTIFY_CONNECTION, &MicrohttpdServer::OnConnection, this,
        MHD_OPTION_URI_LOG_CALLBACK, &MicrohttpdServer::OnUri, this, MHD_OPTION_NOTIFY_COMPLETED,
        &MicrohttpdServer::OnCompleted, this, MHD_OPTION_ARRAY, tls.data(), MHD_OPTION_END);
  }

  static void OnConnection(void* context, MHD_Connection* connection, void** state_slot,
                           MHD_ConnectionNotificationCode what) {
    auto& server = *static_cast<MicrohttpdServer*>(context);
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
      auto state = std::make_unique<ConnectionState>();
      server.StartConnection(connection, *state);
      *state_slot = state.release();
    } else {
      const std::unique_ptr<ConnectionState> state(static_cast<ConnectionState*>(*state_slot));
      server.connections_.Remove(state->socket);
    }
  }

  void StartConnection(MHD_Connection* connection, ConnectionState& state) {
    state.socket =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    state.peer = PeerOf(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    state.tls = access_.rules()->tls;
    connections_.Started(state.socket);
    if (state.tls == nullptr) return;
    auto* const session = static_cast<gnutls_session_t>(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session);
    state.tls->Prepare(session);
    gnutls_handshake_set_post_client_hello_function(session, &OnClientHello);
    gnutls_session_set_verify_function(session, &OnClientCertificate);
  }

  // The first that is heard of a request, and the only place where libmicrohttpd shows the query
  // undecoded.
  static void* OnUri(void* context, const char* uri, MHD_Connection* connection) {
    auto& server = *static_cast<MicrohttpdServer*>(context);
    server.connections_.RequestBegan(StateOf(connection)->socket);
    auto state = std::make_unique<RequestState>();
    const std::string_view text(uri == nullptr ? "" : uri);
    if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
      state->query = text.substr(mark + 1);
    }
    return state.release();
  }

  static void OnCompleted(void* context, MHD_Connection* connection, void** state,
                          MHD_RequestTerminationCode /*how*/) {
    auto& server = *static_cast<MicrohttpdServer*>(context);
    server.connections_.AnswerEnded(StateOf(connection)->socket);
    delete static_cast<RequestState*>(*state);
    *state = nullptr;
  }

  // Called when the header is there, again when a check is over, for each piece of the body, and
  // when the request is whole.
  static MHD_Result OnRequest(void* context, MHD_Connection* connection, const char* path,
                              const char* method, const char* /*version*/, const char* /*body*/,
                              std::size_t* body_size, void** state_slot) {
    auto& server = *static_cast<MicrohttpdServer*>(context);
    auto& state = *static_cast<RequestState*>(*state_slot);
    const MicrohttpdRequest request(connection, method, path, state.query);
    switch (state.stage) {
      case RequestState::Stage::kNew:
        return server.Admit(connection, request, state);
      case RequestState::Stage::kChecking:
        return server.Proceed(connection, state, state.admission);
      case RequestState::Stage::kAnswered:
        return QueueResponse(connection, std::move(state.answer), state.rules->headers);
      case RequestState::Stage::kAdmitted:
        break;
    }
    if (*body_size > 0) {
      state.body_bytes += std::exchange(*body_size, 0);
      return state.body_bytes <= kMaxRequestBody ? MHD_YES : MHD_NO;
    }
    return server.Answer(connection, request, state);
  }

  MHD_Result Admit(MHD_Connection* connection, const MicrohttpdRequest& request,
                   RequestState& state) {
    state.rules = access_.rules();
    auto decision = access_.Decide(*state.rules, request.Header("Authorization"));
    if (const auto* admission = std::get_if<Admission>(&decision)) {
      return Proceed(connection, state, *admission);
    }
    state.stage = RequestState::Stage::kChecking;
    connections_.AnswerBegan(StateOf(connection)->socket);
    // Before the check can be over, for then the connection is resumed.
    MHD_suspend_connection(connection);
    const bool checked =
        access_.Check(state.rules, std::move(std::get<Credentials>(decision)),
                      StateOf(connection)->peer, [&state, connection](Admission admission) {
                        state.admission = admission;
                        MHD_resume_connection(connection);
                      });
    if (!checked) MHD_resume_connection(connection);
    return MHD_YES;
  }

  MHD_Result Proceed(MHD_Connection* connection, RequestState& state, Admission admission) {
    state.stage = RequestState::Stage::kAdmitted;
    if (admission == Admission::kAdmitted) return MHD_YES;
    HttpResponse refusal = RefusalOf(admission);
    if (settings_.on_refused) settings_.on_refused(refusal.status);
    connections_.AnswerBegan(StateOf(connection)->socket);
    return QueueResponse(connection, std::move(refusal), state.rules->headers);
  }

  MHD_Result Answer(MHD_Connection* connection, const MicrohttpdRequest& request,
                    RequestState& state) {
    connections_.AnswerBegan(StateOf(connection)->socket);
    HttpResponse response;
    try {
      response = handler_(request);
    } catch (const std::exception&) {
      response = {.status = 500};
    }
    if (!response.later) {
      return QueueResponse(connection, std::move(response), state.rules->headers);
    }
    // Before the answer can be there, for then the connection is resumed.
    state.stage = RequestState::Stage::kAnswered;
    MHD_suspend_connection(connection);
    response.later([&state, connection](HttpResponse answer) {
      state.answer = std::move(answer);
      MHD_resume_connection(connection);
    });
    return MHD_YES;
  }

  const HttpServerSettings settings_;
  const HttpHandler handler_;
  const SystemClock system_clock_;
  const Clock& clock_;
  const ConnectionLimits limits_;
  Connections connections_;
  AccessControl access_;
  std::vector<std::string> bound_addresses_;
  MHD_Daemon* daemon_ = nullptr;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerSettings& settings,
                                                      HttpHandler handler) {
  auto server = std::make_unique<MicrohttpdServer>(settings, std::move(handler));
  if (auto listening = server->Listen(); !listening) return std::unexpected(listening.error());
  return server;
}

}  // namespace telnyx_exporter
