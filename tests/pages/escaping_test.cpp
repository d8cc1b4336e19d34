// Names, ids, labels and what the API says come from outside. Whatever they hold, a page is as its
// authors wrote it.

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "pages/pages_fixture.h"

namespace telnyx_exporter {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kHostileTexts = {
    "<script>alert(1)</script>",
    "</title><script src=//evil.example></script>",
    "\" onmouseover=\"alert(1)",
    "' onfocus='alert(1)' autofocus='",
    "</bdi></a></th></tr></table><h1>",
    "<!--",
    "{} {0} {:>1000}",
    "&lt;script&gt;",
    "javascript:alert(1)",
    "\u202Egnp.exe\u2066",
    "\u2069\u2069\u2069",
    std::string(128, '<'),
};

// Every tag, in its order, without the values of its attributes.
std::vector<std::string> TagsOf(const std::string& html) {
  std::vector<std::string> tags;
  for (std::size_t at = 0; (at = html.find('<', at)) != std::string::npos;) {
    std::string tag;
    bool quoted = false;
    for (; html[at] != '>' || quoted; ++at) {
      if (html[at] == '"') quoted = !quoted;
      if (!quoted) tag += html[at];
    }
    tags.push_back(tag);
  }
  return tags;
}

// The pages of stores that hold one text wherever a text from outside can be.
class PagesOfText final : public PagesFixture {
 public:
  void TestBody() override {}

  std::vector<std::string> Write(const std::string& text) {
    const AccountKey account = AddAccount(text);
    Complete(Add(account, {.id = text,
                           .name = text + "1",
                           .labels = {{"label", text}},
                           .record_type = text,
                           .voice_profile_id = text,
                           .voice_profile_name = text}),
             {1, 2, 3});
    const PollFailure failure{.reason = FailureReason::kUnauthorized,
                              .http_status = 401,
                              .api_code = text,
                              .api_title = text,
                              .detail = text};
    Fail(Add(account, {.id = "2", .name = text + "2"}), failure);
    store_.OnKeyRefused(account, {.failure = failure, .wait = std::chrono::seconds(1)});
    facts_.config.file = text;
    facts_.config.refused = clock_.WallNow();
    facts_.config.errors = {text};
    facts_.config.key_errors = {text};
    facts_.config.web_errors = {text};
    return {StatusPage(), StatusPage({.account = text, .search = text}), ConnectionPage(text, text),
            ConnectionPage(text, "2"), ConnectionPage(text, text + "no such id")};
  }
};

class EscapingTest : public ::testing::TestWithParam<std::string> {};

TEST_P(EscapingTest, LeavesThePagesTagsAsTheyAre) {
  const std::vector<std::string> pages = PagesOfText().Write(GetParam());
  const std::vector<std::string> plain = PagesOfText().Write("plain");
  for (std::size_t i = 0; i < pages.size(); ++i) {
    EXPECT_EQ(TagsOf(pages[i]), TagsOf(plain[i])) << i;
    EXPECT_THAT(pages[i], Not(HasSubstr("<script>")));
    EXPECT_THAT(pages[i], Not(HasSubstr("href=\"javascript:")));
    for (const char* control : {"\u202E", "\u2066", "\u2069"}) {
      EXPECT_THAT(pages[i], Not(HasSubstr(control)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(HostileTexts, EscapingTest, ::testing::ValuesIn(kHostileTexts),
                         [](const auto& parameter) {
                           return "Text" + std::to_string(parameter.index);
                         });

}  // namespace
}  // namespace telnyx_exporter
