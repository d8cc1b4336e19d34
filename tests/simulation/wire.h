#pragma once

// What goes over the simulated wire: requests as the exporter writes them, pages as the API means
// them, and the bytes of both. Written apart from the exporter's own reader, so that both cannot be
// wrong in the same way.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace telnyx_exporter::simulation {

/// A position in the list of a connection's legs. The nonce tells apart cursors that lead to the
/// same place.
struct Cursor {
  std::uint64_t position = 0;
  std::uint32_t nonce = 0;

  bool operator==(const Cursor&) const = default;
};

/// "v1:00000000000000ff.0+/=": the bytes that must be encoded in an address are in it.
std::string CursorText(Cursor cursor);

/// A request for a page: a limit and perhaps a cursor, or a page's number and size.
struct PageRequest {
  std::string connection_id;
  std::uint64_t limit = 0;
  std::optional<Cursor> after;
  std::optional<std::uint64_t> number;
};

/// Nothing when the target is not such a request in the form that the API's description gives.
std::optional<PageRequest> ParseTarget(std::string_view target);

struct Row {
  std::uint64_t leg = 0;
  std::uint64_t session = 0;  // 0: the row does not name it
  std::uint32_t seconds = 0;
};

struct PageNumbers {
  std::uint64_t number = 1;
  std::uint64_t size = 0;
  std::uint64_t total_pages = 1;
};

struct Page {
  std::vector<Row> rows;
  std::optional<Cursor> next;
  std::optional<PageNumbers> numbers;  // the page-number form
  std::optional<std::uint64_t> total_items;
};

/// The ways in which a page may be written.
struct PageStyle {
  std::uint64_t id_salt = 0;  // makes the ids of connections differ
  bool opaque_ids = false;    // ids that are no UUIDs
  bool full_rows = false;     // with all the fields that are not read
  bool meta_first = false;
  bool next_address = false;  // meta.next instead of meta.cursors
  bool null_cursor = false;   // "after":null at the end instead of no word of it
};

/// Appends the page's JSON. `bad_row`, if any, follows the rows as it is.
void WritePage(const Page& page, const PageStyle& style, std::string_view bad_row,
               std::string& out);

}  // namespace telnyx_exporter::simulation
