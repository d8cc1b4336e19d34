#pragma once

// Who may ask what, and how answers are dressed. Made by app/ from the web configuration file,
// immutable from then on; the server takes a new one at any time.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "web/tls_context.h"

namespace telnyx_exporter {

/// A token bucket over all requests: `burst` at once, and one more each `interval`.
struct RequestLimit {
  Duration interval{};
  std::uint32_t burst = 1;

  bool operator==(const RequestLimit&) const = default;
};

/// Names and bcrypt hashes.
using Users = std::map<std::string, Secret, std::less<>>;

struct AccessRules {
  std::shared_ptr<const TlsContext> tls;                     // null: plain HTTP
  std::vector<std::pair<std::string, std::string>> headers;  // in every answer
  Users users;                                               // empty: no credentials are needed
  std::optional<RequestLimit> request_limit;
};

}  // namespace telnyx_exporter
