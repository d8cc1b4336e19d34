#include "telnyx/json_reader.h"

#include <fmt/format.h>

namespace telnyx_exporter {

std::unexpected<Error> JsonFailure(std::string_view where, simdjson::error_code error) {
  return Fail(where.empty() ? fmt::format("the body is not the JSON of a page: {}",
                                          simdjson::error_message(error))
                            : fmt::format("{}: {}", where, simdjson::error_message(error)));
}

Result<void> Within(std::string_view where, Result<void> result) {
  if (!result) result.error().message = fmt::format("{}.{}", where, result.error().message);
  return result;
}

std::string RowPlace(std::size_t index) { return fmt::format("data[{}]", index); }

Result<void> ReadCount(json::value& value, std::string_view where,
                       std::optional<std::uint64_t>& count) {
  if (IsNull(value)) return {};
  std::uint64_t number = 0;
  if (value.get_uint64().get(number) != simdjson::SUCCESS) {
    return Fail(fmt::format("{} is not a whole number from 0", where));
  }
  count = number;
  return {};
}

Result<void> ReadText(json::value& value, std::string_view where, std::string& text) {
  if (IsNull(value)) return {};
  std::string_view view;
  if (value.get_string().get(view) != simdjson::SUCCESS) {
    return Fail(fmt::format("{} is not a text", where));
  }
  text = view;
  return {};
}

Result<void> ReadBool(json::value& value, std::string_view where, std::optional<bool>& truth) {
  if (IsNull(value)) return {};
  bool read = false;
  if (value.get_bool().get(read) != simdjson::SUCCESS) {
    return Fail(fmt::format("{} is not true or false", where));
  }
  truth = read;
  return {};
}

}  // namespace telnyx_exporter
