#include "pages/status_query.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxTextBytes = 128;

template <typename Value>
struct Named {
  Value value;
  std::string_view name;
};

constexpr std::array<Named<ShownConnections>, 5> kShown = {{
    {ShownConnections::kAll, "all"},
    {ShownConnections::kFailing, "failing"},
    {ShownConnections::kOverdue, "overdue"},
    {ShownConnections::kNotPolled, "not-polled"},
    {ShownConnections::kUp, "up"},
}};

constexpr std::array<Named<SortKey>, 6> kSortKeys = {{
    {SortKey::kState, "state"},
    {SortKey::kName, "name"},
    {SortKey::kCalls, "calls"},
    {SortKey::kSessions, "sessions"},
    {SortKey::kLongest, "longest"},
    {SortKey::kPolled, "polled"},
}};

constexpr std::array<Named<SortOrder>, 2> kOrders = {{
    {SortOrder::kAscending, "asc"},
    {SortOrder::kDescending, "desc"},
}};

template <typename Value, std::size_t N>
std::string_view NameIn(const std::array<Named<Value>, N>& all, Value value) {
  return std::ranges::find(all, value, &Named<Value>::value)->name;
}

template <typename Value, std::size_t N>
Value ParseIn(const std::array<Named<Value>, N>& all, const std::optional<std::string>& name,
              Value otherwise) {
  const auto found = std::ranges::find(all, name.value_or(""), &Named<Value>::name);
  return found == all.end() ? otherwise : found->value;
}

std::string ParseText(const std::optional<std::string>& text) {
  return SanitizeForDisplay(TrimWhitespace(text.value_or("")), kMaxTextBytes);
}

class AddressWriter {
 public:
  explicit AddressWriter(std::string path) : address_(std::move(path)) {}

  void Add(std::string_view name, std::string_view value) {
    address_ += separator_;
    address_ += name;
    address_ += '=';
    address_ += PercentEncode(value);
    separator_ = '&';
  }

  std::string Take() { return std::move(address_); }

 private:
  std::string address_;
  char separator_ = '?';
};

}  // namespace

SortOrder FirstOrderOf(SortKey key) {
  const bool largest_first =
      key == SortKey::kCalls || key == SortKey::kSessions || key == SortKey::kLongest;
  return largest_first ? SortOrder::kDescending : SortOrder::kAscending;
}

StatusQuery ParseStatusQuery(const QueryParameter& parameter) {
  StatusQuery query;
  query.show = ParseIn(kShown, parameter("show"), query.show);
  query.account = ParseText(parameter("account"));
  query.search = ParseText(parameter("q"));
  query.sort = ParseIn(kSortKeys, parameter("sort"), query.sort);
  query.order = ParseIn(kOrders, parameter("order"), FirstOrderOf(query.sort));
  query.page =
      std::max<std::uint64_t>(1, ParseUnsigned(parameter("page").value_or("")).value_or(1));
  return query;
}

std::string AddressOf(const StatusQuery& query) {
  const StatusQuery defaults;
  AddressWriter address("./");
  if (query.show != defaults.show) address.Add("show", NameOf(query.show));
  if (!query.account.empty()) address.Add("account", query.account);
  if (!query.search.empty()) address.Add("q", query.search);
  if (query.sort != defaults.sort) address.Add("sort", NameOf(query.sort));
  if (query.order != FirstOrderOf(query.sort)) address.Add("order", NameOf(query.order));
  if (query.page > 1) address.Add("page", std::to_string(query.page));
  return address.Take();
}

std::string_view NameOf(ShownConnections show) { return NameIn(kShown, show); }
std::string_view NameOf(SortKey key) { return NameIn(kSortKeys, key); }
std::string_view NameOf(SortOrder order) { return NameIn(kOrders, order); }

std::string ConnectionAddress(std::string_view account, std::string_view id) {
  AddressWriter address("connection");
  address.Add("account", account);
  address.Add("id", id);
  return address.Take();
}

}  // namespace telnyx_exporter
