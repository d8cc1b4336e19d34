#include "pages/overview.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <tuple>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view TakeNumber(std::string_view& text) {
  const auto* end = std::ranges::find_if_not(text, IsDigit);
  const std::string_view digits(text.begin(), end);
  text.remove_prefix(digits.size());
  return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
}

bool Contains(std::string_view text, std::string_view part) {
  return !std::ranges::search(text, part, {}, ToLower, ToLower).empty();
}

bool Mentions(const ConnectionIdentity& identity, std::string_view search) {
  const ConnectionPlan& plan = identity.plan;
  return Contains(plan.name, search) || Contains(plan.id, search) ||
         Contains(identity.account, search) ||
         std::ranges::any_of(plan.labels,
                             [&](const auto& label) { return Contains(label.second, search); });
}

bool IsShown(ShownConnections show, Condition condition) {
  switch (show) {
    case ShownConnections::kAll:
      return true;
    case ShownConnections::kFailing:
      return condition == Condition::kFailing;
    case ShownConnections::kOverdue:
      return condition == Condition::kOverdue;
    case ShownConnections::kNotPolled:
      return condition == Condition::kNotPolled;
    case ShownConnections::kUp:
      return condition == Condition::kUp;
  }
  return true;
}

bool Matches(const OverviewRow& row, const StatusQuery& query) {
  return IsShown(query.show, row.condition) &&
         (query.account.empty() || row.identity->account == query.account) &&
         (query.search.empty() || Mentions(*row.identity, query.search));
}

// The order of rows that are alike in what they are sorted by.
bool NameLess(const OverviewRow& left, const OverviewRow& right) {
  const ConnectionIdentity& a = *left.identity;
  const ConnectionIdentity& b = *right.identity;
  if (NaturalLess(a.plan.name, b.plan.name)) return true;
  if (NaturalLess(b.plan.name, a.plan.name)) return false;
  return std::tie(a.account, a.plan.id) < std::tie(b.account, b.plan.id);
}

using RowLess = std::function<bool(const OverviewRow* left, const OverviewRow* right)>;

// By one figure; what is not known stands at the end in either order.
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

RowLess ByName(bool ascending) {
  return [=](const OverviewRow* left, const OverviewRow* right) {
    return ascending ? NameLess(*left, *right) : NameLess(*right, *left);
  };
}

RowLess ByCondition(bool ascending) {
  return [=](const OverviewRow* left, const OverviewRow* right) {
    if (left->condition == right->condition) return NameLess(*left, *right);
    return (left->condition < right->condition) == ascending;
  };
}

RowLess LessBy(SortKey key, SortOrder order) {
  const bool ascending = order == SortOrder::kAscending;
  switch (key) {
    case SortKey::kState:
      return ByCondition(ascending);
    case SortKey::kName:
      return ByName(ascending);
    case SortKey::kCalls:
      return ByFigure(&OverviewRow::calls, ascending);
    case SortKey::kSessions:
      return ByFigure(&OverviewRow::sessions, ascending);
    case SortKey::kLongest:
      return ByFigure(&OverviewRow::longest_seconds, ascending);
    case SortKey::kPolled:
      return ByFigure(&OverviewRow::last_poll_ended, ascending);
  }
  return ByCondition(ascending);
}

}  // namespace

bool NaturalLess(std::string_view left, std::string_view right) {
  while (!left.empty() && !right.empty()) {
    if (IsDigit(left.front()) && IsDigit(right.front())) {
      const std::string_view a = TakeNumber(left);
      const std::string_view b = TakeNumber(right);
      if (a.size() != b.size()) return a.size() < b.size();
      if (a != b) return a < b;
      continue;
    }
    const auto a = static_cast<unsigned char>(ToLower(left.front()));
    const auto b = static_cast<unsigned char>(ToLower(right.front()));
    if (a != b) return a < b;
    left.remove_prefix(1);
    right.remove_prefix(1);
  }
  return left.size() < right.size();
}

Condition ConditionOf(const ConnectionState& state, Instant now) {
  if (state.failure) return Condition::kFailing;
  if (!state.polled()) return Condition::kNotPolled;
  return state.knows_values(now) ? Condition::kUp : Condition::kOverdue;
}

std::vector<OverviewRow> ReadOverview(const ConnectionStore& connections, Instant now) {
  std::vector<OverviewRow> rows;
  connections.ForEach([&](std::size_t place, const ConnectionStore::Entry& entry) {
    if (entry.identity == nullptr) return;
    OverviewRow& row = rows.emplace_back(OverviewRow{
        .place = place,
        .identity = entry.identity,
        .condition = ConditionOf(entry.state, now),
    });
    if (entry.state.polled()) row.last_poll_ended = entry.state.last_poll_ended;
    if (!entry.state.knows_values(now)) return;
    const CallSummary& summary = entry.state.values->summary;
    row.calls = summary.legs;
    row.sessions = summary.sessions;
    row.longest_seconds = summary.longest_seconds;
  });
  return rows;
}

void KnownSum::Add(const std::optional<std::uint64_t>& number) {
  if (!number) return;
  sum += *number;
  ++connections;
}

void AddTo(Totals& totals, const OverviewRow& row) {
  ++totals.connections;
  ++totals.by_condition[static_cast<std::size_t>(row.condition)];
  totals.calls.Add(row.calls);
  totals.sessions.Add(row.sessions);
  if (!row.longest_seconds || row.longest_seconds <= totals.longest_seconds) return;
  totals.longest_seconds = row.longest_seconds;
  totals.longest_of = row.identity;
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
  for (std::size_t i = begin; i < end; ++i) selection.places.push_back(matches[i]->place);
  return selection;
}

}  // namespace telnyx_exporter
