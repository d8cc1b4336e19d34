#include "pages/html.h"

#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

std::string Escaped(std::string_view text) {
  std::string out;
  AppendEscaped(out, text);
  return out;
}

TEST(AppendEscaped, MakesMarkupToText) {
  EXPECT_EQ(Escaped("<script>alert('x')</script>"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
  EXPECT_EQ(Escaped("a & b \"c\""), "a &amp; b &quot;c&quot;");
  EXPECT_EQ(Escaped("&lt;"), "&amp;lt;");
}

TEST(AppendEscaped, KeepsOtherLanguages) {
  EXPECT_EQ(Escaped("Zürich – 東京 – עברית"), "Zürich – 東京 – עברית");
}

TEST(AppendEscaped, TakesOutWhatTurnsTheTextAroundIt) {
  EXPECT_EQ(Escaped("a\u202Eb\u202Ac\u2066d\u2069e"), "a b c d e");
  // A mark turns nothing but itself.
  EXPECT_EQ(Escaped("a\u200Fb\u200Ec"), "a\u200Fb\u200Ec");
}

TEST(AppendEscaped, TakesOutControlCharactersAndWhatIsNotUtf8) {
  EXPECT_EQ(Escaped(std::string_view("a\0b\nc\x7f", 6)), "a b c ");
  EXPECT_EQ(Escaped("a\xff"
                    "b\xe2\x80"),
            "a\uFFFDb\uFFFD\uFFFD");
}

TEST(Html, EscapesEveryTextAndLeavesMarkupAlone) {
  Html html;
  const std::string text = "<b>";
  html.Add("<p title=\"{}\">{} {} {}</p>", text, std::string_view("<i>"), "&", Markup("<br>"));
  EXPECT_EQ(html.Take(), "<p title=\"&lt;b&gt;\">&lt;i&gt; &amp; <br></p>");
}

TEST(Html, WritesNumbersAsFmtDoes) {
  Html html;
  html.Add("{} {:.2f} {:g}", 12, 1.0, 0.5);
  EXPECT_EQ(html.Take(), "12 1.00 0.5");
}

}  // namespace
}  // namespace telnyx_exporter
