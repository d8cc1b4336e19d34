#include "base/text.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>
#include <re2/re2.h>

namespace telnyx_exporter {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Takes the first character off `text`; U+FFFD stands for a byte that is none.
std::string_view TakeCharacter(std::string_view& text) {
  const std::size_t length = Utf8Length(text);
  const std::string_view character = length == 0 ? "\xef\xbf\xbd" : text.substr(0, length);
  text.remove_prefix(std::max<std::size_t>(length, 1));
  return character;
}

// Whether a character is one of Unicode's control characters, U+0080 to U+009F among them:
// terminals obey those like the ones below the blank. Or one that turns the direction of what
// follows, U+202A to U+202E and U+2066 to U+2069: a line could be made to read like another.
bool IsControl(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead < 0x20 || lead == 0x7f;
  if (character.size() == 2) {
    return lead == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
  }
  return (character >= "\u202a" && character <= "\u202e") ||
         (character >= "\u2066" && character <= "\u2069");
}

// The code point of one of these.
unsigned ControlCode(std::string_view character) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(character[index]); };
  const unsigned last = byte(character.size() - 1);
  // Those of two bytes have the last one's value; those of three begin with U+20.
  return character.size() < 3 ? last : 0x2000U + ((byte(1) & 0x3fU) << 6U) + (last & 0x3fU);
}

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

struct GoUnit {
  std::string_view name;
  double seconds;
};

// Go knows both of Unicode's signs for micro.
constexpr std::array<GoUnit, 8> kGoUnits = {{{"ns", 1e-9},
                                             {"us", 1e-6},
                                             {"\u00b5s", 1e-6},
                                             {"\u03bcs", 1e-6},
                                             {"ms", 1e-3},
                                             {"s", 1},
                                             {"m", 60},
                                             {"h", 3600}}};

}  // namespace

std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;   // no overlong forms
    if (lead == 0xed) high = 0x9f;  // no surrogates
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (text.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return length;
}

std::string PercentEncode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size() * 3);
  for (const char c : text) {
    if (IsAlphanumericOr("-._~", {&c, 1})) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHexDigits[byte >> 4U];
      encoded += kHexDigits[byte & 0xfU];
    }
  }
  return encoded;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned char byte = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16).ptr;
    if (digits.size() != 2 || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

std::optional<std::uint64_t> ParseUnsigned(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> ParseDouble(std::string_view text, std::chars_format format) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, format);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool IsAlphanumericOr(std::string_view marks, std::string_view text) {
  return std::ranges::all_of(text, [&](char c) { return IsAlphanumeric(c) || marks.contains(c); });
}

char ToLowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string ToLowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ToLowerAscii(c);
  return lower;
}

std::string_view TrimWhitespace(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool EqualsIgnoringAsciiCase(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right,
                            [](char a, char b) { return ToLowerAscii(a) == ToLowerAscii(b); });
}

bool Contains(std::span<const std::string> texts, std::string_view text) {
  return std::ranges::find(texts, text) != texts.end();
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::string_view character = TakeCharacter(text);
    if (character == "\"" || character == "\\") {
      out += '\\';
      out += character;
    } else if (character == "\n") {
      out += "\\n";
    } else if (character == "\t") {
      out += "\\t";
    } else if (character == "\r") {
      out += "\\r";
    } else if (IsControl(character)) {
      out += fmt::format("\\u{:04X}", ControlCode(character));
    } else {
      out += character;
    }
  }
  out += '"';
}

std::string SanitizeForDisplay(std::string_view text, std::size_t max_bytes) {
  std::string clean;
  while (!text.empty()) {
    const std::string_view character = TakeCharacter(text);
    if (clean.size() + character.size() > max_bytes) break;
    clean += IsControl(character) ? " " : character;
  }
  return clean;
}

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

std::optional<Duration> ParseGoDuration(std::string_view text) {
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  while (!text.empty()) {
    const std::size_t unit_begin = text.find_first_not_of("0123456789.");
    if (unit_begin == 0 || unit_begin == std::string_view::npos) return std::nullopt;
    const std::string_view digits = text.substr(0, unit_begin);
    const auto number = ParseDouble(digits);
    if (!number) return std::nullopt;
    text.remove_prefix(unit_begin);
    const std::size_t unit_end = std::min(text.find_first_of("0123456789."), text.size());
    const auto unit = std::ranges::find(kGoUnits, text.substr(0, unit_end), &GoUnit::name);
    if (unit == kGoUnits.end()) return std::nullopt;
    seconds += *number * unit->seconds;
    text.remove_prefix(unit_end);
  }
  if (seconds >= ToSeconds(Duration::max())) return Duration::max();
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
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

Result<NamePattern> NamePattern::Compile(std::string_view expression) {
  const re2::RE2::Options quiet = [] {
    re2::RE2::Options options;
    options.set_log_errors(false);
    return options;
  }();
  auto compiled = std::make_shared<const re2::RE2>(
      re2::StringPiece(expression.data(), expression.size()), quiet);
  if (!compiled->ok()) return Fail(compiled->error());
  NamePattern pattern;
  pattern.expression_ = std::move(compiled);
  return pattern;
}

bool NamePattern::Matches(std::string_view name) const {
  return expression_ == nullptr ||
         re2::RE2::FullMatch(re2::StringPiece(name.data(), name.size()), *expression_);
}

bool NamePattern::operator==(const NamePattern& other) const {
  if (expression_ == nullptr || other.expression_ == nullptr) {
    return expression_ == other.expression_;
  }
  return expression_->pattern() == other.expression_->pattern();
}

}  // namespace telnyx_exporter
