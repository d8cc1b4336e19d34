#include "web/access_rules.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {
namespace {

Admission AdmissionOf(PasswordChecker::Verdict verdict) {
  switch (verdict) {
    case PasswordChecker::Verdict::kRight:
      return Admission::kAdmitted;
    case PasswordChecker::Verdict::kWrong:
      return Admission::kNoCredentials;
    case PasswordChecker::Verdict::kBusy:
      break;
  }
  return Admission::kBusy;
}

}  // namespace

TokenBucket::TokenBucket(const RequestLimit& limit, Instant now)
    : interval_(ToSeconds(limit.interval)), burst_(limit.burst), tokens_(burst_), filled_(now) {}

bool TokenBucket::TakeToken(Instant now) {
  tokens_ = std::min(burst_, tokens_ + ToSeconds(now - filled_) / interval_);
  filled_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

AccessControl::AccessControl(std::shared_ptr<const AccessRules> rules, const Clock& clock,
                             HashMatcher matches)
    : clock_(clock),
      rules_(std::make_shared<const AccessRules>()),
      checker_(PasswordCheckerSettings{}, std::move(matches)) {
  if (rules != nullptr) SetRules(std::move(rules));
}

std::shared_ptr<const AccessRules> AccessControl::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

void AccessControl::SetRules(std::shared_ptr<const AccessRules> rules) {
  const std::lock_guard lock(mutex_);
  if (rules->request_limit != rules_->request_limit) {
    bucket_.reset();
    if (rules->request_limit) bucket_.emplace(*rules->request_limit, clock_.Now());
  }
  rules_ = std::move(rules);
}

std::variant<Admission, Credentials> AccessControl::Decide(
    const AccessRules& rules, const std::optional<std::string>& authorization) {
  if (!TakeToken()) return Admission::kTooManyRequests;
  if (rules.users.empty()) return Admission::kAdmitted;
  if (!authorization) return Admission::kNoCredentials;
  auto credentials = ParseBasicAuthorization(*authorization);
  if (!credentials) return Admission::kNoCredentials;
  if (checker_.Remembers(rules.users, *credentials)) return Admission::kAdmitted;
  return std::move(*credentials);
}

bool AccessControl::Check(const std::shared_ptr<const AccessRules>& rules, Credentials credentials,
                          const std::string& peer, std::function<void(Admission)> done) {
  return checker_.Check(
      std::shared_ptr<const Users>(rules, &rules->users), std::move(credentials), peer,
      [done = std::move(done)](PasswordChecker::Verdict verdict) { done(AdmissionOf(verdict)); });
}

bool AccessControl::TakeToken() {
  const std::lock_guard lock(mutex_);
  return !bucket_ || bucket_->TakeToken(clock_.Now());
}

}  // namespace telnyx_exporter
