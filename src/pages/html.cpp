#include "pages/html.h"

#include <algorithm>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

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
  for (const char c : clean) {
    if (const std::string_view entity = EntityOf(c); !entity.empty()) {
      out += entity;
    } else {
      out += c;
    }
  }
}

}  // namespace telnyx_exporter
