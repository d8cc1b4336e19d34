#pragma once

#include <string>

#include "base/tls_policy.h"

namespace telnyx_exporter {

/// The policy as GnuTLS priority strings, for a certificate whose key suits `key_exchange`.
struct TlsPriorities {
  /// For the whole handshake.
  std::string all;
  /// For the rest of one that turns out to be of TLS 1.2 or older; empty when nothing changes then.
  /// GnuTLS knows no ciphers for one version alone.
  std::string up_to_tls12;
  /// Whether a client could connect at all: the policy's suites may all need another key.
  bool usable = true;
};

TlsPriorities MakeTlsPriorities(const TlsPolicy& policy, TlsKeyExchange key_exchange);

}  // namespace telnyx_exporter
