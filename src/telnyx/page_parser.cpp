#include "telnyx/page_parser.h"

#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "telnyx/json_reader.h"

namespace telnyx_exporter {
namespace {

using simdjson::SUCCESS;

// The members of a row that the API documents; what is not read of them is only passed over.
enum class Member { kLeg, kSession, kDuration, kOther };

// Compares with the names that are expected first, most of which need not be searched for their
// end.
simdjson::simdjson_result<Member> MemberOf(json::field& field) {
  const json::raw_json_string key = field.key();
  if (StandsAs(key, "call_leg_id")) return Member::kLeg;
  if (StandsAs(key, "call_session_id")) return Member::kSession;
  if (StandsAs(key, "call_duration")) return Member::kDuration;
  if (StandsAs(key, "call_control_id") || StandsAs(key, "client_state") ||
      StandsAs(key, "record_type")) {
    return Member::kOther;
  }
  std::string_view text;
  if (const auto error = ReadKey(field).get(text)) return error;
  if (text == "call_leg_id") return Member::kLeg;
  if (text == "call_session_id") return Member::kSession;
  if (text == "call_duration") return Member::kDuration;
  return Member::kOther;
}

// Whether there is an id at all: an empty text is none.
simdjson::simdjson_result<bool> ReadId(json::value& value, CallId& id) {
  json::raw_json_string raw;
  if (const auto error = value.get_raw_json_string().get(raw)) return error;
  if (raw.raw()[kUuidLength] == '"' && ReadUuid({raw.raw(), kUuidLength}, id)) return true;
  std::string_view text;
  if (const auto plain = PlainText(raw)) {
    text = *plain;
  } else if (const auto error = value.get_string().get(text)) {
    return error;
  }
  if (text.empty()) return false;
  id = ParseCallId(text);
  return true;
}

// Reads a row to where it will stay.
class RowReader {
 public:
  RowReader(std::size_t index, ActiveCall& call) : index_(index), call_(call) {}

  Result<void> Read(json::object& row) {
    auto read = ForEachField(row, index_, [this](json::field& field) { return ReadField(field); });
    if (!read) return read;
    if (!has_leg_) return Fail(Where() + ".call_leg_id is missing");
    if (!has_duration_) return Fail(Where() + ".call_duration is missing");
    return {};
  }

 private:
  std::string Where() const { return RowPlace(index_); }

  Result<void> ReadField(json::field& field) {
    Member member{};
    if (const auto error = MemberOf(field).get(member)) return JsonFailure(Where(), error);
    switch (member) {
      case Member::kLeg:
        return ReadLeg(field.value());
      case Member::kSession:
        return ReadSession(field.value());
      case Member::kDuration:
        return ReadDuration(field.value());
      case Member::kOther:
        break;
    }
    return {};
  }

  Result<void> ReadLeg(json::value& value) {
    if (ReadId(value, call_.leg).get(has_leg_) != SUCCESS || !has_leg_) {
      return Fail(Where() + ".call_leg_id is not an id");
    }
    return {};
  }

  Result<void> ReadSession(json::value& value) {
    if (IsNull(value)) return {};
    if (ReadId(value, call_.session).get(call_.has_session) != SUCCESS) {
      return Fail(Where() + ".call_session_id is not an id");
    }
    return {};
  }

  Result<void> ReadDuration(json::value& value) {
    std::uint64_t seconds = 0;
    if (value.get_uint64().get(seconds) != SUCCESS || seconds > kMaxCallDurationSeconds) {
      return Fail(fmt::format("{}.call_duration is not a whole number of seconds from 0 to {}",
                              Where(), kMaxCallDurationSeconds));
    }
    call_.duration_seconds = static_cast<std::uint32_t>(seconds);
    has_duration_ = true;
    return {};
  }

  const std::size_t index_;
  ActiveCall& call_;
  bool has_leg_ = false;
  bool has_duration_ = false;
};

Result<void> ReadRows(json::value& data, std::vector<ActiveCall>& calls) {
  return ForEachRow(data, [&](json::object& row, std::size_t index) -> Result<void> {
    return RowReader(index, calls.emplace_back()).Read(row);
  });
}

Result<void> ReadCursors(json::value& value, std::string& after) {
  return ForEachMember(value, "meta.cursors", [&](std::string_view key, json::value& member) {
    return key == "after" ? ReadText(member, "meta.cursors.after", after) : Result<void>();
  });
}

Result<void> ReadMeta(json::value& value, PageInfo& page, std::string& next) {
  json::object meta;
  if (value.get_object().get(meta) != SUCCESS) return Fail("meta is not an object");
  return ForEachMember(meta, "meta", [&](std::string_view key, json::value& member) {
    if (key == "cursors") return ReadCursors(member, page.after);
    if (key == "next") return ReadText(member, "meta.next", next);
    if (key == "page_number") return ReadCount(member, "meta.page_number", page.page_number);
    if (key == "page_size") return ReadCount(member, "meta.page_size", page.page_size);
    if (key == "total_pages") return ReadCount(member, "meta.total_pages", page.total_pages);
    // The page-number form calls the same count total_results.
    if (key == "total_items" || key == "total_results") {
      return ReadCount(member, "meta.total_items", page.total_items);
    }
    return Result<void>();
  });
}

// Settles where the next page is, once all of `meta` is known.
Result<void> ResolveNext(PageInfo& page, const std::string& next) {
  if (page.after.empty() && !next.empty() && !page.total_pages) {
    page.after = CursorOfNextAddress(next);
    if (page.after.empty()) return Fail("meta.next names a next page but no cursor");
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

  Result<PageInfo> Parse(std::string_view body, std::vector<ActiveCall>& calls) {
    PageInfo page;
    std::string next;
    const std::size_t rows_before = calls.size();
    const auto has_meta = ReadPage(
        parser, body, [&](json::value& data) { return ReadRows(data, calls); },
        [&](json::value& meta) { return ReadMeta(meta, page, next); });
    if (!has_meta) return std::unexpected(has_meta.error());
    page.rows = calls.size() - rows_before;
    // Without it nobody knows whether this was the last page.
    if (!*has_meta && page.rows > 0) return Fail("meta is missing");
    if (auto resolved = ResolveNext(page, next); !resolved) {
      return std::unexpected(std::move(resolved.error()));
    }
    return page;
  }
};

PageParser::PageParser() : buffers_(std::make_unique<Buffers>()) {}
PageParser::~PageParser() = default;
PageParser::PageParser(PageParser&&) noexcept = default;
PageParser& PageParser::operator=(PageParser&&) noexcept = default;

Result<PageInfo> PageParser::Parse(std::string_view body, std::vector<ActiveCall>& calls) {
  const std::size_t rows_before = calls.size();
  auto page = buffers_->Parse(body, calls);
  if (!page) calls.resize(rows_before);
  return page;
}

std::string CursorOfNextAddress(std::string_view address) {
  const std::size_t question_mark = address.find('?');
  if (question_mark == std::string_view::npos) return {};
  std::string_view query = address.substr(question_mark + 1);
  query = query.substr(0, query.find('#'));
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    if (PercentDecode(parameter.substr(0, equals)) != "page[after]") continue;
    // A raw + stays a +: cursors are base64, and the address is sent half encoded.
    return PercentDecode(parameter.substr(equals + 1)).value_or(std::string());
  }
  return {};
}

}  // namespace telnyx_exporter
