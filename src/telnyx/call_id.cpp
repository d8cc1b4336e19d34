#include "telnyx/call_id.h"

#include <array>
#include <cstddef>
#include <random>

#include <fmt/format.h>
#include <xxhash.h>

namespace telnyx_exporter {
namespace {

constexpr std::uint8_t kNotHex = 0xff;

constexpr std::array<std::uint8_t, 256> kHexValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNotHex);
  for (std::uint8_t digit = 0; digit < 10; ++digit) values['0' + digit] = digit;
  for (std::uint8_t digit = 10; digit < 16; ++digit) {
    values[static_cast<std::size_t>('a') + digit - 10] = digit;
  }
  return values;
}();

struct HexBlock {
  std::uint64_t value = 0;
  std::uint8_t seen = 0;  // every digit's value or-ed together: above 15 when one was no digit

  void Append(std::string_view digits) {
    for (const char c : digits) {
      const std::uint8_t digit = kHexValues[static_cast<unsigned char>(c)];
      seen |= digit;
      value = (value << 4U) | (digit & 0xfU);
    }
  }
};

using HashSecret = std::array<unsigned char, XXH3_SECRET_SIZE_MIN>;

const HashSecret& ProcessHashSecret() {
  static const HashSecret secret = [] {
    std::random_device device;
    HashSecret bytes{};
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(device());
    return bytes;
  }();
  return secret;
}

}  // namespace

CallId ParseCallId(std::string_view text) {
  bool is_uuid = false;
  return ParseCallId(text, is_uuid);
}

CallId ParseCallId(std::string_view text, bool& is_uuid) {
  if (text.size() == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' &&
      text[23] == '-') {
    HexBlock high;
    high.Append(text.substr(0, 8));
    high.Append(text.substr(9, 4));
    high.Append(text.substr(14, 4));
    HexBlock low;
    low.Append(text.substr(19, 4));
    low.Append(text.substr(24));
    is_uuid = (high.seen | low.seen) <= 0xf;
    if (is_uuid) return {.high = high.value, .low = low.value};
  }
  is_uuid = false;
  const HashSecret& secret = ProcessHashSecret();
  const XXH128_hash_t hash =
      XXH3_128bits_withSecret(text.data(), text.size(), secret.data(), secret.size());
  return {.high = hash.high64, .low = hash.low64};
}

std::string FormatUuid(const CallId& id) {
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", id.high >> 32U,
                     (id.high >> 16U) & 0xffffU, id.high & 0xffffU, id.low >> 48U,
                     id.low & 0xffff'ffff'ffffU);
}

}  // namespace telnyx_exporter
