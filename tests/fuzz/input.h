#pragma once

// What fuzz targets share: taking an input apart, and giving up where something does not hold.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace telnyx_exporter {

/// Ends the program as a finding when `holds` is false.
inline void Require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

/// The bytes of one input, taken from the front.
class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  /// 0 when there is none left.
  std::uint8_t TakeByte() {
    const std::string_view byte = Take(1);
    return byte.empty() ? 0 : static_cast<std::uint8_t>(byte.front());
  }
  /// Of `count` bytes, or what is left, with the first as the lowest.
  std::uint64_t TakeNumber(std::size_t count) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < count; ++i) number |= std::uint64_t{TakeByte()} << (8 * i);
    return number;
  }
  std::string_view Take(std::size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  /// What is before the next `separator`, which is taken as well.
  std::string_view TakeUntil(char separator) {
    const std::size_t end = rest_.find(separator);
    const std::string_view taken = Take(std::min(end, rest_.size()));
    Take(1);
    return taken;
  }

 private:
  std::string_view rest_;
};

/// Whether a text can be put into a log or on a page as it is: UTF-8 of at most `max_bytes` bytes
/// without control characters and without those that turn the direction of text.
inline bool IsShowable(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes || !simdjson::validate_utf8(text.data(), text.size())) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    // U+0080 to U+009F: terminals obey them like those below U+0020.
    if (byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return false;
    // U+202A to U+202E and U+2066 to U+2069 turn the direction of text.
    if (byte == 0xe2) {
      const auto middle = static_cast<unsigned char>(text[i + 1]);
      const auto last = static_cast<unsigned char>(text[i + 2]);
      if (middle == 0x80 && last >= 0xaa && last <= 0xae) return false;
      if (middle == 0x81 && last >= 0xa6 && last <= 0xa9) return false;
    }
  }
  return true;
}

}  // namespace telnyx_exporter
