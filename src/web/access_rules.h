#pragma once

// Who may ask what, and which headers answers carry. app/ makes the rules from the web
// configuration file; they are immutable, and the server takes new ones at any time.
// AccessControl applies those in force; the server's threads call it for each request.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "web/auth.h"
#include "web/tls.h"

namespace telnyx_exporter {

/// A token bucket over all requests: `burst` at once, and one more each `interval`.
struct RequestLimit {
  Duration interval{};
  std::uint32_t burst = 1;

  bool operator==(const RequestLimit&) const = default;
};

struct AccessRules {
  std::shared_ptr<const TlsContext> tls;                     // null: plain HTTP
  std::vector<std::pair<std::string, std::string>> headers;  // in every answer
  Users users;                                               // empty: no credentials are needed
  std::optional<RequestLimit> request_limit;
};

/// Full at first. Not thread-safe.
class TokenBucket {
 public:
  TokenBucket(const RequestLimit& limit, Instant now);

  /// False when there is no token.
  bool TakeToken(Instant now);

 private:
  double interval_;  // seconds
  double burst_;
  double tokens_;
  Instant filled_;
};

enum class Admission { kAdmitted, kNoCredentials, kTooManyRequests, kBusy };

/// Thread-safe.
class AccessControl {
 public:
  /// With null rules every request is admitted.
  AccessControl(std::shared_ptr<const AccessRules> rules, const Clock& clock, HashMatcher matches);

  std::shared_ptr<const AccessRules> rules() const;
  void SetRules(std::shared_ptr<const AccessRules> rules);

  /// Whether a request is admitted, or the credentials that must be checked first. The rate limit
  /// comes before the credentials. Does not wait.
  std::variant<Admission, Credentials> Decide(const AccessRules& rules,
                                              const std::optional<std::string>& authorization);

  /// Has credentials checked. `done` is called once, perhaps from another thread, and must not
  /// call this object. False, and it is not called, when too many checks wait.
  bool Check(const std::shared_ptr<const AccessRules>& rules, Credentials credentials,
             const std::string& peer, std::function<void(Admission)> done);

  /// Ends all checks at once; none begins afterwards.
  void Stop() { checker_.Stop(); }

 private:
  bool TakeToken();

  const Clock& clock_;
  mutable std::mutex mutex_;  // guards the rules and the bucket
  std::shared_ptr<const AccessRules> rules_;
  std::optional<TokenBucket> bucket_;
  PasswordChecker checker_;
};

}  // namespace telnyx_exporter
