#include "simulation/wire.h"

#include <array>

#include <fmt/format.h>

#include "simulation/random.h"
#include "simulation/take.h"

namespace telnyx_exporter::simulation {
namespace {

constexpr std::string_view kPathBegin = "/connections/";
constexpr std::string_view kPathEnd = "/active_calls?";

std::optional<std::string> Decode(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    if (text.front() != '%') {
      decoded += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (text.size() < 3) return std::nullopt;
    std::string_view digits = text.substr(1, 2);
    unsigned byte = 0;
    if (!TakeNumber(digits, byte, 16) || !digits.empty()) return std::nullopt;
    decoded += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  return decoded;
}

std::optional<Cursor> ParseCursor(std::string_view encoded) {
  Cursor cursor;
  if (TakeText(encoded, "v1%3A") && TakeNumber(encoded, cursor.position, 16) &&
      TakeText(encoded, ".") && TakeNumber(encoded, cursor.nonce) && encoded == "%2B%2F%3D") {
    return cursor;
  }
  return std::nullopt;
}

bool ParseQuery(std::string_view query, PageRequest& request) {
  if (TakeText(query, "page%5Bnumber%5D=")) {
    return TakeNumber(query, request.number.emplace()) && TakeText(query, "&page%5Bsize%5D=") &&
           TakeNumber(query, request.limit) && query.empty();
  }
  if (!TakeText(query, "page%5Blimit%5D=") || !TakeNumber(query, request.limit)) return false;
  if (query.empty()) return true;
  if (!TakeText(query, "&page%5Bafter%5D=")) return false;
  request.after = ParseCursor(query);
  return request.after.has_value();
}

void AppendHex(std::uint64_t number, int digits, std::string& out) {
  for (int i = digits - 1; i >= 0; --i) out += "0123456789abcdef"[(number >> (4 * i)) & 0xfU];
}

void AppendId(std::uint64_t number, std::uint64_t salt, bool opaque, std::string& out) {
  if (opaque) {
    fmt::format_to(std::back_inserter(out), "id:{}/{}", salt, number);
    return;
  }
  const std::uint64_t high = Mix(number, salt);
  AppendHex(high >> 32U, 8, out);
  out += '-';
  AppendHex(high >> 16U, 4, out);
  out += "-4";
  AppendHex(high, 3, out);
  out += "-8";
  AppendHex(salt, 3, out);
  out += '-';
  AppendHex(number, 12, out);
}

void AppendNumber(std::uint64_t number, std::string& out) {
  std::array<char, 20> digits;
  const auto* end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void AppendRow(const Row& row, const PageStyle& style, std::string& out) {
  out += '{';
  if (style.full_rows) {
    out += R"("call_control_id":"v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE4pqg",)"
           R"("client_state":null,"record_type":"call",)";
  }
  out += R"("call_leg_id":")";
  AppendId(row.leg, style.id_salt, style.opaque_ids, out);
  if (row.session != 0) {
    out += R"(","call_session_id":")";
    AppendId(row.session, style.id_salt + 1, style.opaque_ids, out);
  }
  out += R"(","call_duration":)";
  AppendNumber(row.seconds, out);
  out += '}';
}

void AppendData(const Page& page, const PageStyle& style, std::string_view bad_row,
                std::string& out) {
  out += R"("data":[)";
  for (const Row& row : page.rows) {
    AppendRow(row, style, out);
    out += ',';
  }
  out += bad_row;
  if (out.back() == ',') out.pop_back();
  out += ']';
}

void AppendNext(const Page& page, const PageStyle& style, std::string& out) {
  if (style.next_address) {
    if (page.next) {
      out += fmt::format(R"("next":"/v2/connections/7/active_calls?page[after]={}",)",
                         CursorText(*page.next));
    }
    return;
  }
  if (page.next) {
    out += fmt::format(R"("cursors":{{"before":null,"after":"{}"}},)", CursorText(*page.next));
  } else if (style.null_cursor) {
    out += R"("cursors":{"before":null,"after":null},"next":null,)";
  }
}

void AppendMeta(const Page& page, const PageStyle& style, std::string& out) {
  out += R"("meta":{)";
  AppendNext(page, style, out);
  if (page.numbers) {
    fmt::format_to(std::back_inserter(out), R"("page_number":{},"page_size":{},"total_pages":{},)",
                   page.numbers->number, page.numbers->size, page.numbers->total_pages);
  }
  if (page.total_items) {
    out += page.numbers ? R"("total_results":)" : R"("total_items":)";
    AppendNumber(*page.total_items, out);
  }
  if (out.back() == ',') out.pop_back();
  out += '}';
}

}  // namespace

std::string CursorText(Cursor cursor) {
  return fmt::format("v1:{:016x}.{}+/=", cursor.position, cursor.nonce);
}

std::optional<PageRequest> ParseTarget(std::string_view target) {
  PageRequest request;
  if (!TakeText(target, kPathBegin)) return std::nullopt;
  const std::size_t path_end = target.find(kPathEnd);
  if (path_end == std::string_view::npos) return std::nullopt;
  auto id = Decode(target.substr(0, path_end));
  if (!id || target.substr(0, path_end).find('/') != std::string_view::npos) return std::nullopt;
  request.connection_id = std::move(*id);
  target.remove_prefix(path_end + kPathEnd.size());
  if (!ParseQuery(target, request)) return std::nullopt;
  return request;
}

void WritePage(const Page& page, const PageStyle& style, std::string_view bad_row,
               std::string& out) {
  out += '{';
  if (style.meta_first) {
    AppendMeta(page, style, out);
    out += ',';
  }
  AppendData(page, style, bad_row, out);
  if (!style.meta_first) {
    out += ',';
    AppendMeta(page, style, out);
  }
  out += '}';
}

}  // namespace telnyx_exporter::simulation
