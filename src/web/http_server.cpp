// HttpServer on libmicrohttpd: one daemon with a pool of epoll threads for all listening addresses.
// Accepting, limits, framing checks and access rules are our own; the daemon reads, writes and
// encrypts.

#include "web/http_server.h"

#include <algorithm>
#include <cstdarg>
#include <exception>

#include <fmt/format.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <sys/resource.h>

#include "web/acceptor.h"
#include "web/listen_address.h"
#include "web/microhttpd_request.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxHeadBytes = std::size_t{32} * 1024;

// A request's body is read and ignored up to here.
constexpr std::size_t kMaxRequestBody = std::size_t{64} * 1024;

// libmicrohttpd's own limit must never be reached: at it, newcomers are turned away.
constexpr std::size_t kSpareClients = 256;

constexpr const char* kRetryAfterSeconds = "1";

// What is kept of a client between libmicrohttpd's calls.
struct ClientState {
  int socket = -1;
  std::string peer;
  std::shared_ptr<const TlsContext> tls;  // null: plain HTTP
};

// What is kept of a request.
struct RequestState {
  enum class Stage { kNew, kChecking, kAdmitted, kAnswered };

  MicrohttpdRequestLine line;
  CheckedRequest checked;
  std::size_t body_bytes = 0;
  Stage stage = Stage::kNew;
  Admission admission = Admission::kBusy;  // the outcome of a check
  std::shared_ptr<const AccessRules> rules;
  HttpResponse answer;  // of a handler that answered later
};

struct Refusal {
  std::string_view reason;
  HttpResponse response;
};

ClientState* StateOf(MHD_Connection* connection) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info == nullptr ? nullptr : static_cast<ClientState*>(info->socket_context);
}

ClientState& StateOf(gnutls_session_t session) {
  // libmicrohttpd stores its connection in the session.
  return *StateOf(static_cast<MHD_Connection*>(gnutls_session_get_ptr(session)));
}

int OnClientHello(gnutls_session_t session) { return StateOf(session).tls->OnClientHello(session); }

int OnClientCertificate(gnutls_session_t session) {
  return StateOf(session).tls->CheckClient(session);
}

// Never called, since every session gets its own certificate before; without it libmicrohttpd
// wants a certificate when it starts.
int NoCertificate(gnutls_session_t /*session*/, const gnutls_datum_t* /*authorities*/,
                  int /*authority_count*/, const gnutls_pk_algorithm_t* /*algorithms*/,
                  int /*algorithm_count*/, gnutls_pcert_st** /*certificate*/,
                  unsigned* /*certificate_count*/, gnutls_privkey_t* /*key*/) {
  return -1;
}

ClientLimits LimitsOf(const HttpServerSettings& settings) {
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  ClientLimits limits = settings.limits;
  limits.total = std::min<std::size_t>(limits.total, descriptors.rlim_cur / 2);
  limits.of_one_peer = std::min(limits.of_one_peer, limits.total);
  return limits;
}

std::string_view ReasonOf(int status) {
  const bool too_large = status == 413 || status == 414 || status == 431;
  return too_large ? kRefusalTooLarge : kRefusalMalformed;
}

Refusal RefusalOf(const RequestFault& fault) {
  return {ReasonOf(fault.status), TextResponse(fault.status, "Refused: " + fault.text + ".\n")};
}

Refusal RefusalOf(Admission admission) {
  switch (admission) {
    case Admission::kNoCredentials: {
      Refusal refusal{kRefusalCredentials, TextResponse(401, "Unauthorized.\n")};
      refusal.response.headers.emplace_back("WWW-Authenticate", R"(Basic realm="telnyx_exporter")");
      return refusal;
    }
    case Admission::kTooManyRequests:
      return {kRefusalRateLimit, TextResponse(429, "Too many requests.\n")};
    case Admission::kAdmitted:
    case Admission::kBusy:
      break;
  }
  Refusal refusal{kRefusalPasswordChecks, TextResponse(503, "Too many passwords to check.\n")};
  refusal.response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  return refusal;
}

class MicrohttpdServer final : public HttpServer {
 public:
  MicrohttpdServer(const HttpServerSettings& settings, HttpHandler handler)
      : settings_(settings),
        handler_(std::move(handler)),
        clock_(settings.clock == nullptr ? system_clock_ : *settings.clock),
        limits_(LimitsOf(settings)),
        clients_(limits_, clock_,
                 [this](ClientTable::Reason reason) {
                   if (reason == ClientTable::Reason::kSlowRequest) {
                     CountRefusal(kRefusalSlowRequest, 408);
                   } else if (reason == ClientTable::Reason::kSlowAnswer) {
                     CountRefusal(kRefusalSlowReader, 408);
                   }
                 }),
        access_(settings.rules, clock_,
                settings.hash_matcher == nullptr ? BcryptMatches : settings.hash_matcher) {}

  ~MicrohttpdServer() override {
    acceptor_.reset();
    // libmicrohttpd must not be stopped while a request is suspended.
    access_.checker().Stop();
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  }

