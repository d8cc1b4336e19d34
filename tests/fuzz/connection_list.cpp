// The pages of one list, separated by the byte 0x1e: of connections, and read as voice profiles,
// too.

#include "telnyx/connection_list.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/guarded_body.h"
#include "fuzz/input.h"
#include "fuzz/vocabulary.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter {
namespace {

constexpr auto kPhrases = std::to_array<std::string_view>({
    "the body is not the JSON of a page",
    "errors are reported beside the data",
    "trailing content after the JSON document",
    "is not a non-negative integer",
    "holds a control character",
    "was asked for and",
    "duplicate",
    "those before it",
    "has the size",
    "page number",
    "there are more than",
    "is not an object",
    "is not a list",
    "is not a string",
    "is missing",
    "more than",
    "outbound_voice_profile_id",
    "concurrent_call_limit",
    "webhook_event_url",
    "application_name",
    "connection_name",
    "friendly_name",
    "channel_limit",
    "channel limits",
    "record_type",
    "total_results",
    "total_pages",
    "page_number",
    "page_size",
    "outbound",
    "inbound",
    "enabled",
    "active",
    "entries",
    "bytes",
    "pages",
    "data",
    "meta",
    "name",
    "page",
    "tags",
    "came",
    "has",
    "id",
});

void CheckRow(const ListedConnection& row) {
  Require(!row.id.empty() && IsShowable(row.id, kMaxListedIdBytes), "an id can be shown");
  Require(!row.record_type.empty() && IsShowable(row.record_type, kMaxListedTextBytes),
          "a kind can be shown");
  Require(IsShowable(row.name, kMaxListedTextBytes), "a name can be shown");
  Require(IsShowable(row.outbound_voice_profile_id, kMaxListedIdBytes), "an id can be shown");
  Require(row.tags.size() <= kMaxListedTags, "tags are bounded");
  for (const std::string& tag : row.tags) {
    Require(IsShowable(tag, kMaxListedTextBytes), "a tag can be shown");
  }
  ListedConnection with_webhook = row;
  with_webhook.has_webhook = true;
  Require(IsPollable(with_webhook) || !IsPollable(row), "a webhook never makes it worse");
}

void CheckRow(const ListedVoiceProfile& row) {
  Require(!row.id.empty() && IsShowable(row.id, kMaxListedIdBytes), "an id can be shown");
  Require(IsShowable(row.name, kMaxListedTextBytes), "a name can be shown");
}

// Parses one page with `parse(parser, body, rows)` and checks the answer.
template <typename Row, typename ParseOne>
Result<PageInfo> Parse(std::string_view body, std::vector<Row>& rows, ParseOne parse) {
  static ConnectionListParser parser;
  const std::vector<Row> before = rows;
  RowsLeftOut unusable;
  auto page = parse(parser, GuardedBody(body, '\0').view(), rows, unusable);
  if (page) {
    Require(rows.size() + unusable.count == before.size() + page->rows,
            "each row is added or left out");
    Require(unusable.names.size() == std::min<std::uint64_t>(unusable.count, kMaxNamedRows),
            "the first rows are named");
    for (const std::string& name : unusable.names) {
      Require(IsShowable(name, kMaxListedIdBytes), "a name can be shown");
    }
  } else {
    Require(rows == before, "a refused page leaves the rows as they were");
    Require(IsMadeOf(page.error().message, kPhrases), page.error().message);
  }
  std::vector<Row> again = before;
  ConnectionListParser other;
  RowsLeftOut same;
  Require(parse(other, GuardedBody(body, '"').view(), again, same) == page && again == rows &&
              same == unusable,
          "neither the padding nor an earlier page matters");
  if (page) {
    const std::size_t end = body.find_last_not_of(" \t\r\n");
    const GuardedBody cut(body.substr(0, end), ' ');
    Require(!parse(other, cut.view(), again, same).has_value(), "a page cut short is refused");
  }
  return page;
}

template <typename Row, typename ParseOne>
void Walk(FuzzInput input, ParseOne parse) {
  constexpr std::uint32_t kMaxPages = 8;
  PageWalk walk = PageWalk::OfList(kConnectionsPath, {.max_pages = kMaxPages});
  std::vector<Row> rows;
  for (std::uint32_t pages = 1; !input.empty(); ++pages) {
    Require(walk.next_target().starts_with("/connections?page%5Bnumber%5D="), "a target is a path");
    const auto page = Parse(input.TakeUntil('\x1e'), rows, parse);
    if (!page) break;
    const auto step = walk.Advance(*page);
    Require(walk.pages() == pages && pages <= kMaxPages, "pages are counted and bounded");
    if (!step) Require(IsMadeOf(step.error().detail, kPhrases), step.error().detail);
    if (step != PageWalk::Step::kNextPage) break;
  }
  for (const Row& row : rows) CheckRow(row);
  const std::size_t all = rows.size();
  const std::size_t removed = RemoveDuplicateIds(rows);
  Require(rows.size() + removed == all, "each row is kept or counted as a duplicate");
  Require(RemoveDuplicateIds(rows) == 0, "no id is there twice");
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telnyx_exporter;  // NOLINT(google-build-using-namespace)
  if (size > kMaxGuardedBytes) return -1;
  const FuzzInput input(data, size);
  Walk<ListedConnection>(input, [](ConnectionListParser& parser, std::string_view body,
                                   std::vector<ListedConnection>& rows, RowsLeftOut& unusable) {
    return parser.ParseConnections(body, rows, unusable);
  });
  Walk<ListedVoiceProfile>(input, [](ConnectionListParser& parser, std::string_view body,
                                     std::vector<ListedVoiceProfile>& rows, RowsLeftOut& unusable) {
    return parser.ParseVoiceProfiles(body, rows, unusable);
  });
  return 0;
}
