#pragma once

// How a server's TLS is to be: which versions, ciphers and groups, and what is asked of clients.
// The configuration and the web server share it; the tables give each value the name that web
// configurations have for it, which is Go's, and GnuTLS' name.

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace telnyx_exporter {

template <typename T>
struct TlsWord {
  T value;
  std::string_view name;      // in web configurations
  std::string_view priority;  // in a priority string of GnuTLS
};

enum class TlsVersion { kTls10, kTls11, kTls12, kTls13 };
inline constexpr std::array kTlsVersions = {
    TlsWord{TlsVersion::kTls10, "TLS10", "VERS-TLS1.0"},
    TlsWord{TlsVersion::kTls11, "TLS11", "VERS-TLS1.1"},
    TlsWord{TlsVersion::kTls12, "TLS12", "VERS-TLS1.2"},
    TlsWord{TlsVersion::kTls13, "TLS13", "VERS-TLS1.3"},
};

enum class TlsKeyExchange { kEcdheEcdsa, kEcdheRsa };
inline constexpr std::array kTlsKeyExchanges = {
    TlsWord{TlsKeyExchange::kEcdheEcdsa, "TLS_ECDHE_ECDSA_WITH_", "ECDHE-ECDSA"},
    TlsWord{TlsKeyExchange::kEcdheRsa, "TLS_ECDHE_RSA_WITH_", "ECDHE-RSA"},
};

enum class TlsCipher { kAes128Gcm, kAes256Gcm, kChaCha20Poly1305, kAes128Cbc, kAes256Cbc };
inline constexpr std::array kTlsCiphers = {
    TlsWord{TlsCipher::kAes128Gcm, "AES_128_GCM_SHA256", "AES-128-GCM"},
    TlsWord{TlsCipher::kAes256Gcm, "AES_256_GCM_SHA384", "AES-256-GCM"},
    TlsWord{TlsCipher::kChaCha20Poly1305, "CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"},
    TlsWord{TlsCipher::kAes128Cbc, "AES_128_CBC_SHA", "AES-128-CBC"},
    TlsWord{TlsCipher::kAes256Cbc, "AES_256_CBC_SHA", "AES-256-CBC"},
};

/// A suite of TLS up to 1.2. The CBC ciphers come with SHA-1, the others need no MAC.
struct TlsCipherSuite {
  TlsKeyExchange key_exchange = TlsKeyExchange::kEcdheEcdsa;
  TlsCipher cipher = TlsCipher::kAes128Gcm;

  bool operator==(const TlsCipherSuite&) const = default;
};

enum class TlsGroup { kX25519, kP256, kP384, kP521 };
inline constexpr std::array kTlsGroups = {
    TlsWord{TlsGroup::kX25519, "X25519", "GROUP-X25519"},
    TlsWord{TlsGroup::kP256, "CurveP256", "GROUP-SECP256R1"},
    TlsWord{TlsGroup::kP384, "CurveP384", "GROUP-SECP384R1"},
    TlsWord{TlsGroup::kP521, "CurveP521", "GROUP-SECP521R1"},
};

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
