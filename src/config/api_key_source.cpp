#include "config/api_key_source.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxKeyBytes = 4096;

// Byte order marks of UTF-8 and UTF-16.
constexpr std::array<std::string_view, 3> kByteOrderMarks = {"\xef\xbb\xbf", "\xff\xfe",
                                                             "\xfe\xff"};

// Plain ones, then the typographic ones.
constexpr std::array<std::string_view, 13> kQuotes = {
    "\"",     "'",      "`",      "\u2018", "\u2019", "\u201a", "\u201b",
    "\u201c", "\u201d", "\u201e", "\u201f", "\u00ab", "\u00bb"};

bool ContainsAny(std::string_view text, const auto& pieces) {
  return std::ranges::any_of(pieces, [&](std::string_view piece) { return text.contains(piece); });
}

std::string_view WordsFor(ApiKeySource::Kind kind) {
  switch (kind) {
    case ApiKeySource::Kind::kFile:
      return "api_key_file";
    case ApiKeySource::Kind::kEnvironment:
      return "the environment variable";
    case ApiKeySource::Kind::kInline:
      break;
  }
  return "api_key";
}

}  // namespace

void SetKeyName(ApiKeySource& source, std::string_view written) {
  source.name = written;
  const bool shown = written.contains('/') || written == ApiKeySource().name;
  source.shown_name = shown ? written : "";
}

std::string DescribeKeySource(const ApiKeySource& source) {
  const std::string_view words = WordsFor(source.kind);
  if (!source.shown_name.empty()) return fmt::format("{} {}", words, source.shown_name);
  const bool is_variable = source.kind == ApiKeySource::Kind::kEnvironment;
  const std::string_view named = is_variable ? " that api_key_env names" : "";
  if (source.place.line == 0) return fmt::format("{}{}", words, named);
  return fmt::format("{}{} (line {}, column {})", words, named, source.place.line,
                     source.place.column);
}

std::string FindApiKeyFault(std::string_view text) {
  const std::string_view key = TrimWhitespace(text);
  if (key.empty()) return "is empty: it must hold the API key";
  if (ContainsAny(key, kByteOrderMarks)) {
    return "contains a byte order mark: save the key as plain text without one";
  }
  if (ContainsAny(key, kQuotes)) {
    return "contains a quotation mark: write the API key without quotes";
  }
  if (key.size() > kMaxKeyBytes) {
    return fmt::format("holds more than {} bytes: it must hold the API key alone", kMaxKeyBytes);
  }
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (!std::ranges::all_of(key, is_ascii)) {
    return "contains a character that is not ASCII: copy the API key again";
  }
  const auto is_visible = [](char c) { return c > ' ' && c < 0x7f; };
  if (!std::ranges::all_of(key, is_visible)) {
    return "contains a blank or a control character inside the key: it must hold the API key "
           "alone, "
           "on one line";
  }
  return {};
}

}  // namespace telnyx_exporter
