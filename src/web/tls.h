#pragma once

// The server's side of TLS for one state of the configuration: certificate, versions, ciphers and
// what is asked of clients. app/ makes it; it is immutable, and each client keeps the one that its
// session began with.

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "base/tls_policy.h"

// NOLINTNEXTLINE(readability-identifier-naming): the library's name
struct gnutls_session_int;

namespace telnyx_exporter {

/// PEM texts. The certificate is followed by the intermediate ones.
struct TlsMaterial {
  std::string certificate;
  Secret key;
  std::string client_ca;
  bool has_client_ca = false;  // false: the system's authorities count

  bool operator==(const TlsMaterial&) const = default;
};

struct TlsFault {
  enum class Input { kCertificate, kKey, kClientCa, kCipherSuites };
  Input input = Input::kCertificate;
  std::string text;  // "is not a certificate in PEM: …"

  bool operator==(const TlsFault&) const = default;
};

/// What keeps a PEM text from being a file of certificates, a predicate as above; empty: it has at
/// least one, and all that it has can be parsed, or some have OpenSSL's form with trust settings.
std::string FindCertificatesFault(std::string_view pem);

class TlsContext {
 public:
  /// All that is wrong with the material, or a context.
  static std::expected<std::shared_ptr<const TlsContext>, std::vector<TlsFault>> Make(
      const TlsPolicy& policy, const TlsMaterial& material);

  /// Whether it was made of equal ones.
  virtual bool IsMadeOf(const TlsPolicy& policy, const TlsMaterial& material) const = 0;
  /// When the first certificate of the chain expires; nothing where none says.
  virtual std::optional<WallTime> expiry() const = 0;

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  virtual ~TlsContext() = default;

  /// Sets up a server's session before its handshake. The context must outlive the session.
  virtual void Prepare(gnutls_session_int* session) const = 0;
  /// To be called when the client's hello has come. Returns a GnuTLS error code, 0 for success.
  virtual int OnClientHello(gnutls_session_int* session) const = 0;
  /// To be called when the client has sent its certificate or none. Returns the same.
  virtual int CheckClient(gnutls_session_int* session) const = 0;

 protected:
  TlsContext() = default;
};

}  // namespace telnyx_exporter
