#include "web/bcrypt.h"

#include <memory>
#include <string>
#include <string_view>

#include <crypt.h>

namespace telnyx_exporter {
namespace {

constexpr std::size_t kHashBytes = 60;
constexpr std::size_t kSettingBytes = 7;  // "$2b$10$"

// crypt() takes anything else for another kind of hash, down to the one of 1979.
bool IsBcrypt(std::string_view hash) {
  return hash.size() == kHashBytes && hash[kSettingBytes - 1] == '$' &&
         (hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$"));
}

// Wiped when it goes: it holds the password and what became of it.
struct CryptWorkspaceDeleter {
  void operator()(crypt_data* data) const {
    WipeMemory(data, sizeof *data);
    delete data;
  }
};

}  // namespace

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

Secret UnmatchedHash(const Secret& hash) {
  // The last character of a hash stands for four bits and is never a 'z'.
  std::string unmatched(hash.reveal().substr(0, kSettingBytes));
  unmatched.append(kHashBytes - unmatched.size() - 1, '.');
  return Secret(unmatched + 'z');
}

}  // namespace telnyx_exporter
