#pragma once

// Decides which requests may pass, after the access rules in force: the rate limit first, then the
// credentials. Thread-safe.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "web/access_rules.h"
#include "web/basic_auth.h"
#include "web/password_checker.h"
#include "web/token_bucket.h"

namespace telnyx_exporter {

enum class Admission { kAdmitted, kNoCredentials, kTooManyRequests, kBusy };

class AccessControl {
 public:
  /// Null rules: everybody may everything.
  AccessControl(std::shared_ptr<const AccessRules> rules, const Clock& clock, HashMatcher matches);

  std::shared_ptr<const AccessRules> rules() const;
  void SetRules(std::shared_ptr<const AccessRules> rules);

  /// What becomes of a request, or the credentials that must be checked first. Does not wait.
  std::variant<Admission, Credentials> Decide(const AccessRules& rules,
                                              const std::optional<std::string>& authorization);

  /// Has credentials checked; `done` is called once from another thread. False when it is not
  /// going to be, because too many checks wait.
  bool Check(std::shared_ptr<const AccessRules> rules, Credentials credentials, std::string peer,
             std::function<void(Admission)> done);

  /// Ends all checks; none begins afterwards.
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
