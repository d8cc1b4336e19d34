#pragma once

// Small pure functions on text that more than one library needs.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace telnyx_exporter {

/// Every byte but letters, digits and -._~ as %XX (RFC 3986), so that the text is one path segment
/// or one query value whatever is in it.
std::string PercentEncode(std::string_view text);

/// The bytes that %XX encodes; nothing when a % is not followed by two hexadecimal digits.
std::optional<std::string> PercentDecode(std::string_view text);

/// A whole decimal number without sign, blanks or anything else; nothing when it does not fit.
std::optional<std::uint64_t> ParseUnsigned(std::string_view text);

/// Without leading and trailing spaces, tabs and line ends.
std::string_view TrimWhitespace(std::string_view text);

bool EqualsIgnoringAsciiCase(std::string_view left, std::string_view right);

/// Appends `text` as a JSON string with its quotes. Bytes that are not valid UTF-8 become U+FFFD,
/// so the line stays valid whatever came from outside.
void AppendJsonString(std::string& out, std::string_view text);

/// Text from outside made safe to show: control characters become spaces, at most `max_bytes` bytes
/// are kept, cut at a character's boundary.
std::string SanitizeForDisplay(std::string_view text, std::size_t max_bytes);

}  // namespace telnyx_exporter
