#pragma once

// What curl has to be told about one endpoint, prepared once: headers, addresses, TLS and proxy.
// The curl transport keeps one for every live endpoint and applies it to the handles it uses.

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <curl/curl.h>

#include "http/transport.h"

namespace telnyx_exporter {

/// Frees a list after wiping its texts: they hold the key.
struct WipeAndFreeList {
  void operator()(curl_slist* list) const;
};
using CurlList = std::unique_ptr<curl_slist, WipeAndFreeList>;

/// Where the certificates of public authorities are on Debian, RHEL, SUSE and Alpine, in the order
/// in which the files are tried: a program that was built on Debian also runs on the others.
std::span<const std::string> KnownCaBundles();

/// The first readable file among `preferred`, which may be null, and `others`; null when there is
/// none. The result points into the arguments.
const char* FirstReadableFile(const char* preferred, std::span<const std::string> others);

/// Sets one option of an easy handle; throws std::runtime_error when curl refuses, which means a
/// curl built without something that this program needs.
template <typename T>
void SetCurlOption(CURL* handle, CURLoption option, T value);
[[noreturn]] void ThrowCurlOptionError(CURLoption option, CURLcode code);

class CurlEndpoint {
 public:
  explicit CurlEndpoint(const std::shared_ptr<const Endpoint>& endpoint);

  /// Whether this was made for that very object, and not for an earlier one at the same address.
  bool IsFor(const std::shared_ptr<const Endpoint>& endpoint) const;
  /// Every shared_ptr to the endpoint is gone.
  bool expired() const { return endpoint_.expired(); }

  /// Sets everything that all requests to the endpoint share, on a handle with default options.
  /// The handle refers to this object until it is reset.
  void ApplyTo(CURL* handle, const Endpoint& endpoint) const;
  /// What a request's target is appended to.
  const std::string& url_prefix() const { return url_prefix_; }

  /// Lets as many coming requests as were noted open a new connection: one that timed out may have
  /// waited on a dead HTTP/2 connection, which curl would go on choosing.
  void NoteTimeout();
  bool TakeFreshConnect();

  /// Whether the newest request to end was answered. After one that was not, the host's address is
  /// looked up again: it may have moved away from an address that curl still remembers.
  void NoteAnswered(bool answered) { answered_ = answered; }
  bool answered() const { return answered_; }

 private:
  void PrepareServerName(const Endpoint& endpoint);
  void ApplyTls(CURL* handle, const Endpoint& endpoint) const;
  void ApplyProxy(CURL* handle, const Endpoint& endpoint) const;

  std::weak_ptr<const Endpoint> endpoint_;
  bool https_ = false;
  std::string url_prefix_;
  const std::string ca_certificates_;  // the handles' too: a bundle may have 200 KB
  CurlList headers_;
  CurlList connect_to_;
  std::size_t fresh_connects_ = 0;
  bool answered_ = true;
};

template <typename T>
void SetCurlOption(CURL* handle, CURLoption option, T value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code != CURLE_OK) ThrowCurlOptionError(option, code);
}

}  // namespace telnyx_exporter
