#include "base/units.h"

#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace telnyx_exporter {
namespace {

using std::chrono::milliseconds;

struct DurationUnit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr std::array<DurationUnit, 7> kDurationUnits = {{
    {"y", 365LL * 24 * 3600 * 1000},
    {"w", 7LL * 24 * 3600 * 1000},
    {"d", 24LL * 3600 * 1000},
    {"h", 3600LL * 1000},
    {"m", 60LL * 1000},
    {"s", 1000},
    {"ms", 1},
}};

// About 292 years: what nanoseconds in 64 bits hold.
constexpr std::int64_t kMaxMilliseconds = std::numeric_limits<std::int64_t>::max() / 1'000'000;

struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::array<SizeUnit, 4> kSizeUnits = {{
    {"GiB", 1ULL << 30U},
    {"MiB", 1ULL << 20U},
    {"KiB", 1ULL << 10U},
    {"B", 1},
}};

std::string_view TakeUnit(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && (text[length] < '0' || text[length] > '9')) ++length;
  const std::string_view unit = text.substr(0, length);
  text.remove_prefix(length);
  return unit;
}

}  // namespace

Result<Duration> ParseDuration(std::string_view text) {
  const auto refuse = [text] {
    return Fail(fmt::format("\"{}\" is not a duration: write it as in 500ms, 15s or 1m30s", text));
  };
  if (text == "0") return Duration::zero();
  if (text.empty()) return refuse();
  std::string_view rest = text;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!rest.empty()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || number < 0 || rest.front() == '-') return refuse();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::string_view unit = TakeUnit(rest);
    while (next_unit < kDurationUnits.size() && kDurationUnits[next_unit].name != unit) ++next_unit;
    if (next_unit == kDurationUnits.size()) return refuse();
    const std::int64_t factor = kDurationUnits[next_unit++].milliseconds;
    if (number > (kMaxMilliseconds - total) / factor) {
      return Fail(fmt::format("\"{}\" is too long a duration", text));
    }
    total += number * factor;
  }
  return Duration(milliseconds(total));
}

std::string FormatDuration(Duration duration) {
  std::int64_t rest = std::chrono::duration_cast<milliseconds>(duration).count();
  std::string text;
  for (const DurationUnit& unit : kDurationUnits) {
    // Years and weeks are exact in milliseconds but odd to read back: days are the largest unit
    // written.
    if (unit.name == "y" || unit.name == "w" || rest < unit.milliseconds) continue;
    text += fmt::format("{}{}", rest / unit.milliseconds, unit.name);
    rest %= unit.milliseconds;
  }
  return text.empty() ? "0s" : text;
}

Result<std::uint64_t> ParseSize(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const SizeUnit& unit : kSizeUnits) {
    if (error != std::errc() || name != unit.name) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() / unit.bytes) break;
    return number * unit.bytes;
  }
  return Fail(fmt::format("\"{}\" is not a size: write it as in 512KiB or 4MiB", text));
}

std::string FormatSize(std::uint64_t bytes) {
  for (const SizeUnit& unit : kSizeUnits) {
    if (bytes >= unit.bytes && bytes % unit.bytes == 0) {
      return fmt::format("{}{}", bytes / unit.bytes, unit.name);
    }
  }
  return "0B";
}

}  // namespace telnyx_exporter
