#include "simulator/cursor.h"

#include <array>

namespace telnyx_exporter::simulator {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kPrefix = "v1:g3Q";
constexpr std::string_view kMiddle = "+/";
constexpr std::string_view kSuffix = "==";
constexpr std::size_t kDigits = 11;  // of six bits each
// Neighbouring places look nothing alike.
constexpr std::uint64_t kScatter = 0x5bd1e9955bd1e995ULL;

}  // namespace

std::string EncodeCursor(std::uint64_t leg_number) {
  std::uint64_t scattered = leg_number ^ kScatter;
  std::array<char, kDigits> digits{};
  for (char& digit : digits) {
    digit = kAlphabet[scattered & 63U];
    scattered >>= 6U;
  }
  std::string cursor(kPrefix);
  cursor += kMiddle;
  cursor.append(digits.data(), digits.size());
  cursor += kSuffix;
  return cursor;
}

std::optional<std::uint64_t> DecodeCursor(std::string_view cursor) {
  const std::size_t head = kPrefix.size() + kMiddle.size();
  if (cursor.size() != head + kDigits + kSuffix.size()) return std::nullopt;
  std::uint64_t scattered = 0;
  for (std::size_t i = kDigits; i-- > 0;) {
    const std::size_t digit = kAlphabet.find(cursor[head + i]);
    if (digit == std::string_view::npos) return std::nullopt;
    scattered = scattered << 6U | digit;
  }
  const std::uint64_t leg_number = scattered ^ kScatter;
  if (EncodeCursor(leg_number) != cursor) return std::nullopt;
  return leg_number;
}

}  // namespace telnyx_exporter::simulator
