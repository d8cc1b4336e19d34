#include "telnyx/call_id.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>

#include <fmt/format.h>
#include <xxhash.h>

namespace telnyx_exporter {
namespace {

constexpr std::uint64_t kEachByte = 0x0101010101010101ULL;

// Reads lower-case hexadecimal digits, eight at once, one in each byte of a word, and remembers
// whether there was any other byte. Without a branch: ids are most of what a page holds.
class HexReader {
 public:
  std::uint32_t ReadEight(std::uint64_t digits) {
    // Letters begin at 0x61, digits at 0x30: bit 6 tells them apart.
    const std::uint64_t letters = (digits >> 6U) & kEachByte;
    const std::uint64_t values = (digits & (kEachByte * 0x0f)) + letters * 9;
    const std::uint64_t above_nine = ((values + kEachByte * 6) >> 4U) & kEachByte;
    others_ |= (digits & (kEachByte * 0xf0)) ^ ((kEachByte + letters) * 0x30);
    others_ |= (above_nine ^ letters) | (values & (kEachByte * 0xf0));
    std::uint64_t packed = __builtin_bswap64(values);  // the first digit is the highest
    packed = (packed | packed >> 4U) & 0x00ff00ff00ff00ffULL;
    packed = (packed | packed >> 8U) & 0x0000ffff0000ffffULL;
    return static_cast<std::uint32_t>(packed | packed >> 16U);
  }

  bool only_digits() const { return others_ == 0; }

 private:
  std::uint64_t others_ = 0;
};

// Bytes as they stand in memory.
template <typename Word>
std::uint64_t Load(const char* bytes) {
  static_assert(std::endian::native == std::endian::little);
  Word word{};
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

std::optional<CallId> ReadUuid(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
      text[23] != '-') {
    return std::nullopt;
  }
  const char* const t = text.data();
  HexReader reader;
  const std::uint64_t first = reader.ReadEight(Load<std::uint64_t>(t));
  const std::uint64_t second =
      reader.ReadEight(Load<std::uint32_t>(t + 9) | Load<std::uint32_t>(t + 14) << 32U);
  const std::uint64_t third =
      reader.ReadEight(Load<std::uint32_t>(t + 19) | Load<std::uint32_t>(t + 24) << 32U);
  const std::uint64_t fourth = reader.ReadEight(Load<std::uint64_t>(t + 28));
  if (!reader.only_digits()) return std::nullopt;
  return CallId{.high = first << 32U | second, .low = third << 32U | fourth};
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

CallId ParseCallId(std::string_view text) {
  if (const auto uuid = ReadUuid(text)) return *uuid;
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
