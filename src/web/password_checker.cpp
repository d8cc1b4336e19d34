#include "web/password_checker.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <gnutls/crypto.h>

#include "web/bcrypt.h"

namespace telnyx_exporter {
namespace {

// The dearest user's, so that an unknown name takes as long as any.
Secret UnmatchedHashOf(const Users& users) {
  const auto cost = [](const auto& user) { return user.second.reveal().substr(4, 2); };
  return UnmatchedHash(std::ranges::max_element(users, {}, cost)->second);
}

}  // namespace

PasswordChecker::PasswordChecker(const PasswordCheckerSettings& settings, HashMatcher matches)
    : settings_(settings), matches_(std::move(matches)) {
  if (gnutls_rnd(GNUTLS_RND_KEY, key_.data(), key_.size()) != GNUTLS_E_SUCCESS) {
    throw std::runtime_error("no random bytes");
  }
  for (unsigned i = 0; i < settings_.threads; ++i) threads_.emplace_back([this] { Work(); });
}

PasswordChecker::~PasswordChecker() {
  Stop();
  WipeMemory(key_.data(), key_.size());
}

bool PasswordChecker::Remembers(const Users& users, const Credentials& credentials) const {
  const auto user = users.find(credentials.user);
  if (user == users.end()) return false;
  const Digest digest = DigestOf(credentials, user->second);
  const std::lock_guard lock(mutex_);
  const auto remembered = remembered_.find(credentials.user);
  return remembered != remembered_.end() &&
         gnutls_memcmp(digest.data(), remembered->second.data(), digest.size()) == 0;
}

bool PasswordChecker::Check(std::shared_ptr<const AccessRules> rules, Credentials credentials,
                            std::string peer, Done done) {
  {
    const std::lock_guard lock(mutex_);
    const auto of_peer = unfinished_of_peer_.find(peer);
    if (stopping_ || unfinished_ >= settings_.max_waiting ||
        (of_peer != unfinished_of_peer_.end() &&
         of_peer->second >= settings_.max_waiting_of_one_peer)) {
      return false;
    }
    ++unfinished_;
    ++unfinished_of_peer_[peer];
    jobs_.push_back({.rules = std::move(rules),
                     .credentials = std::move(credentials),
                     .peer = std::move(peer),
                     .done = std::move(done)});
  }
  wake_.notify_one();
  return true;
}

void PasswordChecker::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void PasswordChecker::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    const bool stopping = stopping_;
    lock.unlock();
    job.done(stopping ? Verdict::kBusy : Decide(job));
    lock.lock();
    --unfinished_;
    const auto of_peer = unfinished_of_peer_.find(job.peer);
    if (--of_peer->second == 0) unfinished_of_peer_.erase(of_peer);
  }
}

PasswordChecker::Verdict PasswordChecker::Decide(const Job& job) {
  // Somebody else may have waited in front with the same.
  if (Remembers(job.rules->users, job.credentials)) return Verdict::kRight;
  const auto user = job.rules->users.find(job.credentials.user);
  if (user == job.rules->users.end()) {
    matches_(job.credentials.password, UnmatchedHashOf(job.rules->users));
    return Verdict::kWrong;
  }
  if (!matches_(job.credentials.password, user->second)) return Verdict::kWrong;
  const Digest digest = DigestOf(job.credentials, user->second);
  const std::lock_guard lock(mutex_);
  remembered_.insert_or_assign(job.credentials.user, digest);
  return Verdict::kRight;
}

// Over the hash as well, so that a user's new password makes the old one unknown.
PasswordChecker::Digest PasswordChecker::DigestOf(const Credentials& credentials,
                                                  const Secret& hash) const {
  std::string text = std::to_string(credentials.user.size());
  text.append(1, ':').append(credentials.user).append(hash.reveal());
  text.append(credentials.password.reveal());
  Digest digest{};
  gnutls_hmac_fast(GNUTLS_MAC_SHA256, key_.data(), key_.size(), text.data(), text.size(),
                   digest.data());
  WipeMemory(text.data(), text.size());
  return digest;
}

}  // namespace telnyx_exporter
