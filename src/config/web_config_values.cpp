#include "config/web_config_values.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kBcryptBytes = 60;
constexpr std::size_t kBcryptSettingBytes = 7;  // "$2b$10$"
constexpr unsigned kMinBcryptCost = 4;
// A check at this cost takes some seconds and cannot be broken off.
constexpr unsigned kMaxBcryptCost = 16;

struct Unit {
  std::string_view name;
  double seconds;
};

// Go knows both of Unicode's signs for micro.
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1e-9},
                                         {"us", 1e-6},
                                         {"\u00b5s", 1e-6},
                                         {"\u03bcs", 1e-6},
                                         {"ms", 1e-3},
                                         {"s", 1},
                                         {"m", 60},
                                         {"h", 3600}}};

}  // namespace

std::optional<Duration> ParseGoDuration(std::string_view text) {
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  while (!text.empty()) {
    const std::size_t unit_begin = text.find_first_not_of("0123456789.");
    if (unit_begin == 0 || unit_begin == std::string_view::npos) return std::nullopt;
    const std::string_view digits = text.substr(0, unit_begin);
    double number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    text.remove_prefix(unit_begin);
    const std::size_t unit_end = std::min(text.find_first_of("0123456789."), text.size());
    const auto unit = std::ranges::find(kUnits, text.substr(0, unit_end), &Unit::name);
    if (unit == kUnits.end()) return std::nullopt;
    seconds += number * unit->seconds;
    text.remove_prefix(unit_end);
  }
  if (seconds >= ToSeconds(Duration::max())) return Duration::max();
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

std::string FindBcryptFault(std::string_view hash) {
  const bool prefix =
      hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$");
  if (!prefix || hash.size() != kBcryptBytes || hash[kBcryptSettingBytes - 1] != '$') {
    return "is not a bcrypt hash: it has 60 characters and begins with $2a$, $2b$ or $2y$, as "
           "htpasswd -nBC 10 \"\" prints it";
  }
  const auto valid = [](char c) {
    return c == '.' || c == '/' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z');
  };
  if (!std::ranges::all_of(hash.substr(kBcryptSettingBytes), valid)) {
    return "is not a bcrypt hash: a character in it cannot be part of one";
  }
  const auto cost = ParseUnsigned(hash.substr(4, 2));
  if (!cost || *cost < kMinBcryptCost || *cost > kMaxBcryptCost) {
    return fmt::format("has a bcrypt cost outside {:02} to {}: the number after $2b$",
                       kMinBcryptCost, kMaxBcryptCost);
  }
  return {};
}

}  // namespace telnyx_exporter
