#include "telnyx/page_parser.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "telnyx/json_reader.h"
#include "telnyx/row_scanner.h"

namespace telnyx_exporter {
namespace {

using simdjson::SUCCESS;

// Whether there is an id at all: an empty text is none.
simdjson::simdjson_result<bool> ReadId(json::value& value, CallId& id) {
  std::string_view text;
  if (const auto error = value.get_string().get(text)) return error;
  if (text.empty()) return false;
  id = ParseCallId(text);
  return true;
}

// Reads a row to where it will stay.
class RowReader {
 public:
  RowReader(std::size_t index, ActiveCall& call, std::uint64_t& ignored)
      : index_(index), call_(call), ignored_(ignored) {}

  Result<void> Read(json::object& row) {
    auto read = ForEachMember(row, index_, [this](std::string_view key, json::value& value) {
      return ReadMember(key, value);
    });
    if (!read) return read;
    if (!has_leg_) return Fail(Where() + ".call_leg_id is missing");
    if (!has_duration_) return Fail(Where() + ".call_duration is missing");
    return {};
  }

 private:
  std::string Where() const { return RowPlace(index_); }

  Result<void> ReadMember(std::string_view key, json::value& value) {
    if (key == "call_leg_id") return ReadLeg(value);
    if (key == "call_duration") return ReadDuration(value);
    if (key == "call_session_id") ReadSession(value);
    return {};
  }

  Result<void> ReadLeg(json::value& value) {
    if (ReadId(value, call_.leg).get(has_leg_) != SUCCESS || !has_leg_) {
      return Fail(Where() + ".call_leg_id is not an id");
    }
    return {};
  }

  void ReadSession(json::value& value) {
    if (IsNull(value)) return;
    if (ReadId(value, call_.session).get(call_.has_session) != SUCCESS) ++ignored_;
  }

  Result<void> ReadDuration(json::value& value) {
    const auto seconds = ReadInteger(value);
    if (!seconds || *seconds > kMaxCallDurationSeconds) {
      return Fail(fmt::format("{}.call_duration is not an integer from 0 to {}", Where(),
                              kMaxCallDurationSeconds));
    }
    call_.duration_seconds = static_cast<std::uint32_t>(*seconds);
    has_duration_ = true;
    return {};
  }

  const std::size_t index_;
  ActiveCall& call_;
  std::uint64_t& ignored_;  // optional fields that could not be read
  bool has_leg_ = false;
  bool has_duration_ = false;
};

Result<void> ReadRows(json::value& data, std::vector<ActiveCall>& calls, std::uint64_t& ignored) {
  return ForEachElement(data, [&](json::value& value, std::size_t index) -> Result<void> {
    json::object row;
    if (value.get_object().get(row) != SUCCESS) {
      return Fail(RowPlace(index) + " is not an object");
    }
    return RowReader(index, calls.emplace_back(), ignored).Read(row);
  });
}

// Whether the page number form says what comes next; then cursors are not needed.
bool TellsPages(const PageInfo& page) { return page.total_pages.has_value(); }

// Where the next page is, from all of `meta` that is needed for it. What is not needed and cannot
// be read is ignored.
Result<void> ResolveNext(MetaFields& meta) {
  PageInfo& page = meta.page;
  for (const std::string_view bad : {meta.bad_cursor, meta.bad_next, meta.bad_total_pages}) {
    if (!bad.empty()) ++page.ignored_fields;
  }
  if (page.rows == 0) {
    // Mostly the last page, whatever it says: nothing in it is an error.
    if (page.after.empty()) page.after = CursorOfNextAddress(meta.next);
    if (page.after.size() > kMaxCursorBytes) page.after.clear();
    return {};
  }
  if (page.after.empty() && !TellsPages(page)) {
    for (const std::string_view bad : {meta.bad_cursor, meta.bad_next, meta.bad_total_pages}) {
      if (!bad.empty()) return Fail(std::string(bad));
    }
    if (!meta.next.empty()) {
      page.after = CursorOfNextAddress(meta.next);
      if (page.after.empty()) return Fail("meta.next names a next page but no cursor");
    }
  }
  if (page.after.size() > kMaxCursorBytes) {
    return Fail(fmt::format("meta.cursors.after has {} bytes, more than {}", page.after.size(),
                            kMaxCursorBytes));
  }
  return {};
}

}  // namespace

struct PageParser::Buffers {
  json::parser parser;
  std::string rest;  // a page whose rows were scanned, without them

  // Reads a page whose first rows are in `calls` already.
  Result<PageInfo> Parse(std::string_view body, std::vector<ActiveCall>& calls,
                         std::size_t rows_before) {
    MetaFields meta;
    std::uint64_t ignored = 0;
    const auto has_meta = ReadPage(
        parser, body, [&](json::value& data) { return ReadRows(data, calls, ignored); },
        [&](json::value& value) { return ReadMeta(value, meta); });
    if (!has_meta) return std::unexpected(has_meta.error());
    meta.page.rows = calls.size() - rows_before;
    if (meta.page.rows > 0) meta.page.first_row = calls[rows_before].leg;
    meta.page.ignored_fields += ignored;
    // Without it it is unknown whether this was the last page.
    if (!*has_meta && meta.page.rows > 0) return Fail("meta is missing");
    if (auto resolved = ResolveNext(meta); !resolved) {
      return std::unexpected(std::move(resolved.error()));
    }
    return std::move(meta.page);
  }

  // As most pages are; nothing for all others and for whatever is wrong.
  std::optional<PageInfo> Scan(std::string_view body, std::vector<ActiveCall>& calls,
                               std::size_t rows_before) {
    constexpr std::size_t kMaxRestBytes = 4096;
    const auto after_rows = ScanRows(body, calls);
    if (!after_rows || after_rows->size() > kMaxRestBytes) return std::nullopt;
    rest = kScannedPageStart;
    rest += *after_rows;
    const std::size_t size = rest.size();
    rest.resize(size + kJsonPadding);
    auto page = Parse({rest.data(), size}, calls, rows_before);
    if (!page) return std::nullopt;
    return std::move(*page);
  }
};

PageParser::PageParser() : buffers_(new Buffers, [](Buffers* buffers) { delete buffers; }) {}

Result<PageInfo> PageParser::Parse(std::string_view body, std::vector<ActiveCall>& calls) {
  const std::size_t rows_before = calls.size();
  if (auto page = buffers_->Scan(body, calls, rows_before)) return std::move(*page);
  calls.resize(rows_before);
  auto page = buffers_->Parse(body, calls, rows_before);
  if (!page) calls.resize(rows_before);
  return page;
}

}  // namespace telnyx_exporter
