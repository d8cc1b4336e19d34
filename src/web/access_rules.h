#pragma once

// Who may ask what, and which headers answers carry. app/ makes the rules from the web
// configuration file; they are immutable, and the server takes new ones at any time. AccessControl
// applies those in force; the server's threads call it for each request. Passwords are checked
// against bcrypt hashes without holding up the serving threads: one that was right is remembered,
// as a digest under a key of the process, and recognised in microseconds; all others wait for the
// checker's one thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "web/tls.h"

namespace telnyx_exporter {

/// Names and bcrypt hashes.
using Users = std::map<std::string, Secret, std::less<>>;

struct Credentials {
  std::string user;
  Secret password;
};

/// What an Authorization header of the Basic scheme (RFC 7617) says; nothing when it says anything
/// else.
std::optional<Credentials> ParseBasicAuthorization(std::string_view header);

/// Whether a password is the one of a hash.
using HashMatcher = std::function<bool(const Secret& password, const Secret& hash)>;

/// Whether the password is the one of a bcrypt hash ($2a$, $2b$ or $2y$). Takes as long as the
/// hash's cost says: 50 ms at 10, twice as long for each more. False for everything that is not
/// such a hash, and for passwords with a zero byte, which bcrypt would cut there.
bool BcryptMatches(const Secret& password, const Secret& hash);

/// A hash of this cost (4 to 31) that no password has.
Secret UnmatchedHash(int cost);

/// Whether the password is the user's. A wrong one takes as long as one check at the highest cost
/// of all users, whatever the user's own cost is and whether the user exists, so that the time
/// does not tell which users exist.
bool CheckPassword(const Users& users, const Credentials& credentials, const HashMatcher& matches);

struct PasswordCheckerSettings {
  std::size_t max_waiting = 64;  // the check under way included
  std::size_t max_waiting_of_one_peer = 16;
};

/// The outcome of the access check.
enum class Admission { kAdmitted, kNoCredentials, kTooManyRequests, kBusy };

/// Thread-safe.
class PasswordChecker {
 public:
  /// Called once for each check, from any thread, under the checker's lock: it must not call the
  /// checker. A wrong password is as good as none.
  using Done = std::function<void(Admission)>;

  /// A check cannot be interrupted, so what `matches` refers to must live as long as the process.
  PasswordChecker(const PasswordCheckerSettings& settings, HashMatcher matches);
  ~PasswordChecker();
  PasswordChecker(const PasswordChecker&) = delete;
  PasswordChecker& operator=(const PasswordChecker&) = delete;

  /// Whether this user's password has been found right before. Does not wait.
  bool Remembers(const Users& users, const Credentials& credentials) const;

  /// Has the password checked. Peers take turns, whatever the number of checks that each waits
  /// for. When too many wait in total, one of the peer that waits for most ends with kBusy to make
  /// room. False, and `done` is not called, when there is no room or after Stop.
  bool Check(std::shared_ptr<const Users> users, Credentials credentials, const std::string& peer,
             Done done);

  /// Ends all checks with kBusy and returns at once; the one under way goes on without an effect.
  /// `done` is not called afterwards.
  void Stop();

 private:
  struct State;

  // Shared with the thread, which may still be in a check when the checker is destroyed.
  const std::shared_ptr<State> state_;
};

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

  /// Checks what Decide returns.
  PasswordChecker& checker() { return checker_; }

 private:
  bool TakeToken();

  const Clock& clock_;
  mutable std::mutex mutex_;  // guards the rules and the bucket
  std::shared_ptr<const AccessRules> rules_;
  std::optional<TokenBucket> bucket_;
  PasswordChecker checker_;
};

}  // namespace telnyx_exporter
