#include "http/curl_endpoint.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>

#include <unistd.h>

#include "base/secret.h"

static_assert(LIBCURL_VERSION_NUM >= 0x075700, "CURLOPT_QUICK_EXIT came with curl 7.87");

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxFreshConnects = 64;
/// How long curl may go on with the certificates it has read: a replaced CA file is seen after it.
constexpr long kCaCacheSeconds = 300;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

// A text that curl needs with a terminating zero, wiped afterwards.
class TerminatedSecret {
 public:
  explicit TerminatedSecret(std::string_view prefix, std::string_view secret) {
    text_.reserve(prefix.size() + secret.size());
    text_.append(prefix).append(secret);
  }
  ~TerminatedSecret() { WipeMemory(text_.data(), text_.size()); }
  TerminatedSecret(const TerminatedSecret&) = delete;
  TerminatedSecret& operator=(const TerminatedSecret&) = delete;
  const char* c_str() const { return text_.c_str(); }

 private:
  std::string text_;
};

std::string UrlPart(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

void AppendTo(CurlList& list, const char* line) {
  curl_slist* const whole = curl_slist_append(list.get(), line);
  if (whole == nullptr) throw std::bad_alloc();
  if (!list) list.reset(whole);  // otherwise the list's head is what it was
}

}  // namespace

std::span<const std::string> KnownCaBundles() {
  static const std::string bundles[] = {
      "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, Arch
      "/etc/pki/tls/certs/ca-bundle.crt",                   // RHEL and its relatives
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // newer Fedora has this one alone
      "/etc/ssl/ca-bundle.pem",                             // SUSE
      "/var/lib/ca-certificates/ca-bundle.pem",             // what SUSE's link points to
      "/etc/ssl/cert.pem",                                  // Alpine without ca-certificates
  };
  return bundles;
}

const char* FirstReadableFile(const char* preferred, std::span<const std::string> others) {
  if (preferred != nullptr && access(preferred, R_OK) == 0) return preferred;
  const auto found = std::ranges::find_if(
      others, [](const std::string& file) { return access(file.c_str(), R_OK) == 0; });
  return found == others.end() ? nullptr : found->c_str();
}

void WipeAndFreeList::operator()(curl_slist* list) const {
  for (curl_slist* item = list; item != nullptr; item = item->next) {
    WipeMemory(item->data, std::strlen(item->data));
  }
  curl_slist_free_all(list);
}

void ThrowCurlOptionError(CURLoption option, CURLcode code) {
  throw std::runtime_error("curl option " + std::to_string(static_cast<int>(option)) + ": " +
                           curl_easy_strerror(code));
}

CurlEndpoint::CurlEndpoint(const std::shared_ptr<const Endpoint>& endpoint)
    : endpoint_(endpoint),
      https_(endpoint->base_url.starts_with("https://")),
      url_prefix_(endpoint->base_url),
      ca_certificates_(endpoint->ca_certificates) {
  AppendTo(headers_, "Accept: application/json");
  AppendTo(headers_, "Accept-Encoding: gzip");
  if (!endpoint->api_key.empty()) {
    const TerminatedSecret header("Authorization: Bearer ", endpoint->api_key.reveal());
    AppendTo(headers_, header.c_str());
  }
  if (https_ && !endpoint->server_name.empty()) PrepareServerName(*endpoint);
}

// curl asks for and checks the name in the URL. So the URL gets server_name, the connection is led
// to the host that base_url names, and the Host header stays that host's.
void CurlEndpoint::PrepareServerName(const Endpoint& endpoint) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (!url) throw std::bad_alloc();
  // What cannot be parsed stays as it is: each request will fail with curl's own message.
  if (curl_url_set(url.get(), CURLUPART_URL, endpoint.base_url.c_str(), 0) != CURLUE_OK) return;
  const std::string host = UrlPart(url.get(), CURLUPART_HOST);
  const std::string port = UrlPart(url.get(), CURLUPART_PORT);
  const bool bare_ipv6 =
      endpoint.server_name.find(':') != std::string::npos && !endpoint.server_name.starts_with('[');
  const std::string name = bare_ipv6 ? "[" + endpoint.server_name + "]" : endpoint.server_name;
  if (curl_url_set(url.get(), CURLUPART_HOST, name.c_str(), 0) != CURLUE_OK) return;
  url_prefix_ = UrlPart(url.get(), CURLUPART_URL);
  while (url_prefix_.ends_with('/')) url_prefix_.pop_back();
  AppendTo(connect_to_, ("::" + host + ":" + port).c_str());
  AppendTo(headers_, ("Host: " + host + (port.empty() ? "" : ":" + port)).c_str());
}

