#include "base/secret.h"

#include <cstring>
#include <ostream>
#include <utility>

namespace telnyx_exporter {

Secret::Secret(std::string_view text) {
  if (text.empty()) return;
  text_ = new char[text.size()];
  size_ = text.size();
  std::memcpy(text_, text.data(), text.size());
}

Secret::Secret(const Secret& other) : Secret(other.reveal()) {}

Secret::Secret(Secret&& other) noexcept
    : text_(std::exchange(other.text_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret other) noexcept {
  std::swap(text_, other.text_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (text_ != nullptr) WipeMemory(text_, size_);
  delete[] text_;
}

bool operator==(const Secret& left, const Secret& right) {
  if (left.size_ != right.size_) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < left.size_; ++i) {
    difference |= static_cast<unsigned char>(left.text_[i]) ^
                  static_cast<unsigned>(static_cast<unsigned char>(right.text_[i]));
  }
  return difference == 0;
}

std::ostream& operator<<(std::ostream& out, const Secret& secret) {
  return secret.empty() ? out : out << kSecretPlaceholder;
}

void WipeMemory(void* data, std::size_t size) { explicit_bzero(data, size); }

}  // namespace telnyx_exporter
