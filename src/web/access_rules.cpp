#include "web/access_rules.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <stdexcept>
#include <thread>

#include <crypt.h>
#include <fmt/format.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::string_view kScheme = "basic ";
constexpr std::size_t kMaxHeaderBytes = 4096;
constexpr std::size_t kHashBytes = 60;
constexpr std::size_t kSettingBytes = 7;  // "$2b$10$"
constexpr std::size_t kCostAt = 4;
constexpr std::size_t kCostDigits = 2;

std::optional<Secret> DecodeBase64(std::string_view text) {
  // GnuTLS only reads it, but its interface takes the bytes without const.
  const gnutls_datum_t encoded{
      .data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(text.data())),
      .size = static_cast<unsigned>(text.size())};
  gnutls_datum_t decoded{};
  const int code = gnutls_base64_decode2(&encoded, &decoded);
  if (code != GNUTLS_E_SUCCESS) return std::nullopt;
  Secret secret(std::string_view(reinterpret_cast<char*>(decoded.data), decoded.size));
  WipeMemory(decoded.data, decoded.size);
  gnutls_free(decoded.data);
  return secret;
}

// crypt() takes anything else for another kind of hash, down to the one of 1979.
bool IsBcrypt(std::string_view hash) {
  return hash.size() == kHashBytes && hash[kSettingBytes - 1] == '$' &&
         (hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$"));
}

int CostOf(const Secret& hash) {
  const std::string_view text = hash.reveal();
  const auto cost = ParseUnsigned(text.substr(std::min(kCostAt, text.size()), kCostDigits));
  return static_cast<int>(cost.value_or(0));
}

int HighestCost(const Users& users) {
  int highest = 0;
  for (const auto& [name, hash] : users) highest = std::max(highest, CostOf(hash));
  return highest;
}

// Wiped when it goes: it holds the password and what was made of it.
struct CryptWorkspaceDeleter {
  void operator()(crypt_data* data) const {
    WipeMemory(data, sizeof *data);
    delete data;
  }
};

}  // namespace

