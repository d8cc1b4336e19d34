#include "simulator/content_faults.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/gzip.h"
#include "simulator/answers.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr std::uint64_t kWrongTotalBy = 7;

/// The API's own answer with another body.
template <typename Change>
HttpResponse WithBody(const FaultyRequest& faulty, Change change) {
  HttpResponse response = faulty.api.Answer(faulty.request);
  std::string body = response.body ? *response.body : std::string();
  change(body);
  response.body = std::make_shared<const std::string>(std::move(body));
  return response;
}

void ReplaceFirst(std::string& text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), with);
}

void InsertBehindEach(std::string& text, std::string_view what, char inserted) {
  std::string changed;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t at = text.find(what, from);
    const std::size_t end = at == std::string::npos ? text.size() : at + what.size();
    changed.append(text, from, end - from);
    if (at != std::string::npos) changed += inserted;
    from = end;
  }
  text = std::move(changed);
}

struct Replacement {
  std::string_view what;
  std::string_view with;
};
// Each leaves valid JSON behind in which one value has another type.
constexpr std::array kWrongTypes = {
    Replacement{R"("call_duration":)", R"("call_duration":"long","was":)"},
    Replacement{R"("call_leg_id":)", R"("call_leg_id":7,"was":)"},
    Replacement{R"("data":)", R"("data":{},"was":)"},
    Replacement{R"("meta":)", R"("meta":[],"was":)"},
    Replacement{R"("after":)", R"("after":7,"was":)"},
};

}  // namespace

WireAnswer SendTruncatedGzip(const FaultyRequest& faulty) {
  HttpResponse response = WithBody(faulty, [](std::string& body) {
    body = Gzip(body, GzipLevel::kSmall);
    body.resize(body.size() / 2);
  });
  response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

WireAnswer AnswerEmpty(const FaultyRequest& faulty) {
  return WithBody(faulty, [](std::string& body) { body.clear(); });
}

WireAnswer AnswerTruncatedJson(const FaultyRequest& faulty) {
  return WithBody(faulty, [](std::string& body) { body.resize(body.size() / 2); });
}

WireAnswer AnswerInvalidUtf8(const FaultyRequest& faulty) {
  return WithBody(
      faulty, [](std::string& body) { ReplaceFirst(body, "{", "{\"note\":\"\xc3\x28\xff\","); });
}

WireAnswer AnswerWrongTypes(const FaultyRequest& faulty) {
  return WithBody(faulty, [&](std::string& body) {
    const Replacement& chosen = kWrongTypes[faulty.random % kWrongTypes.size()];
    ReplaceFirst(body, chosen.what, chosen.with);
  });
}

WireAnswer AnswerHtml(const FaultyRequest& /*faulty*/) { return HtmlAnswer(200); }

WireAnswer AnswerNegativeDurations(const FaultyRequest& faulty) {
  return WithBody(faulty,
                  [](std::string& body) { InsertBehindEach(body, R"("call_duration":)", '-'); });
}

WireAnswer AnswerWrongTotal(const FaultyRequest& faulty) {
  return WithBody(faulty, [](std::string& body) {
    constexpr std::string_view kTotal = R"("total_items":)";
    const std::size_t at = body.find(kTotal);
    if (at == std::string::npos) return;
    const char* const begin = body.data() + at + kTotal.size();
    std::uint64_t total = 0;
    const auto [end, error] = std::from_chars(begin, body.data() + body.size(), total);
    body.replace(at + kTotal.size(), static_cast<std::size_t>(end - begin),
                 std::to_string(total + kWrongTotalBy));
  });
}

}  // namespace telnyx_exporter::simulator
