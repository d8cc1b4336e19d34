#include "http/curl_transfer.h"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <new>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/build_info.h"
#include "base/secret.h"
#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr long kKeepAliveIdleSeconds = 30;
constexpr long kKeepAliveIntervalSeconds = 15;
/// How long sent bytes may stay unacknowledged before the system drops the connection. Without it a
/// shared HTTP/2 connection that has died silently would be used again for a quarter of an hour.
constexpr unsigned kUnacknowledgedMilliseconds = 20'000;
/// A connection older than this is not used again, so that changes of the name's addresses are
/// followed.
constexpr long kConnectionLifetimeSeconds = 600;
/// How long curl may use an address that it has looked up. Not at all after a request without an
/// answer: the host may have moved.
constexpr long kAddressLifetimeSeconds = 10;
/// All header lines of one exchange together, interim answers and trailers included.
constexpr std::size_t kMaxHeaderBytes = std::size_t{64} * 1024;
/// The body of an error is quoted in the log and no more: it is not worth waiting for.
constexpr Duration kErrorBodyPatience = std::chrono::seconds(1);

std::string UserAgent() { return "telnyx_exporter/" + std::string(GetBuildInfo().version); }

// Rounded up, since 0 would mean curl's own default of minutes.
long ToCurlMilliseconds(Duration duration) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<long>(std::clamp<std::int64_t>(milliseconds, 1, INT_MAX));
}

Instant SaturatingAdd(Instant time, Duration duration) {
  return duration > Instant::max() - time ? Instant::max() : time + duration;
}

std::size_t AsCallbackResult(bool accepted, std::size_t bytes) {
  return accepted ? bytes : CURL_WRITEFUNC_ERROR;
}

constexpr std::size_t kMaxMessageBytes = 300;

void ReplaceDecoded(std::string& text, std::string_view secret) {
  HideSecret(text, secret);
  if (auto decoded = PercentDecode(secret)) {
    HideSecret(text, *decoded);
    WipeMemory(decoded->data(), decoded->size());
  }
}

// "user:password" of "scheme://user:password@host:port/", empty when there is none.
std::string_view UserInfo(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end != std::string_view::npos) url.remove_prefix(scheme_end + 3);
  const std::size_t at = url.rfind('@');
  return at == std::string_view::npos ? std::string_view() : url.substr(0, at);
}

void RemoveSecrets(std::string& text, const Endpoint& endpoint) {
  // The longest first: a part that is replaced earlier would hide the whole.
  const std::string_view user_info = UserInfo(endpoint.proxy_url.reveal());
  const std::size_t colon = user_info.find(':');
  if (!user_info.empty()) HideSecret(text, endpoint.proxy_url.reveal());
  ReplaceDecoded(text, user_info);
  if (colon != std::string_view::npos) ReplaceDecoded(text, user_info.substr(colon + 1));
  HideSecret(text, endpoint.api_key.reveal());
}

}  // namespace

CurlTransfer::CurlTransfer(const Clock& clock, ResponseBodyPool& bodies)
    : clock_(clock), bodies_(bodies), handle_(curl_easy_init()) {
  if (!handle_) throw std::bad_alloc();
}

CurlTransfer::~CurlTransfer() = default;

void CurlTransfer::Begin(RequestId id, Request request, ExchangeCallback done,
                         std::shared_ptr<CurlEndpoint> endpoint, Instant now) {
  id_ = id;
  request_ = std::move(request);
  done_ = std::move(done);
  sent_at_ = now;
  deadline_ = SaturatingAdd(now, request_.timeout);
  head_.Begin(kMaxHeaderBytes);
  received_body_bytes_ = 0;
  failure_.reset();
  error_text_[0] = '\0';

  if (endpoint_ != endpoint) {
    ForgetEndpoint();
    endpoint_ = std::move(endpoint);
    SetCommonOptions();
    endpoint_->ApplyTo(handle(), *request_.endpoint);
  }
  url_.assign(endpoint_->url_prefix()).append(request_.target);
  SetCurlOption(handle(), CURLOPT_URL, url_.c_str());
  SetCurlOption(handle(), CURLOPT_CONNECTTIMEOUT_MS, ToCurlMilliseconds(request_.connect_timeout));
  SetCurlOption(handle(), CURLOPT_FRESH_CONNECT, endpoint_->TakeFreshConnect() ? 1L : 0L);
  SetCurlOption(handle(), CURLOPT_DNS_CACHE_TIMEOUT,
                endpoint_->answered() ? kAddressLifetimeSeconds : 0L);
}

