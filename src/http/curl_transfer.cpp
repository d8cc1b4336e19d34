#include "http/curl_transfer.h"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <new>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/units.h"
#include "http/curl_error.h"
#include "http/curl_transport.h"

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

}  // namespace

CurlTransfer::CurlTransfer(const CurlTransportSettings& settings, ResponseBodyPool& bodies)
    : settings_(settings), bodies_(bodies), handle_(curl_easy_init()) {
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
  head_.Begin(settings_.max_header_bytes);
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
  SetCurlOption(curl, CURLOPT_USERAGENT, settings_.user_agent.c_str());
  SetCurlOption(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  SetCurlOption(curl, CURLOPT_PATH_AS_IS, 1L);
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
  if (!failure_ && code != CURLE_OK) {
    GiveUp(ClassifyCurlCode(code), DescribeCurlError(code, error_text_.data(), *request_.endpoint));
  }
  if (!failure_ && body_) Judge(body_->End());
  if (failure_) return std::unexpected(*failure_);

  long status = 0;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
  return Response{.status = static_cast<int>(status),
                  .headers = head_.headers(),
                  .body = body_ ? body_->Sealed() : EmptyBody()};
}

TransportError CurlTransfer::TimedOut() const {
  curl_off_t sent_after_microseconds = 0;
  curl_easy_getinfo(handle(), CURLINFO_PRETRANSFER_TIME_T, &sent_after_microseconds);
  std::string message = "no complete answer within " + FormatDuration(request_.timeout);
  message += sent_after_microseconds == 0
                 ? ", still connecting"
                 : ", " + std::to_string(body_bytes()) + " bytes of the body received";
  return {.kind = TransportError::Kind::kTimeout, .message = std::move(message)};
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
      return true;
    case ResponseHead::Verdict::kTooLarge:
      return GiveUp(TransportError::Kind::kResponseTooLarge,
                    "response headers larger than " + FormatSize(settings_.max_header_bytes));
    case ResponseHead::Verdict::kUnknownTransferCoding:
      break;
  }
  return GiveUp(TransportError::Kind::kMalformed, "transfer coding that was not asked for");
}

bool CurlTransfer::AddBody(std::string_view bytes) {
  if (!body_) {
    if (head_.content_coding() == ResponseHead::ContentCoding::kUnknown) {
      return GiveUp(TransportError::Kind::kMalformed, "content coding that was not asked for");
    }
    body_ = bodies_.Take();
    body_->Begin(head_.content_coding() == ResponseHead::ContentCoding::kGzip,
                 request_.max_body_bytes);
  }
  return Judge(body_->Append(bytes));
}

bool CurlTransfer::Judge(ResponseBody::Verdict verdict) {
  switch (verdict) {
    case ResponseBody::Verdict::kOk:
      return true;
    case ResponseBody::Verdict::kTooLarge:
      return GiveUp(TransportError::Kind::kResponseTooLarge,
                    "response body larger than " + FormatSize(request_.max_body_bytes));
    case ResponseBody::Verdict::kTruncated:
      return GiveUp(TransportError::Kind::kMalformed, "gzip body ends too early");
    case ResponseBody::Verdict::kUndecodable:
      break;
  }
  return GiveUp(TransportError::Kind::kMalformed, "gzip body cannot be decompressed");
}

bool CurlTransfer::GiveUp(TransportError::Kind kind, std::string message) {
  failure_ = TransportError{.kind = kind, .message = std::move(message)};
  return false;
}

}  // namespace telnyx_exporter
