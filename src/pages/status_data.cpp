#include "pages/status_data.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxTextBytes = 128;

template <typename Value>
struct Named {
  Value value;
  std::string_view name;
};

constexpr std::array<Named<Condition>, 4> kConditionNames = {{
    {Condition::kFailing, "failing"},
    {Condition::kOverdue, "overdue"},
    {Condition::kNotPolled, "not-polled"},
    {Condition::kUp, "up"},
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
std::optional<Value> FindIn(const std::array<Named<Value>, N>& all,
                            const std::optional<std::string>& name) {
  const auto found = std::ranges::find(all, name.value_or(""), &Named<Value>::name);
  return found == all.end() ? std::nullopt : std::optional(found->value);
}

std::string ParseText(const std::optional<std::string>& text) {
  return SanitizeForDisplay(TrimWhitespace(text.value_or("")), kMaxTextBytes);
}

void AddParameter(std::string& address, std::string_view name, std::string_view value) {
  address += address.contains('?') ? '&' : '?';
  address.append(name).append("=").append(PercentEncode(value));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view TakeNumber(std::string_view& text) {
  const auto* end = std::ranges::find_if_not(text, IsDigit);
  const std::string_view digits(text.begin(), end);
  text.remove_prefix(digits.size());
  return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
}

bool Contains(std::string_view text, std::string_view part) {
  return ToLowerAscii(text).contains(ToLowerAscii(part));
}

bool Mentions(const ConnectionIdentity& identity, std::string_view search) {
  const ConnectionPlan& plan = identity.plan;
  return Contains(plan.name, search) || Contains(plan.id, search) ||
         Contains(identity.account, search) ||
         std::ranges::any_of(plan.labels,
                             [&](const auto& label) { return Contains(label.second, search); });
}

bool Matches(const OverviewRow& row, const StatusQuery& query) {
  return (!query.show || query.show == row.condition) &&
         (query.account.empty() || row.connection->identity->account == query.account) &&
         (query.search.empty() || Mentions(*row.connection->identity, query.search));
}

// Orders rows that are equal in what they are sorted by.
bool NameLess(const OverviewRow& left, const OverviewRow& right) {
  const ConnectionIdentity& a = *left.connection->identity;
  const ConnectionIdentity& b = *right.connection->identity;
  if (NaturalLess(a.plan.name, b.plan.name)) return true;
  if (NaturalLess(b.plan.name, a.plan.name)) return false;
  return std::tie(a.account, a.plan.id) < std::tie(b.account, b.plan.id);
}

using RowLess = std::function<bool(const OverviewRow* left, const OverviewRow* right)>;

// By one figure; what is not known comes last in either order.
template <typename Figure>
RowLess ByFigure(std::optional<Figure> OverviewRow::* figure, bool ascending) {
  return [=](const OverviewRow* left, const OverviewRow* right) {
    const auto& a = left->*figure;
    const auto& b = right->*figure;
    if (a == b) return NameLess(*left, *right);
    if (!a || !b) return a.has_value();
    return ascending ? *a < *b : *b < *a;
  };
}

RowLess LessBy(SortKey key, SortOrder order) {
  const bool ascending = order == SortOrder::kAscending;
  switch (key) {
    case SortKey::kName:
      return [=](const OverviewRow* left, const OverviewRow* right) {
        return ascending ? NameLess(*left, *right) : NameLess(*right, *left);
      };
    case SortKey::kCalls:
      return ByFigure(&OverviewRow::calls, ascending);
    case SortKey::kSessions:
      return ByFigure(&OverviewRow::sessions, ascending);
    case SortKey::kLongest:
      return ByFigure(&OverviewRow::longest_seconds, ascending);
    case SortKey::kPolled:
      return ByFigure(&OverviewRow::last_poll_ended, ascending);
    case SortKey::kState:
      break;
  }
  return [=](const OverviewRow* left, const OverviewRow* right) {
    if (left->condition == right->condition) return NameLess(*left, *right);
    return (left->condition < right->condition) == ascending;
  };
}

bool NeedsAttention(const AccountRow& row) {
  const AccountSnapshot& account = *row.account;
  return account.key_refusal || (account.discovery && account.discovery->failure) ||
         IsBudgetShort(account) || row.totals.Count(Condition::kFailing) > 0 ||
         row.totals.Count(Condition::kOverdue) > 0;
}

std::vector<OverviewRow> MakeOverview(const View& view, Instant now) {
  std::vector<OverviewRow> rows;
  rows.reserve(view.connections.size());
  for (const auto& connection : view.connections) {
    OverviewRow& row = rows.emplace_back(
        OverviewRow{.connection = connection, .condition = ConditionOf(*connection, now)});
    if (connection->polled()) row.last_poll_ended = connection->last_poll_ended;
    if (!connection->knows_values(now)) continue;
    const CallSummary& summary = connection->values->summary;
    row.calls = summary.legs;
    row.sessions = summary.sessions;
    row.longest_seconds = summary.longest_seconds;
  }
  return rows;
}

Duration DelayOf(const ConnectionSnapshot& connection) {
  return connection.in_force().interval - WantedInterval(connection);
}

void AddTo(Totals& totals, const OverviewRow& row) {
  ++totals.connections;
  ++totals.by_condition[static_cast<std::size_t>(row.condition)];
  if (row.connection->in_force().idle) ++totals.idle;
  if (row.connection->identity->plan.discovered) ++totals.discovered;
  totals.calls.Add(row.calls);
  totals.sessions.Add(row.sessions);
  const Duration delay = DelayOf(*row.connection);
  if (delay > Duration::zero() &&
      (totals.most_delayed == nullptr || delay > DelayOf(*totals.most_delayed))) {
    totals.most_delayed = row.connection;
  }
  if (!row.longest_seconds || row.longest_seconds <= totals.longest_seconds) return;
  totals.longest_seconds = row.longest_seconds;
  totals.longest_of = row.connection;
}

std::vector<AccountRow> CollectAccounts(const View& view,
                                        const std::vector<OverviewRow>& overview) {
  std::map<std::string_view, Totals> totals;
  for (const OverviewRow& row : overview) AddTo(totals[row.connection->identity->account], row);
  std::vector<AccountRow> rows;
  rows.reserve(view.accounts.size());
  for (const auto& account : view.accounts) {
    rows.push_back({.account = account, .totals = totals[account->name]});
  }
  std::ranges::sort(rows, [](const AccountRow& left, const AccountRow& right) {
    if (NeedsAttention(left) != NeedsAttention(right)) return NeedsAttention(left);
    return NaturalLess(left.account->name, right.account->name);
  });
  return rows;
}

Selection Select(const std::vector<OverviewRow>& rows, const StatusQuery& query) {
  std::vector<const OverviewRow*> matches;
  for (const OverviewRow& row : rows) {
    if (Matches(row, query)) matches.push_back(&row);
  }
  std::ranges::sort(matches, LessBy(query.sort, query.order));
  Selection selection{.matches = matches.size()};
  selection.pages = std::max<std::size_t>(1, (matches.size() + kRowsPerPage - 1) / kRowsPerPage);
  selection.page = std::clamp<std::size_t>(query.page, 1, selection.pages);
  const std::size_t begin = (selection.page - 1) * kRowsPerPage;
  const std::size_t end = std::min(begin + kRowsPerPage, matches.size());
  for (std::size_t i = begin; i < end; ++i) {
    selection.connections.push_back(matches[i]->connection);
  }
  return selection;
}

}  // namespace

SortOrder FirstOrderOf(SortKey key) {
  const bool largest_first =
      key == SortKey::kCalls || key == SortKey::kSessions || key == SortKey::kLongest;
  return largest_first ? SortOrder::kDescending : SortOrder::kAscending;
}

StatusQuery ParseStatusQuery(const QueryParameter& parameter) {
  StatusQuery query;
  query.show = FindIn(kConditionNames, parameter("show"));
  // Not trimmed: blanks may be part of a name.
  query.account = SanitizeForDisplay(parameter("account").value_or(""), kMaxTextBytes);
  query.search = ParseText(parameter("q"));
  query.sort = FindIn(kSortKeys, parameter("sort")).value_or(query.sort);
  query.order = FindIn(kOrders, parameter("order")).value_or(FirstOrderOf(query.sort));
  query.page =
      std::max<std::uint64_t>(1, ParseUnsigned(parameter("page").value_or("")).value_or(1));
  return query;
}

std::string AddressOf(const StatusQuery& query) {
  std::string address = "./";
  for (const auto& [name, value] : ParametersOf(query)) AddParameter(address, name, value);
  if (query.page > 1) AddParameter(address, "page", std::to_string(query.page));
  return address;
}

std::vector<std::pair<std::string_view, std::string>> ParametersOf(const StatusQuery& query) {
  std::vector<std::pair<std::string_view, std::string>> parameters;
  if (query.show) parameters.emplace_back("show", NameOf(*query.show));
  if (!query.account.empty()) parameters.emplace_back("account", query.account);
  if (!query.search.empty()) parameters.emplace_back("q", query.search);
  if (query.sort != StatusQuery().sort) parameters.emplace_back("sort", NameOf(query.sort));
  if (query.order != FirstOrderOf(query.sort)) {
    parameters.emplace_back("order", NameOf(query.order));
  }
  return parameters;
}

std::string_view NameOf(Condition condition) { return NameIn(kConditionNames, condition); }
std::string_view NameOf(SortKey key) { return NameIn(kSortKeys, key); }
std::string_view NameOf(SortOrder order) { return NameIn(kOrders, order); }

std::string ConnectionAddress(std::string_view account, std::string_view id) {
  std::string address = "connection";
  AddParameter(address, "account", account);
  AddParameter(address, "id", id);
  return address;
}

bool NaturalLess(std::string_view left, std::string_view right) {
  while (!left.empty() && !right.empty()) {
    if (IsDigit(left.front()) && IsDigit(right.front())) {
      const std::string_view a = TakeNumber(left);
      const std::string_view b = TakeNumber(right);
      if (a.size() != b.size()) return a.size() < b.size();
      if (a != b) return a < b;
      continue;
    }
    const auto a = static_cast<unsigned char>(ToLowerAscii(left.front()));
    const auto b = static_cast<unsigned char>(ToLowerAscii(right.front()));
    if (a != b) return a < b;
    left.remove_prefix(1);
    right.remove_prefix(1);
  }
  return left.size() < right.size();
}

Condition ConditionOf(const ConnectionSnapshot& connection, Instant now) {
  if (connection.failure) return Condition::kFailing;
  if (!connection.polled()) return Condition::kNotPolled;
  return connection.knows_values(now) ? Condition::kUp : Condition::kOverdue;
}

void KnownSum::Add(const std::optional<std::uint64_t>& number) {
  if (!number) return;
  sum += *number;
  ++connections;
}

Duration WantedInterval(const ConnectionSnapshot& connection) {
  const ConnectionPlan& plan = connection.identity->plan;
  return connection.in_force().idle ? plan.idle_interval.value_or(plan.interval) : plan.interval;
}

bool IsBudgetShort(const AccountSnapshot& account) {
  return account.budget && account.budget->required_per_second > account.budget->allowed_per_second;
}

StatusData CollectStatus(const View& view, StatusQuery query, Instant now) {
  const std::vector<OverviewRow> overview = MakeOverview(view, now);
  StatusData data{.query = std::move(query)};
  for (const OverviewRow& row : overview) AddTo(data.totals, row);
  data.accounts = CollectAccounts(view, overview);
  data.selection = Select(overview, data.query);
  return data;
}

std::shared_ptr<const ConnectionSnapshot> FindConnection(const View& view, std::string_view account,
                                                         std::string_view id) {
  const auto found = std::ranges::find_if(view.connections, [&](const auto& connection) {
    return connection->identity->plan.id == id && connection->identity->account == account;
  });
  return found == view.connections.end() ? nullptr : *found;
}

}  // namespace telnyx_exporter