bool CurlEndpoint::IsFor(const std::shared_ptr<const Endpoint>& endpoint) const {
  return endpoint_.lock() == endpoint;
}

void CurlEndpoint::ApplyTo(CURL* handle, const Endpoint& endpoint) const {
  // The key is in these headers. They go to the server only: a proxy gets none of them, since every
  // request through one is tunnelled, and redirects are not followed.
  SetCurlOption(handle, CURLOPT_HTTPHEADER, headers_.get());
  SetCurlOption(handle, CURLOPT_HEADEROPT, long{CURLHEADER_SEPARATE});
  SetCurlOption(handle, CURLOPT_FOLLOWLOCATION, 0L);
  SetCurlOption(handle, CURLOPT_CONNECT_TO, connect_to_.get());
  // Waiting for a connection that can be shared pays with HTTP/2 only, and that needs TLS here.
  SetCurlOption(handle, CURLOPT_HTTP_VERSION,
                https_ ? long{CURL_HTTP_VERSION_2TLS} : long{CURL_HTTP_VERSION_1_1});
  SetCurlOption(handle, CURLOPT_PIPEWAIT, https_ ? 1L : 0L);
  ApplyTls(handle, endpoint);
  ApplyProxy(handle, endpoint);
}

void CurlEndpoint::ApplyTls(CURL* handle, const Endpoint& endpoint) const {
  SetCurlOption(handle, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  SetCurlOption(handle, CURLOPT_PROXY_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  SetCurlOption(handle, CURLOPT_CA_CACHE_TIMEOUT, kCaCacheSeconds);
  SetCurlOption(handle, CURLOPT_SSL_VERIFYPEER, endpoint.insecure_skip_verify ? 0L : 1L);
  SetCurlOption(handle, CURLOPT_SSL_VERIFYHOST, endpoint.insecure_skip_verify ? 0L : 2L);
  if (!ca_certificates_.empty()) {
    // By content: curl would open a path with every new connection, and block on a FIFO.
    curl_blob blob{.data = const_cast<char*>(ca_certificates_.data()),
                   .len = ca_certificates_.size(),
                   .flags = CURL_BLOB_NOCOPY};
    SetCurlOption(handle, CURLOPT_CAINFO_BLOB, &blob);
    if (!endpoint.proxy_url.empty()) SetCurlOption(handle, CURLOPT_PROXY_CAINFO_BLOB, &blob);
  } else {
    const char* of_curl = nullptr;
    curl_easy_getinfo(handle, CURLINFO_CAINFO, &of_curl);
    const char* const bundle = FirstReadableFile(of_curl, KnownCaBundles());
    if (bundle == nullptr) return;
    SetCurlOption(handle, CURLOPT_CAINFO, bundle);
    SetCurlOption(handle, CURLOPT_PROXY_CAINFO, bundle);
  }
  // Without the system's directory: it would be trusted beside ca_certificates, and with it curl
  // reads the whole bundle again for each new connection instead of once in kCaCacheSeconds.
  SetCurlOption(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  SetCurlOption(handle, CURLOPT_PROXY_CAPATH, static_cast<const char*>(nullptr));
}

void CurlEndpoint::ApplyProxy(CURL* handle, const Endpoint& endpoint) const {
  // Always set, even when empty: otherwise curl would read the environment's proxy variables.
  const TerminatedSecret proxy("", endpoint.proxy_url.reveal());
  SetCurlOption(handle, CURLOPT_PROXY, proxy.c_str());
  // As Prometheus and others have it where the address has no port; curl's own default is 1080.
  const bool is_http = endpoint.proxy_url.reveal().starts_with("http://");
  SetCurlOption(handle, CURLOPT_PROXYPORT, is_http ? 80L : 0L);
  SetCurlOption(handle, CURLOPT_NOPROXY, "");
  SetCurlOption(handle, CURLOPT_HTTPPROXYTUNNEL, 1L);
}

void CurlEndpoint::NoteTimeout() {
  if (fresh_connects_ < kMaxFreshConnects) ++fresh_connects_;
}

bool CurlEndpoint::TakeFreshConnect() {
  if (fresh_connects_ == 0) return false;
  --fresh_connects_;
  return true;
}

}  // namespace telnyx_exporter
