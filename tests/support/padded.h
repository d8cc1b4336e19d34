#pragma once

#include <cstring>
#include <memory>
#include <string_view>

namespace telnyx_exporter {

/// A body as the transport hands it out: with 64 readable bytes after its end and nothing after
/// those, so that the address sanitizer sees every step too far.
class Padded {
 public:
  explicit Padded(std::string_view text)
      : bytes_(std::make_unique<char[]>(text.size() + 64)), size_(text.size()) {
    std::memcpy(bytes_.get(), text.data(), text.size());
    std::memset(bytes_.get() + text.size(), 'x', 64);
  }
  operator std::string_view() const {
    return {bytes_.get(), size_};
  }  // NOLINT(google-explicit-constructor)

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

}  // namespace telnyx_exporter
