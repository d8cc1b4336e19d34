#include "telnyx/active_call.h"

#include <array>
#include <bit>
#include <cstring>
#include <random>

#include <fmt/format.h>
#include <xxhash.h>

namespace telnyx_exporter {
namespace {

// Sixteen characters, in whatever registers the machine has for them.
using Bytes [[gnu::vector_size(16)]] = std::uint8_t;
using BytePairs [[gnu::vector_size(16)]] = std::uint16_t;
using Words [[gnu::vector_size(16)]] = std::uint64_t;

// Reads lower-case hexadecimal digits and remembers whether there was any other character. Without
// a branch for each: ids are most of what is read of a page.
class HexReader {
 public:
  // The value of each pair of characters, in its even byte.
  Bytes ReadPairs(Bytes characters) {
    const Bytes digits = characters - '0';
    const Bytes letters = characters - 'a';
    const auto is_digit = reinterpret_cast<Bytes>(digits <= 9);
    const auto is_letter = reinterpret_cast<Bytes>(letters <= 5);
    others_ |= ~(is_digit | is_letter);
    const auto values =
        reinterpret_cast<BytePairs>((digits & is_digit) | ((letters + 10) & is_letter));
    return reinterpret_cast<Bytes>(values << 4 | values >> 8);
  }

  bool only_digits() const {
    const auto words = reinterpret_cast<Words>(others_);
    return (words[0] | words[1]) == 0;
  }

 private:
  Bytes others_{};
};

// Bytes as they are in memory.
template <typename Word>
std::uint64_t Load(const char* bytes) {
  static_assert(std::endian::native == std::endian::little);
  Word word{};
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

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

bool ReadUuid(std::string_view text, CallId& id) {
  if (text.size() != kUuidLength || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
      text[23] != '-') {
    return false;
  }
  // Put together in registers: a wide load of what was just stored in pieces would have to wait.
  const char* const t = text.data();
  const Words first = {Load<std::uint64_t>(t),
                       Load<std::uint32_t>(t + 9) | Load<std::uint32_t>(t + 14) << 32U};
  const Words second = {Load<std::uint32_t>(t + 19) | Load<std::uint32_t>(t + 24) << 32U,
                        Load<std::uint64_t>(t + 28)};
  HexReader reader;
  const Bytes high = reader.ReadPairs(reinterpret_cast<Bytes>(first));
  const Bytes low = reader.ReadPairs(reinterpret_cast<Bytes>(second));
  if (!reader.only_digits()) return false;
  const auto bits = reinterpret_cast<Words>(__builtin_shufflevector(
      high, low, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30));
  id = {.high = __builtin_bswap64(bits[0]), .low = __builtin_bswap64(bits[1])};
  return true;
}

CallId ParseCallId(std::string_view text) {
  CallId uuid;
  if (ReadUuid(text, uuid)) return uuid;
  const HashSecret& secret = ProcessHashSecret();
  const XXH128_hash_t hash =
      XXH3_128bits_withSecret(text.data(), text.size(), secret.data(), secret.size());
  return {.high = hash.high64 & ~std::uint64_t{0xf000}, .low = hash.low64};
}

std::string UuidText(const CallId& id) {
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", id.high >> 32U,
                     (id.high >> 16U) & 0xffffU, id.high & 0xffffU, id.low >> 48U,
                     id.low & 0xffffffffffffU);
}

}  // namespace telnyx_exporter
