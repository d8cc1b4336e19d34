#pragma once

// Checks passwords against bcrypt hashes without holding up the serving threads: a right password
// is remembered, as a digest under a key of the process, and known again in microseconds; all
// others wait for the few threads of the checker, and there is a bound on how many may wait.
// Thread-safe.

#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "web/access_rules.h"
#include "web/basic_auth.h"

namespace telnyx_exporter {

/// Whether a password is the one of a hash.
using HashMatcher = std::function<bool(const Secret& password, const Secret& hash)>;

struct PasswordCheckerSettings {
  unsigned threads = 1;
  std::size_t max_waiting = 64;
  std::size_t max_waiting_of_one_peer = 16;
};

class PasswordChecker {
 public:
  enum class Verdict { kRight, kWrong, kBusy };
  /// Called once for each check, from a thread of the checker.
  using Done = std::function<void(Verdict)>;

  PasswordChecker(const PasswordCheckerSettings& settings, HashMatcher matches);
  ~PasswordChecker();
  PasswordChecker(const PasswordChecker&) = delete;
  PasswordChecker& operator=(const PasswordChecker&) = delete;

  /// Whether this user's password has been found right before. Does not wait.
  bool Remembers(const Users& users, const Credentials& credentials) const;

  /// Has the password checked; an unknown user's takes as long as a known one's. False, and `done`
  /// is not called, when too many wait already, in total or of this peer, or after Stop.
  bool Check(std::shared_ptr<const AccessRules> rules, Credentials credentials, std::string peer,
             Done done);

  /// Ends the checks that wait with kBusy and waits for the one under way. No check begins
  /// afterwards.
  void Stop();

 private:
  using Digest = std::array<unsigned char, 32>;

  struct Job {
    std::shared_ptr<const AccessRules> rules;
    Credentials credentials;
    std::string peer;
    Done done;
  };

  void Work();
  Verdict Decide(const Job& job);
  Digest DigestOf(const Credentials& credentials, const Secret& hash) const;

  const PasswordCheckerSettings settings_;
  const HashMatcher matches_;
  Digest key_;  // constant after construction

  mutable std::mutex mutex_;  // guards all below but the threads
  std::condition_variable wake_;
  bool stopping_ = false;
  std::deque<Job> jobs_;
  std::size_t unfinished_ = 0;
  std::map<std::string, std::size_t> unfinished_of_peer_;
  std::map<std::string, Digest, std::less<>> remembered_;  // at most one a user

  std::vector<std::thread> threads_;
};

}  // namespace telnyx_exporter
