#include "http/curl_error.h"

#include <cstddef>

#include "base/secret.h"
#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxMessageBytes = 300;

void ReplaceAll(std::string& text, std::string_view secret) {
  if (secret.empty()) return;
  for (std::size_t at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + kSecretPlaceholder.size())) {
    text.replace(at, secret.size(), kSecretPlaceholder);
  }
}

void ReplaceDecoded(std::string& text, std::string_view secret) {
  ReplaceAll(text, secret);
  if (auto decoded = PercentDecode(secret)) {
    ReplaceAll(text, *decoded);
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
  if (!user_info.empty()) ReplaceAll(text, endpoint.proxy_url.reveal());
  ReplaceDecoded(text, user_info);
  if (colon != std::string_view::npos) ReplaceDecoded(text, user_info.substr(colon + 1));
  ReplaceAll(text, endpoint.api_key.reveal());
}

}  // namespace

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
    case CURLE_OUT_OF_MEMORY:  // curl 7.88's code for one header line past its own 100 KiB
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
