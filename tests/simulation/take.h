#pragma once

// Taking an address or a cursor apart from its beginning.

#include <charconv>
#include <string_view>
#include <system_error>

namespace telnyx_exporter::simulation {

/// Whether `text` begins with `expected`, which is then taken off.
inline bool TakeText(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

/// Whether `text` begins with a number that fits, which is then taken off.
template <typename Number>
bool TakeNumber(std::string_view& text, Number& number, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace telnyx_exporter::simulation
