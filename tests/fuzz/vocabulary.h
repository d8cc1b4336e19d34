#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace telnyx_exporter {

/// Takes every occurrence of `phrase` out of `text`.
inline void Remove(std::string& text, std::string_view phrase) {
  for (std::size_t at = text.find(phrase); at != std::string::npos; at = text.find(phrase)) {
    text.erase(at, phrase.size());
  }
}

/// Whether a message is made of these phrases, the JSON library's own messages, numbers and
/// punctuation alone, so that it cannot hold a text of what was read. Longer phrases come before
/// shorter ones that are parts of them.
inline bool IsMadeOf(std::string message, std::span<const std::string_view> phrases) {
  if (message.size() > 300) return false;
  for (int code = 0; code < simdjson::NUM_ERROR_CODES; ++code) {
    Remove(message, simdjson::error_message(static_cast<simdjson::error_code>(code)));
  }
  for (const std::string_view phrase : phrases) Remove(message, phrase);
  return message.find_first_not_of("0123456789[].,:() ") == std::string::npos;
}

}  // namespace telnyx_exporter
