#include "base/secret.h"

#include <cstring>
#include <ostream>

namespace telnyx_exporter {

bool operator==(const Secret& left, const Secret& right) {
  if (left.bytes_.size() != right.bytes_.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < left.bytes_.size(); ++i) {
    difference |= static_cast<unsigned char>(left.bytes_[i] ^ right.bytes_[i]);
  }
  return difference == 0;
}

std::ostream& operator<<(std::ostream& out, const Secret& secret) {
  return secret.empty() ? out : out << kSecretPlaceholder;
}

void HideSecret(std::string& text, std::string_view secret) {
  if (secret.empty()) return;
  for (std::size_t at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + kSecretPlaceholder.size())) {
    text.replace(at, secret.size(), kSecretPlaceholder);
  }
}

void WipeMemory(void* data, std::size_t size) { explicit_bzero(data, size); }

}  // namespace telnyx_exporter
