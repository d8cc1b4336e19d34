#pragma once

// One exchange on one curl easy handle, used again and again: the transport fills it with a
// request, gives its handle to curl's multi interface, and takes the outcome from it: a response,
// or what went wrong in the words of the boundary. Lives on the transport's thread.

#include <array>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "base/clock.h"
#include "http/curl_endpoint.h"
#include "http/response.h"
#include "http/transport.h"

namespace telnyx_exporter {

class CurlTransfer {
 public:
  /// Both outlive the transfer.
  CurlTransfer(const Clock& clock, ResponseBodyPool& bodies);
  ~CurlTransfer();

  CURL* handle() const { return handle_.get(); }
  /// The id of the request that `handle` works on.
  static RequestId IdOf(CURL* handle);

  /// Takes the request and sets the handle up for it.
  void Begin(RequestId id, Request request, ExchangeCallback done,
             std::shared_ptr<CurlEndpoint> endpoint, Instant now);
  /// How it ended, once curl is done with the handle. The body in it lives until Reset.
  std::expected<Response, TransportError> Finish(CURLcode code);
  /// The same for a request that the transport ends at its deadline.
  std::expected<Response, TransportError> FinishOverdue();
  /// Gives back what the exchange held; the handle keeps the endpoint's options for the next one.
  void Reset();
  /// Back to default options, so that nothing of the endpoint is kept.
  void ForgetEndpoint();

  RequestId id() const { return id_; }
  Instant sent_at() const { return sent_at_; }
  Instant deadline() const { return deadline_; }
  const std::shared_ptr<CurlEndpoint>& endpoint() const { return endpoint_; }
  std::size_t body_bytes() const { return body_ ? body_->size() : 0; }
  ExchangeCallback& done() { return done_; }

 private:
  struct CleanUp {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };

  static std::size_t OnHeader(char* data, std::size_t one, std::size_t bytes, void* self) noexcept;
  static std::size_t OnBody(char* data, std::size_t one, std::size_t bytes, void* self) noexcept;
  static int OnSocket(void* self, curl_socket_t socket, curlsocktype purpose) noexcept;

  void SetCommonOptions();
  bool AddHeaderLine(std::string_view line);
  bool AddBody(std::string_view bytes);
  void CollectBody(std::string_view bytes);
  void CheckBody(ResponseBody::Verdict verdict);
  void Fail(TransportError::Kind kind, std::string message);
  /// Any status but 200: the body does not decide.
  bool has_error_status() const { return head_.status() != 0 && head_.status() != 200; }
  std::expected<Response, TransportError> Outcome();
  std::string OverdueMessage() const;
  std::size_t max_body_bytes() const;

  const Clock& clock_;
  ResponseBodyPool& bodies_;
  // Before the handle, which refers to both until it is gone.
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  std::shared_ptr<CurlEndpoint> endpoint_;
  std::unique_ptr<CURL, CleanUp> handle_;

  RequestId id_ = 0;
  Request request_{};
  ExchangeCallback done_;
  Instant sent_at_{};
  Instant deadline_{};
  std::string url_;
  ResponseHead head_;
  std::unique_ptr<ResponseBody> body_;     // from its first byte on
  std::size_t received_body_bytes_ = 0;    // as sent, before decompression
  std::optional<TransportError> failure_;  // the first
};

/// The kind of every code but CURLE_OK.
TransportError::Kind ClassifyCurlCode(CURLcode code);

/// `text` (curl's error buffer) or, when it is empty, curl's sentence for `code`: one line,
/// bounded, with the endpoint's key and its proxy's credentials replaced.
std::string DescribeCurlError(CURLcode code, std::string_view text, const Endpoint& endpoint);

}  // namespace telnyx_exporter
