#pragma once

// Small functions on text that more than one library needs, among them durations and sizes as
// configurations write them, and patterns that names match. Pure; any thread.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace re2 {
class RE2;
}

namespace telnyx_exporter {

/// Every byte but letters, digits and -._~ as %XX (RFC 3986), so that the text is one path segment
/// or one query value whatever is in it.
std::string PercentEncode(std::string_view text);

/// The bytes that %XX encodes; nothing when a % is not followed by two hexadecimal digits.
std::optional<std::string> PercentDecode(std::string_view text);

/// A whole decimal number without sign, blanks or anything else; nothing when it does not fit.
std::optional<std::uint64_t> ParseUnsigned(std::string_view text);

/// The same for a number with a fraction and, in the general format, an exponent.
std::optional<double> ParseDouble(std::string_view text,
                                  std::chars_format format = std::chars_format::general);

/// The length of the valid UTF-8 character at the start of `text`, which is not empty; 0 when there
/// is none.
std::size_t Utf8Length(std::string_view text);

/// Without leading and trailing spaces, tabs and line ends.
std::string_view TrimWhitespace(std::string_view text);

/// Whether every character is a letter or a digit of ASCII or one of `marks`.
bool IsAlphanumericOr(std::string_view marks, std::string_view text);

char ToLowerAscii(char c);
std::string ToLowerAscii(std::string_view text);
bool EqualsIgnoringAsciiCase(std::string_view left, std::string_view right);

/// Whether one of the texts is this one.
bool Contains(std::span<const std::string> texts, std::string_view text);

/// Appends `text` as a JSON string with its quotes. Bytes that are not valid UTF-8 become U+FFFD,
/// so the line stays valid whatever came from outside.
void AppendJsonString(std::string& out, std::string_view text);

/// Text from outside made safe to show: control characters become spaces, at most `max_bytes` bytes
/// are kept, cut at a character's boundary.
std::string SanitizeForDisplay(std::string_view text, std::size_t max_bytes);

/// A duration as Prometheus writes it: whole numbers with y, w, d, h, m, s or ms, from the largest
/// unit to the smallest and each at most once, as in `1m30s` or `500ms`; `0` needs no unit. The
/// error names the text and what would be right.
Result<Duration> ParseDuration(std::string_view text);

/// The shortest such text; fractions of a millisecond are cut off. `0s` for nothing.
std::string FormatDuration(Duration duration);

/// A duration as Go writes it: numbers, perhaps with fractions, with ns, us, ms, s, m or h, as in
/// `1h30m` or `1.5s`; `0` needs no unit. Nothing when it is none; one that does not fit is the
/// longest that does.
std::optional<Duration> ParseGoDuration(std::string_view text);

/// A size in bytes: a whole number with B, KiB, MiB or GiB, as in `512KiB`. The error names the
/// text and what would be right.
Result<std::uint64_t> ParseSize(std::string_view text);

/// The largest of these units that divides the size, as in `4MiB`.
std::string FormatSize(std::uint64_t bytes);

/// A regular expression in RE2's syntax that has to match a whole name, as in Prometheus. Takes a
/// time that grows with the name alone, whatever the expression.
class NamePattern {
 public:
  /// Matches every name.
  NamePattern() = default;

  /// The error says what is wrong with the expression, in RE2's words.
  static Result<NamePattern> Compile(std::string_view expression);

  bool Matches(std::string_view name) const;

  /// Made from the same expression.
  bool operator==(const NamePattern& other) const;

 private:
  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace telnyx_exporter