  Result<void> Listen() {
    auto sockets = settings_.systemd_sockets ? ListenSocket::TakeFromSystemd()
                                             : ListenSocket::OpenAll(settings_.listen_addresses);
    if (!sockets) return std::unexpected(sockets.error());
    for (const ListenSocket& socket : *sockets) bound_addresses_.push_back(socket.bound_address());
    daemon_ = StartDaemon();
    if (daemon_ == nullptr) return Fail("cannot start the web server: libmicrohttpd refuses");
    acceptor_ = std::make_unique<Acceptor>(
        std::move(*sockets), clients_, [this](int socket, const sockaddr* peer, socklen_t size) {
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
    if (new_tls) clients_.EndAll();
    return {};
  }

 private:
  MHD_Daemon* StartDaemon() {
    const auto timeout = std::chrono::ceil<std::chrono::seconds>(limits_.idle).count();
    std::vector<MHD_OptionItem> more;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
                     MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (access_.rules()->tls != nullptr) {
      flags |= MHD_USE_TLS;
      more.push_back({MHD_OPTION_HTTPS_CERT_CALLBACK, 0, reinterpret_cast<void*>(&NoCertificate)});
    }
#if MHD_VERSION >= 0x00097701
    more.push_back({MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, nullptr});
#endif
    more.push_back({MHD_OPTION_END, 0, nullptr});
    return MHD_start_daemon(
        flags, 0, nullptr, nullptr, &MicrohttpdServer::OnRequest, this, MHD_OPTION_EXTERNAL_LOGGER,
        &MicrohttpdServer::OnLog, this, MHD_OPTION_THREAD_POOL_SIZE, settings_.threads,
        MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(timeout), MHD_OPTION_CONNECTION_LIMIT,
        static_cast<unsigned>((limits_.total + kSpareClients) * settings_.threads),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMaxHeadBytes, MHD_OPTION_NOTIFY_CONNECTION,
        &MicrohttpdServer::OnConnection, this, MHD_OPTION_URI_LOG_CALLBACK,
        &MicrohttpdServer::OnUri, this, MHD_OPTION_NOTIFY_COMPLETED, &MicrohttpdServer::OnCompleted,
        this, MHD_OPTION_ARRAY, more.data(), MHD_OPTION_END);
  }

  void CountRefusal(std::string_view reason, int status) const {
    if (settings_.on_refused) settings_.on_refused(reason, status);
  }

  // The only sign of requests that libmicrohttpd refuses itself: what is no HTTP, or too large.
  static void OnLog(void* context, const char* format, va_list arguments) {
    constexpr std::string_view kRefused =
        "Error processing request (HTTP response code is %u ('%s')).";
    if (!std::string_view(format).starts_with(kRefused)) return;
    const auto status = static_cast<int>(va_arg(arguments, unsigned));
    static_cast<MicrohttpdServer*>(context)->CountRefusal(ReasonOf(status), status);
  }

  static void OnConnection(void* context, MHD_Connection* connection, void** state_slot,
                           MHD_ConnectionNotificationCode what) {
    auto& server = *static_cast<MicrohttpdServer*>(context);
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
      auto state = std::make_unique<ClientState>();
      server.StartClient(connection, *state);
      *state_slot = state.release();
    } else {
      const std::unique_ptr<ClientState> state(static_cast<ClientState*>(*state_slot));
      server.clients_.Remove(state->socket);
    }
  }

  void StartClient(MHD_Connection* connection, ClientState& state) {
    state.socket =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    state.peer = PeerOf(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    state.tls = access_.rules()->tls;
    clients_.Started(state.socket);
    if (state.tls == nullptr) return;
    auto* const session = static_cast<gnutls_session_t>(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session);
    state.tls->Prepare(session);
    gnutls_handshake_set_post_client_hello_function(session, &OnClientHello);
    gnutls_session_set_verify_function(session, &OnClientCertificate);
  }

  // The first call for a request, and the only one in which libmicrohttpd shows its target as it
  // came.
  static void* OnUri(void* context, const char* target, MHD_Connection* connection) {
    auto& server = *static_cast<MicrohttpdServer*>(context);
    server.clients_.Tell(&ClientTable::RequestBegan, StateOf(connection)->socket);
    auto state = std::make_unique<RequestState>();
    state->line.raw_target = target;
    state->line.target = target == nullptr ? "" : target;
    return state.release();
  }

  static void OnCompleted(void* context, MHD_Connection* connection, void** state,
                          MHD_RequestTerminationCode /*how*/) {
    auto& server = *static_cast<MicrohttpdServer*>(context);
    server.clients_.Tell(&ClientTable::AnswerEnded, StateOf(connection)->socket);
    delete static_cast<RequestState*>(*state);
    *state = nullptr;
  }

  // Called when the head has come, again when a check is over, for each piece of the body, and when
  // the request is whole.
  static MHD_Result OnRequest(void* context, MHD_Connection* connection, const char* /*path*/,
                              const char* method, const char* version, const char* /*body*/,
                              std::size_t* body_size, void** state_slot) {
    auto& server = *static_cast<MicrohttpdServer*>(context);
    auto& state = *static_cast<RequestState*>(*state_slot);
    switch (state.stage) {
      case RequestState::Stage::kNew:
        state.line.method = method;
        state.line.version = version;
        return server.Admit(connection, state);
      case RequestState::Stage::kChecking:
        return server.Proceed(connection, state, state.admission);
      case RequestState::Stage::kAnswered:
        return server.Send(connection, state, std::move(state.answer));
      case RequestState::Stage::kAdmitted:
        break;
    }
    if (*body_size > 0) return server.IgnoreBody(state, *body_size);
    return server.Answer(connection, state);
  }

  MHD_Result Admit(MHD_Connection* connection, RequestState& state) {
    state.rules = access_.rules();
    const auto head = ReadRequestHead(connection, state.line);
    if (!head) return Refuse(connection, state, RefusalOf(head.error()));
    auto checked = CheckRequestHead(*head, kMaxRequestBody);
    if (!checked) return Refuse(connection, state, RefusalOf(checked.error()));
    state.checked = std::move(*checked);
    if (IsFromAnotherSite(*head, state.checked.host)) {
      return Refuse(connection, state,
                    {kRefusalForeign,
                     TextResponse(403, "A page of another site may not send this request.\n")});
    }
    if (IsOpen(head->method, state.checked.path)) {
      return Proceed(connection, state, Admission::kAdmitted);
    }
    return CheckAccess(connection, state);
  }

  bool IsOpen(std::string_view method, std::string_view path) const {
    return (method == "GET" || method == "HEAD") &&
           std::ranges::find(settings_.open_paths, path) != settings_.open_paths.end();
  }

  MHD_Result CheckAccess(MHD_Connection* connection, RequestState& state) {
    const MicrohttpdRequest request(connection, state.line.method, state.checked);
    auto decision = access_.Decide(*state.rules, request.Header("Authorization"));
    if (const auto* admission = std::get_if<Admission>(&decision)) {
      return Proceed(connection, state, *admission);
    }
    const ClientState& client = *StateOf(connection);
    state.stage = RequestState::Stage::kChecking;
    clients_.Tell(&ClientTable::CheckBegan, client.socket);
    // Before the check can be over, for then the connection is resumed.
    MHD_suspend_connection(connection);
    const bool checked = access_.checker().Check(
        {state.rules, &state.rules->users}, std::move(std::get<Credentials>(decision)), client.peer,
        [&state, connection](Admission admission) {
          state.admission = admission;
          MHD_resume_connection(connection);
        });
    if (!checked) MHD_resume_connection(connection);
    return MHD_YES;
  }

  MHD_Result Proceed(MHD_Connection* connection, RequestState& state, Admission admission) {
    state.stage = RequestState::Stage::kAdmitted;
    if (admission == Admission::kAdmitted) return MHD_YES;
    return Refuse(connection, state, RefusalOf(admission));
  }

  // Before the request's body has come, so the connection is closed afterwards.
  MHD_Result Refuse(MHD_Connection* connection, const RequestState& state, Refusal refusal) {
    CountRefusal(refusal.reason, refusal.response.status);
    clients_.Tell(&ClientTable::AnswerBegan, StateOf(connection)->socket);
    return QueueResponse(connection, std::move(refusal.response),
                         {.headers = state.rules->headers, .close = true});
  }

  MHD_Result IgnoreBody(RequestState& state, std::size_t& size) const {
    state.body_bytes += std::exchange(size, 0);
    if (state.body_bytes <= kMaxRequestBody) return MHD_YES;
    CountRefusal(kRefusalTooLarge, 413);
    return MHD_NO;
  }

  MHD_Result Answer(MHD_Connection* connection, RequestState& state) {
    clients_.Tell(&ClientTable::AnswerBegan, StateOf(connection)->socket);
    HttpResponse response;
    try {
      response = handler_(MicrohttpdRequest(connection, state.line.method, state.checked));
    } catch (const std::exception&) {
      CountRefusal(kRefusalInternal, 500);
      response = TextResponse(500, "Internal error.\n");
    }
    if (!response.later) return Send(connection, state, std::move(response));
    state.stage = RequestState::Stage::kAnswered;
    // Before the answer can be there, for then the connection is resumed.
    MHD_suspend_connection(connection);
    response.later([&state, connection](HttpResponse answer) {
      state.answer = std::move(answer);
      MHD_resume_connection(connection);
    });
    return MHD_YES;
  }

  MHD_Result Send(MHD_Connection* connection, const RequestState& state, HttpResponse response) {
    if (response.body != nullptr) {
      clients_.Tell(&ClientTable::BodyBegan, StateOf(connection)->socket,
                    WaitingBody{.handler = state.checked.path,
                                .identity = response.body.get(),
                                .bytes = response.body->size()});
    }
    // No request follows a body, so none can be smuggled in it.
    return QueueResponse(connection, std::move(response),
                         {.headers = state.rules->headers, .close = state.checked.has_body});
  }

  const HttpServerSettings settings_;
  const HttpHandler handler_;
  const SystemClock system_clock_;
  const Clock& clock_;
  const ClientLimits limits_;
  ClientSockets clients_;
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
