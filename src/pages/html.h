#pragma once

// Builds HTML safely: every argument is escaped as text, wherever it comes from; only format
// strings and Markup, which are literals of this program, are taken as HTML. Used by the status
// pages, on the thread that serves the request.

#include <concepts>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter {

/// Is HTML already. Can only be made from a literal in the source code.
class Markup {
 public:
  consteval explicit Markup(const char* literal) : bytes_(literal) {}

  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
};

/// A text that the formatter escapes.
struct EscapedText {
  std::string_view text;
};

/// Appends a text escaped for use between tags and in a quoted attribute. Bytes that are not UTF-8,
/// control characters and characters that change the direction of surrounding text are replaced.
void AppendEscaped(std::string& out, std::string_view text);

template <typename T>
concept HtmlNumber = std::integral<T> || std::floating_point<T>;

template <typename T>
auto PrepareForHtml(const T& value) {
  if constexpr (std::convertible_to<const T&, std::string_view>) {
    return EscapedText{std::string_view(value)};
  } else {
    static_assert(HtmlNumber<T> || std::is_same_v<T, Markup>, "not fit for HTML");
    return value;
  }
}

class Html {
 public:
  /// Appends `format`, which is HTML, with its arguments in place: texts escaped, numbers as fmt
  /// writes them, Markup as it is.
  template <typename... Args>
  Html& Add(fmt::format_string<decltype(PrepareForHtml(std::declval<const Args&>()))...> format,
            const Args&... args) {
    fmt::format_to(std::back_inserter(bytes_), format, PrepareForHtml(args)...);
    return *this;
  }

  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace telnyx_exporter

template <>
struct fmt::formatter<telnyx_exporter::Markup> : fmt::formatter<std::string_view> {
  template <typename Context>
  auto format(telnyx_exporter::Markup markup, Context& context) const {
    return fmt::formatter<std::string_view>::format(markup.bytes(), context);
  }
};

template <>
struct fmt::formatter<telnyx_exporter::EscapedText> : fmt::formatter<std::string_view> {
  template <typename Context>
  auto format(telnyx_exporter::EscapedText text, Context& context) const {
    std::string escaped;
    telnyx_exporter::AppendEscaped(escaped, text.text);
    return fmt::formatter<std::string_view>::format(escaped, context);
  }
};
