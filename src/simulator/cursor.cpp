#include "simulator/cursor.h"

#include <array>

namespace telnyx_exporter::simulator {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kCursorPrefix = "v1:g3Q";
constexpr std::string_view kMiddle = "+/";
constexpr std::string_view kSuffix = "==";
constexpr std::size_t kDigits = 11;  // of six bits each
// Neighbouring places look nothing alike.
constexpr std::uint64_t kScatter = 0x5bd1e9955bd1e995ULL;
constexpr std::uint64_t kBackwards = std::uint64_t{1} << 63U;

}  // namespace

std::string EncodeCursor(Place place) {
  std::uint64_t scattered = (place.leg_number | (place.backwards ? kBackwards : 0)) ^ kScatter;
  std::array<char, kDigits> digits{};
  for (char& digit : digits) {
    digit = kAlphabet[scattered & 63U];
    scattered >>= 6U;
  }
  std::string cursor(kCursorPrefix);
  cursor += kMiddle;
  cursor.append(digits.data(), digits.size());
  cursor += kSuffix;
  return cursor;
}

std::optional<Place> DecodeCursor(std::string_view cursor) {
  const std::size_t head = kCursorPrefix.size() + kMiddle.size();
  if (cursor.size() != head + kDigits + kSuffix.size()) return std::nullopt;
  std::uint64_t scattered = 0;
  for (std::size_t i = kDigits; i-- > 0;) {
    const std::size_t digit = kAlphabet.find(cursor[head + i]);
    if (digit == std::string_view::npos) return std::nullopt;
    scattered = scattered << 6U | digit;
  }
  const std::uint64_t bits = scattered ^ kScatter;
  const Place place{.leg_number = bits & ~kBackwards, .backwards = (bits & kBackwards) != 0};
  if (EncodeCursor(place) != cursor) return std::nullopt;
  return place;
}

}  // namespace telnyx_exporter::simulator
