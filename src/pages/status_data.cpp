#include "pages/status_data.h"

#include <algorithm>
#include <map>
#include <utility>

namespace telnyx_exporter {
namespace {

bool NeedsAttention(const AccountRow& account) {
  const auto& discovery = account.state.discovery;
  return account.state.key_refusal || (discovery && discovery->failure) ||
         account.totals.Count(Condition::kFailing) > 0 ||
         account.totals.Count(Condition::kOverdue) > 0;
}

std::vector<AccountRow> CollectAccounts(const AccountStore& accounts,
                                        const std::vector<OverviewRow>& overview) {
  std::map<std::string_view, Totals> totals;
  for (const OverviewRow& row : overview) AddTo(totals[row.identity->account], row);
  std::vector<AccountRow> rows;
  for (AccountState& state : accounts.ReadAll()) {
    const auto of_account = totals.find(state.name);
    rows.push_back({.state = std::move(state)});
    if (of_account != totals.end()) rows.back().totals = of_account->second;
  }
  std::ranges::sort(rows, [](const AccountRow& left, const AccountRow& right) {
    if (NeedsAttention(left) != NeedsAttention(right)) return NeedsAttention(left);
    return NaturalLess(left.state.name, right.state.name);
  });
  return rows;
}

}  // namespace

StatusData CollectStatus(const ConnectionStore& connections, const AccountStore& accounts,
                         StatusQuery query, Instant now) {
  const std::vector<OverviewRow> overview = ReadOverview(connections, now);
  StatusData data{.query = std::move(query)};
  for (const OverviewRow& row : overview) AddTo(data.totals, row);
  data.accounts = CollectAccounts(accounts, overview);
  data.selection = Select(overview, data.query);
  std::vector<ConnectionStore::Entry> entries = connections.Read(data.selection.places);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    // May be gone since the overview was read.
    if (entries[i].identity == nullptr) continue;
    data.rows.push_back({.place = data.selection.places[i], .entry = std::move(entries[i])});
  }
  return data;
}

std::optional<ConnectionStore::Entry> FindConnection(const ConnectionStore& connections,
                                                     std::string_view account,
                                                     std::string_view id) {
  std::optional<ConnectionStore::Entry> found;
  connections.ForEach([&](std::size_t, const ConnectionStore::Entry& entry) {
    if (entry.identity == nullptr || entry.identity->plan.id != id) return;
    if (entry.identity->account == account) found = entry;
  });
  return found;
}

}  // namespace telnyx_exporter
