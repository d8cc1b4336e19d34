// The active-calls pages of one walk, separated by the byte 0x1e, which no JSON holds as it is.

#include "telnyx/page_parser.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "fuzz/guarded_body.h"
#include "fuzz/input.h"
#include "fuzz/vocabulary.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter {
namespace {

namespace dom = simdjson::dom;
using simdjson::SUCCESS;

constexpr auto kPhrases = std::to_array<std::string_view>({
    "the body is not the JSON of a page",
    "errors are reported beside the data",
    "trailing content after the JSON document",
    "is not an integer from",
    "is not a non-negative integer",
    "names a next page but no cursor",
    "leads back to a page already read",
    "does not name the next one",
    "there are more than max_pages=",
    "there are more than",
    "those before it",
    "has the size",
    "rows",
    "page number",
    "was asked for and",
    "duplicate",
    "is not an object",
    "is not a list",
    "is not a string",
    "is not an id",
    "is missing",
    "more than",
    "call_session_id",
    "call_leg_id",
    "call_duration",
    "cursors",
    "after",
    "page_number",
    "page_size",
    "total_pages",
    "total_items",
    "has",
    "of",
    "bytes",
    "pages",
    "came",
    "data",
    "meta",
    "next",
    "page",
    "to",
});

// Another reading of the same page, by the library's strict parser.
struct Reference {
  std::vector<std::uint32_t> durations;
  std::vector<CallId> legs;
  bool has_meta = false;
};

std::optional<Reference> ReadRow(dom::object row, Reference reference) {
  std::optional<std::uint64_t> duration;
  std::optional<std::string_view> leg;
  for (const dom::key_value_pair member : row) {
    if (member.key == "call_leg_id") {
      std::string_view text;
      if (member.value.get(text) != SUCCESS || text.empty()) return std::nullopt;
      leg = text;
    } else if (member.key == "call_duration") {
      double number = 0;  // also of 12.0
      if (member.value.get(number) != SUCCESS || number < 0 || number != std::floor(number) ||
          number > kMaxCallDurationSeconds) {
        return std::nullopt;
      }
      duration = static_cast<std::uint64_t>(number);
    }
  }
  if (!duration || !leg) return std::nullopt;
  reference.durations.push_back(static_cast<std::uint32_t>(*duration));
  reference.legs.push_back(ParseCallId(*leg));
  return reference;
}

// Nothing when it is not JSON or a row is not usable.
std::optional<Reference> ReadByReference(std::string_view body) {
  static dom::parser parser;
  dom::object page;
  if (parser.parse(body.data(), body.size()).get(page) != SUCCESS) return std::nullopt;
  std::optional<Reference> reference(std::in_place);
  int data_seen = 0;
  int meta_seen = 0;
  bool usable_meta = false;
  for (const dom::key_value_pair member : page) {
    if (member.key == "meta") {
      ++meta_seen;
      usable_meta = member.value.is<dom::object>();
    }
    if (member.key != "data") continue;
    ++data_seen;
    dom::array rows;
    if (member.value.get(rows) != SUCCESS) return std::nullopt;
    for (const dom::element element : rows) {
      dom::object row;
      if (element.get(row) != SUCCESS) return std::nullopt;
      reference = ReadRow(row, std::move(*reference));
      if (!reference) return std::nullopt;
    }
  }
  if (data_seen != 1 || meta_seen > 1) return std::nullopt;
  reference->has_meta = meta_seen == 1;
  if (!reference->durations.empty() && !usable_meta) return std::nullopt;
  return reference;
}

bool IsJson(std::string_view body) {
  static dom::parser parser;
  dom::element document;
  return parser.parse(body.data(), body.size()).get(document) == SUCCESS;
}

void CheckAgainstReference(std::string_view body, const Result<PageInfo>& page,
                           const std::vector<ActiveCall>& calls, std::size_t rows_before) {
  if (!page || !IsJson(body)) return;
  const auto reference = ReadByReference(body);
  Require(reference.has_value(), "a page that was read is one for the reference, too");
  Require(reference->durations.size() == page->rows, "the reference has as many rows");
  for (std::size_t i = 0; i < page->rows; ++i) {
    Require(calls[rows_before + i].duration_seconds == reference->durations[i],
            "the reference has the same duration");
    Require(calls[rows_before + i].leg == reference->legs[i], "the reference has the same leg");
  }
}

// A body that ends too early is never a page.
void CheckCutShort(std::string_view body, PageParser& parser) {
  const std::size_t end = body.find_last_not_of(" \t\r\n");
  std::size_t hash = body.size();
  for (const char c : body) hash = hash * 31 + static_cast<unsigned char>(c);
  const GuardedBody cut(body.substr(0, hash % (end + 1)), ' ');
  std::vector<ActiveCall> calls;
  Require(!parser.Parse(cut.view(), calls).has_value(), "a page cut short is refused");
}

// Parses one page as a poll does and checks the answer.
Result<PageInfo> Parse(std::string_view body, PageParser& parser, std::vector<ActiveCall>& calls) {
  const std::vector<ActiveCall> before = calls;
  auto page = parser.Parse(GuardedBody(body, '\0').view(), calls);
  if (page) {
    Require(calls.size() == before.size() + page->rows, "as many rows are told as were added");
    Require(page->after.size() <= kMaxCursorBytes, "a cursor is bounded");
  } else {
    Require(calls == before, "a refused page leaves the calls as they were");
    Require(IsMadeOf(page.error().message, kPhrases), page.error().message);
  }
  for (const ActiveCall& call : calls) {
    Require(call.duration_seconds <= kMaxCallDurationSeconds, "a duration is bounded");
  }
  std::vector<ActiveCall> again = before;
  PageParser other;
  Require(other.Parse(GuardedBody(body, '"').view(), again) == page && again == calls,
          "neither the padding nor an earlier page matters");
  const std::string with_blank = " " + std::string(body);
  std::vector<ActiveCall> same = before;
  Require(body.starts_with("\xEF\xBB\xBF") ||
              (other.Parse(GuardedBody(with_blank, '\0').view(), same) == page && same == calls),
          "what is scanned means the same to simdjson");
  CheckAgainstReference(body, page, calls, before.size());
  if (page) CheckCutShort(body, other);
  return page;
}

void CheckTarget(std::string_view target) {
  Require(target.starts_with("/connections/id%2F1/active_calls?page%5B"), "the target is a path");
  Require(target.size() <= 3 * kMaxCursorBytes + 200, "the target is bounded");
  for (const char c : target) Require(c > ' ' && c < 0x7f, "the target is visible ASCII");
}

void Walk(FuzzInput input) {
  constexpr std::uint32_t kMaxPages = 8;
  PageWalk walk("id/1", {.max_pages = kMaxPages});
  PageParser parser;
  std::vector<ActiveCall> calls;
  std::set<std::string> targets = {walk.next_target()};
  for (std::uint32_t pages = 1; !input.empty(); ++pages) {
    CheckTarget(walk.next_target());
    const auto page = Parse(input.TakeUntil('\x1e'), parser, calls);
    if (!page) return;
    const auto step = walk.Advance(*page);
    Require(walk.pages() == pages && pages <= kMaxPages, "pages are counted and bounded");
    if (!step) Require(IsMadeOf(step.error().detail, kPhrases), step.error().detail);
    if (step != PageWalk::Step::kNextPage) return;
    Require(targets.insert(walk.next_target()).second, "no page is asked for twice");
  }
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > telnyx_exporter::kMaxGuardedBytes) return -1;
  telnyx_exporter::Walk(telnyx_exporter::FuzzInput(data, size));
  return 0;
}