void CurlTransfer::SetCommonOptions() {
  CURL* const curl = handle();
  void* const self = this;
  SetCurlOption(curl, CURLOPT_PRIVATE, self);
  SetCurlOption(curl, CURLOPT_ERRORBUFFER, error_text_.data());
  SetCurlOption(curl, CURLOPT_HEADERFUNCTION, &CurlTransfer::OnHeader);
  SetCurlOption(curl, CURLOPT_HEADERDATA, self);
  SetCurlOption(curl, CURLOPT_WRITEFUNCTION, &CurlTransfer::OnBody);
  SetCurlOption(curl, CURLOPT_WRITEDATA, self);
  SetCurlOption(curl, CURLOPT_SOCKOPTFUNCTION, &CurlTransfer::OnSocket);
  SetCurlOption(curl, CURLOPT_USERAGENT, UserAgent().c_str());
  SetCurlOption(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  SetCurlOption(curl, CURLOPT_PATH_AS_IS, 1L);
  // A proxy's own status must not be taken for the API's.
  SetCurlOption(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // ResponseBody decompresses.
  SetCurlOption(curl, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  SetCurlOption(curl, CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
  SetCurlOption(curl, CURLOPT_NOSIGNAL, 1L);
  // Never waits for the thread that looks up a name: that may take the resolver's many seconds.
  SetCurlOption(curl, CURLOPT_QUICK_EXIT, 1L);
  SetCurlOption(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  SetCurlOption(curl, CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  SetCurlOption(curl, CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  SetCurlOption(curl, CURLOPT_MAXLIFETIME_CONN, kConnectionLifetimeSeconds);
}

RequestId CurlTransfer::IdOf(CURL* handle) {
  void* self = nullptr;
  curl_easy_getinfo(handle, CURLINFO_PRIVATE, &self);
  return static_cast<const CurlTransfer*>(self)->id();
}

std::expected<Response, TransportError> CurlTransfer::Finish(CURLcode code) {
  if (code != CURLE_OK && !failure_) {
    Fail(ClassifyCurlCode(code), DescribeCurlError(code, error_text_.data(), *request_.endpoint));
  }
  if (head_.status() != 0 && !head_.complete()) {
    Fail(TransportError::Kind::kConnect, "the answer ends in its headers");
  }
  if (body_ && !failure_) CheckBody(body_->End());
  if (head_.status() == 0) {
    Fail(TransportError::Kind::kMalformed, "the status line cannot be read");
  }
  return Outcome();
}

std::expected<Response, TransportError> CurlTransfer::FinishOverdue() {
  // After headers that did arrive the connection is alive.
  if (head_.status() == 0) endpoint_->NoteTimeout();
  Fail(TransportError::Kind::kTimeout, OverdueMessage());
  return Outcome();
}

std::expected<Response, TransportError> CurlTransfer::Outcome() {
  const bool answered = head_.status() != 0;
  endpoint_->NoteAnswered(answered);
  if (!answered) return std::unexpected(*failure_);
  return Response{.status = head_.status(),
                  .headers = head_.headers(),
                  .body = body_ ? body_->Sealed() : EmptyBody(),
                  .body_error = failure_};
}

std::string CurlTransfer::OverdueMessage() const {
  if (has_error_status() && deadline_ < SaturatingAdd(sent_at_, request_.timeout)) {
    return "no complete body within " + FormatDuration(kErrorBodyPatience) + " of the headers";
  }
  curl_off_t sent_after_microseconds = 0;
  curl_easy_getinfo(handle(), CURLINFO_PRETRANSFER_TIME_T, &sent_after_microseconds);
  const std::string message = "no complete answer within " + FormatDuration(request_.timeout);
  return sent_after_microseconds == 0
             ? message + ", still connecting"
             : message + ", " + std::to_string(body_bytes()) + " bytes of the body received";
}

void CurlTransfer::Reset() {
  if (body_) bodies_.Give(std::move(body_));
  done_ = nullptr;
  request_ = {};
}

void CurlTransfer::ForgetEndpoint() {
  curl_easy_reset(handle());
  endpoint_.reset();
}

// The callbacks must not throw through curl's frames: without memory the process ends.
std::size_t CurlTransfer::OnHeader(char* data, std::size_t /*one*/, std::size_t bytes,
                                   void* self) noexcept {
  return AsCallbackResult(static_cast<CurlTransfer*>(self)->AddHeaderLine({data, bytes}), bytes);
}

std::size_t CurlTransfer::OnBody(char* data, std::size_t /*one*/, std::size_t bytes,
                                 void* self) noexcept {
  return AsCallbackResult(static_cast<CurlTransfer*>(self)->AddBody({data, bytes}), bytes);
}

int CurlTransfer::OnSocket(void* /*self*/, curl_socket_t socket,
                           curlsocktype /*purpose*/) noexcept {
  // A system that refuses is no reason not to connect.
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledgedMilliseconds,
             sizeof kUnacknowledgedMilliseconds);
  return CURL_SOCKOPT_OK;
}

bool CurlTransfer::AddHeaderLine(std::string_view line) {
  switch (head_.AddLine(line)) {
    case ResponseHead::Verdict::kOk:
      break;
    case ResponseHead::Verdict::kTooLarge:
      Fail(TransportError::Kind::kResponseTooLarge,
           "response headers larger than " + FormatSize(kMaxHeaderBytes));
      return false;
    case ResponseHead::Verdict::kUnknownTransferCoding:
      Fail(TransportError::Kind::kMalformed, "transfer coding that was not asked for");
      return has_error_status();
  }
  if (head_.complete() && has_error_status()) {
    deadline_ = std::min(deadline_, clock_.Now() + kErrorBodyPatience);
  }
  return true;
}

bool CurlTransfer::AddBody(std::string_view bytes) {
  received_body_bytes_ += bytes.size();
  if (!failure_) CollectBody(bytes);
  // The rest of an error's body is dropped as long as it is short, since ending the exchange would
  // mostly cost the connection.
  return !failure_ || (has_error_status() && received_body_bytes_ <= kMaxErrorBodyBytes);
}

void CurlTransfer::CollectBody(std::string_view bytes) {
  if (!body_) {
    if (head_.content_coding() == ResponseHead::ContentCoding::kUnknown) {
      Fail(TransportError::Kind::kMalformed, "content coding that was not asked for");
      return;
    }
    body_ = bodies_.Acquire();
    body_->Begin(head_.content_coding() == ResponseHead::ContentCoding::kGzip, max_body_bytes());
  }
  CheckBody(body_->Append(bytes));
}

std::size_t CurlTransfer::max_body_bytes() const {
  return has_error_status() ? std::min(request_.max_body_bytes, kMaxErrorBodyBytes)
                            : request_.max_body_bytes;
}

void CurlTransfer::CheckBody(ResponseBody::Verdict verdict) {
  using Kind = TransportError::Kind;
  switch (verdict) {
    case ResponseBody::Verdict::kOk:
      return;
    case ResponseBody::Verdict::kTooLarge:
      return Fail(Kind::kResponseTooLarge,
                  "response body larger than " + FormatSize(max_body_bytes()));
    case ResponseBody::Verdict::kTruncated:
      return Fail(Kind::kMalformed, "gzip body ends too early");
    case ResponseBody::Verdict::kUndecodable:
      return Fail(Kind::kMalformed, "gzip body cannot be decompressed");
  }
}

void CurlTransfer::Fail(TransportError::Kind kind, std::string message) {
  if (!failure_) failure_ = TransportError{.kind = kind, .message = std::move(message)};
}

TransportError::Kind ClassifyCurlCode(CURLcode code) {
  using Kind = TransportError::Kind;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Kind::kTimeout;

    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_USE_SSL_FAILED:
      return Kind::kTls;

    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_UNSUPPORTED_PROTOCOL:  // also an answer that does not begin as HTTP does
    case CURLE_URL_MALFORMAT:
    case CURLE_WEIRD_SERVER_REPLY:
      return Kind::kMalformed;

    case CURLE_FILESIZE_EXCEEDED:
      // For one header line past curl's own 100 KiB.
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
    case CURLE_OUT_OF_MEMORY:
      return Kind::kResponseTooLarge;

    default:
      // Name look-up, connect, proxy, send, receive, an answer cut short, and HTTP/2's GOAWAY and
      // stream resets: the way to the server failed, and trying again may help.
      return Kind::kConnect;
  }
}

std::string DescribeCurlError(CURLcode code, std::string_view text, const Endpoint& endpoint) {
  std::string message(text.empty() ? std::string_view(curl_easy_strerror(code)) : text);
  RemoveSecrets(message, endpoint);
  return SanitizeForDisplay(TrimWhitespace(message), kMaxMessageBytes);
}

}  // namespace telnyx_exporter
