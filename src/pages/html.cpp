#include "pages/html.h"

#include <algorithm>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

// U+202A to U+202E and U+2066 to U+2069: embeddings, overrides and isolates. One without its end
// would change the direction of the text after it.
bool IsDirectionControl(std::string_view character) {
  if (character.size() != 3 || character[0] != '\xe2') return false;
  const auto last = static_cast<unsigned char>(character[2]);
  return (character[1] == '\x80' && last >= 0xaa && last <= 0xae) ||
         (character[1] == '\x81' && last >= 0xa6 && last <= 0xa9);
}

bool IsPlain(char c) {
  return c >= ' ' && c < 0x7f && c != '&' && c != '<' && c != '>' && c != '"' && c != '\'';
}

std::string_view EntityOf(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

void AppendEscaped(std::string& out, std::string_view text) {
  if (std::ranges::all_of(text, IsPlain)) {
    out += text;
    return;
  }
  const std::string clean = SanitizeForDisplay(text, text.size() * 3);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    if (const std::string_view entity = EntityOf(clean[i]); !entity.empty()) {
      out += entity;
    } else if (IsDirectionControl(std::string_view(clean).substr(i, 3))) {
      out += "\xef\xbf\xbd";
      i += 2;
    } else {
      out += clean[i];
    }
  }
}

}  // namespace telnyx_exporter