std::optional<Credentials> ParseBasicAuthorization(std::string_view header) {
  if (header.size() > kMaxHeaderBytes ||
      !EqualsIgnoringAsciiCase(header.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  const auto decoded = DecodeBase64(TrimWhitespace(header.substr(kScheme.size())));
  if (!decoded) return std::nullopt;
  const std::string_view text = decoded->reveal();
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Credentials{.user = std::string(text.substr(0, colon)),
                     .password = Secret(text.substr(colon + 1))};
}

bool BcryptMatches(const Secret& password, const Secret& hash) {
  if (!IsBcrypt(hash.reveal()) || password.reveal().find('\0') != std::string_view::npos) {
    return false;
  }
  // 32 KiB, too much for a thread's stack.
  const std::unique_ptr<crypt_data, CryptWorkspaceDeleter> workspace(new crypt_data{});
  std::string phrase(password.reveal());
  const std::string setting(hash.reveal());
  const char* result = crypt_r(phrase.c_str(), setting.c_str(), workspace.get());
  WipeMemory(phrase.data(), phrase.size());
  return result != nullptr && Secret(result) == hash;
}

Secret UnmatchedHash(int cost) {
  // The last character of a hash stands for four bits and is never a 'z'.
  std::string hash = fmt::format("$2b${:02}$", cost);
  hash.append(kHashBytes - hash.size() - 1, '.');
  return Secret(hash + 'z');
}

bool CheckPassword(const Users& users, const Credentials& credentials, const HashMatcher& matches) {
  const int highest = HighestCost(users);
  const auto user = users.find(credentials.user);
  if (user == users.end()) {
    matches(credentials.password, UnmatchedHash(highest));
    return false;
  }
  if (matches(credentials.password, user->second)) return true;
  // Each cost takes twice the time of the one before: c + c + (c+1) + … + (h-1) take as long as h.
  for (int cost = CostOf(user->second); cost < highest; ++cost) {
    matches(credentials.password, UnmatchedHash(cost));
  }
  return false;
}

// Everything that the checker's thread uses. Called with the lock held, but for Work.
struct PasswordChecker::State {
  using Digest = std::array<unsigned char, 32>;

  struct Job {
    std::shared_ptr<const Users> users;
    Credentials credentials;
    Done done;
  };

  State(const PasswordCheckerSettings& checker_settings, HashMatcher matcher)
      : settings(checker_settings), matches(std::move(matcher)) {
    if (gnutls_rnd(GNUTLS_RND_KEY, key.data(), key.size()) != GNUTLS_E_SUCCESS) {
      throw std::runtime_error("no random bytes");
    }
  }
  ~State() { WipeMemory(key.data(), key.size()); }

  // Over the hash as well, so that a user's new password makes the old one unknown.
  Digest DigestOf(const Credentials& credentials, const Secret& hash) const {
    std::string text = std::to_string(credentials.user.size());
    text.append(1, ':').append(credentials.user).append(hash.reveal());
    text.append(credentials.password.reveal());
    Digest digest{};
    gnutls_hmac_fast(GNUTLS_MAC_SHA256, key.data(), key.size(), text.data(), text.size(),
                     digest.data());
    WipeMemory(text.data(), text.size());
    return digest;
  }

  bool Remembers(const Users& users, const Credentials& credentials) const {
    const auto user = users.find(credentials.user);
    // The digest is made for unknown users too, so that the time does not tell them apart.
    const Digest digest = DigestOf(credentials, user == users.end() ? no_hash : user->second);
    const auto found = remembered.find(credentials.user);
    return user != users.end() && found != remembered.end() &&
           gnutls_memcmp(digest.data(), found->second.data(), digest.size()) == 0;
  }

  std::size_t UnfinishedOf(const std::string& peer) const {
    const auto found = waiting.find(peer);
    const std::size_t queued = found == waiting.end() ? 0 : found->second.size();
    return queued + (running && running_peer == peer ? 1 : 0);
  }

  std::size_t Unfinished() const { return waiting_count + (running ? 1 : 0); }

  void Append(const std::string& peer, Job job) {
    auto& queue = waiting[peer];
    // The peer whose check is under way gets its next turn when that one is over.
    const bool has_turn = !queue.empty() || (running && running_peer == peer);
    queue.push_back(std::move(job));
    ++waiting_count;
    if (!has_turn) turns.push_back(peer);
  }

  // Ends the newest check of the peer that waits for most. False when a newcomer's peer would wait
  // for as many.
  bool MakeRoomFor(const std::string& peer) {
    const auto most = std::ranges::max_element(
        waiting, {}, [](const auto& of_peer) { return of_peer.second.size(); });
    if (most == waiting.end() || most->second.size() <= UnfinishedOf(peer) + 1) return false;
    most->second.back().done(Admission::kBusy);
    most->second.pop_back();
    --waiting_count;
    return true;
  }

  // The next check, of the peer whose turn it is.
  Job Pop() {
    running_peer = std::move(turns.front());
    turns.pop_front();
    const auto queue = waiting.find(running_peer);
    Job job = std::move(queue->second.front());
    queue->second.pop_front();
    if (queue->second.empty()) waiting.erase(queue);
    --waiting_count;
    return job;
  }

  void Finish(const Job& job, bool right) {
    if (right) {
      remembered.insert_or_assign(
          job.credentials.user,
          DigestOf(job.credentials, job.users->find(job.credentials.user)->second));
    }
    running(right ? Admission::kAdmitted : Admission::kNoCredentials);
    running = nullptr;
    if (waiting.contains(running_peer)) turns.push_back(running_peer);
  }

  // The thread. Nothing is touched once `stopping` is set: the process may be ending.
  void Work() {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [this] { return stopping || !turns.empty(); });
      if (stopping) return;
      Job job = Pop();
      running = std::move(job.done);
      // The same may have been checked while this one waited.
      bool right = Remembers(*job.users, job.credentials);
      if (!right) {
        lock.unlock();
        right = CheckPassword(*job.users, job.credentials, matches);
        lock.lock();
        if (stopping) return;
      }
      Finish(job, right);
    }
  }

  const PasswordCheckerSettings settings;
  const HashMatcher matches;
  const Secret no_hash = UnmatchedHash(4);
  Digest key{};  // constant after construction

  mutable std::mutex mutex;  // guards all below
  std::condition_variable wake;
  bool stopping = false;
  std::map<std::string, std::deque<Job>> waiting;  // by peer; no empty ones
  std::deque<std::string> turns;                   // peers that wait, without the running one
  std::size_t waiting_count = 0;
  Done running;  // of the check under way; null without one
  std::string running_peer;
  std::map<std::string, Digest, std::less<>> remembered;  // at most one a user
};

PasswordChecker::PasswordChecker(const PasswordCheckerSettings& settings, HashMatcher matches)
    : state_(std::make_shared<State>(settings, std::move(matches))) {
  // Detached, since a check at cost 16 takes seconds and nothing can interrupt it.
  std::thread([state = state_] { state->Work(); }).detach();
}

PasswordChecker::~PasswordChecker() { Stop(); }

bool PasswordChecker::Remembers(const Users& users, const Credentials& credentials) const {
  const std::lock_guard lock(state_->mutex);
  return state_->Remembers(users, credentials);
}

bool PasswordChecker::Check(std::shared_ptr<const Users> users, Credentials credentials,
                            const std::string& peer, Done done) {
  {
    const std::lock_guard lock(state_->mutex);
    const PasswordCheckerSettings& settings = state_->settings;
    if (state_->stopping || state_->UnfinishedOf(peer) >= settings.max_waiting_of_one_peer) {
      return false;
    }
    if (state_->Unfinished() >= settings.max_waiting && !state_->MakeRoomFor(peer)) return false;
    state_->Append(peer, {.users = std::move(users),
                          .credentials = std::move(credentials),
                          .done = std::move(done)});
  }
  state_->wake.notify_one();
  return true;
}

void PasswordChecker::Stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (auto& [peer, queue] : state_->waiting) {
      for (State::Job& job : queue) job.done(Admission::kBusy);
    }
    state_->waiting.clear();
    state_->turns.clear();
    state_->waiting_count = 0;
    if (state_->running) std::exchange(state_->running, nullptr)(Admission::kBusy);
  }
  state_->wake.notify_all();
}

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

bool AccessControl::TakeToken() {
  const std::lock_guard lock(mutex_);
  return !bucket_ || bucket_->TakeToken(clock_.Now());
}

}  // namespace telnyx_exporter
