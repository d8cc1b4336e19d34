#pragma once

// How a server's TLS is to be: which versions, ciphers and groups, and what is asked of clients.
// The words that the configuration and the web server share; each translates them into its own
// library's.

#include <string>
#include <vector>

namespace telnyx_exporter {

enum class TlsVersion { kTls10, kTls11, kTls12, kTls13 };

enum class TlsKeyExchange { kEcdheEcdsa, kEcdheRsa };
enum class TlsCipher { kAes128Gcm, kAes256Gcm, kChaCha20Poly1305, kAes128Cbc, kAes256Cbc };

/// A suite of TLS up to 1.2. The CBC ciphers come with SHA-1, the others need no MAC.
struct TlsCipherSuite {
  TlsKeyExchange key_exchange = TlsKeyExchange::kEcdheEcdsa;
  TlsCipher cipher = TlsCipher::kAes128Gcm;

  bool operator==(const TlsCipherSuite&) const = default;
};

enum class TlsGroup { kX25519, kP256, kP384, kP521 };

/// What is asked of clients, from nothing to a certificate that an authority signed.
enum class ClientAuth { kNone, kRequest, kRequireAny, kVerifyIfGiven, kRequireAndVerify };

struct TlsPolicy {
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  /// For TLS up to 1.2, the best first; empty: all. TLS 1.3 has its own, which are always on.
  std::vector<TlsCipherSuite> cipher_suites;
  std::vector<TlsGroup> groups;  // the best first; empty: all
  bool prefer_server_cipher_suites = true;
  ClientAuth client_auth = ClientAuth::kNone;
  /// Of which a client's certificate must have one; empty: any.
  std::vector<std::string> client_allowed_sans;

  bool operator==(const TlsPolicy&) const = default;
};

}  // namespace telnyx_exporter
