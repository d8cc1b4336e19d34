#include "simulation/discovery_model.h"

#include <algorithm>
#include <utility>

#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

// What the headers promise.
constexpr Duration kRefreshTimeout = std::chrono::minutes(5);
constexpr std::uint64_t kPageSize = 250;
constexpr std::uint64_t kMostPages = 400;

bool Has(const std::vector<std::string>& texts, const std::string& text) {
  return std::ranges::count(texts, text) > 0;
}

bool HasAny(const std::vector<std::string>& texts, const std::vector<std::string>& wanted) {
  return std::ranges::any_of(wanted, [&](const std::string& text) { return Has(texts, text); });
}

bool CanBePolled(const ListRow& row) {
  const bool application =
      row.record_type == "call_control_application" || row.record_type == "texml_application";
  const bool fax = row.record_type == "fax_application";
  return application || (!fax && row.has_webhook);
}

bool IsKept(const DiscoveryPlan& plan, const ListRow& row) {
  if (plan.include.name && !row.name.starts_with(kKeptNames)) return false;
  if (!plan.include.tags.empty() && !HasAny(row.tags, plan.include.tags)) return false;
  return !HasAny(row.tags, plan.exclude.tags) && !Has(plan.exclude.record_types, row.record_type);
}

// Of the lists by kind the first one that has a limit counts. A connection whose kind changes while
// they are read may be in two of them.
void FillInLimits(const ListRow& limits, ListRow& row) {
  if (!row.inbound_limit) row.inbound_limit = limits.inbound_limit;
  if (!row.outbound_limit) row.outbound_limit = limits.outbound_limit;
  if (row.profile_id.empty()) row.profile_id = limits.profile_id;
}

}  // namespace

RefreshRecord::RefreshRecord(Instant begun, const DiscoveryPlan& plan, std::set<std::string> known)
    : SequenceRecord(begun, kRefreshTimeout), plan_(plan), known_(std::move(known)) {}

bool RefreshRecord::Keeps(const ListRow& row) const {
  return known_.contains(row.id) || (CanBePolled(row) && IsKept(plan_, row));
}

// More connections than may be have passed the filters, each counted once.
bool RefreshRecord::HasTooMany() const {
  std::set<std::string> kept;
  for (const ListRow& row : rows_[0]) {
    if (CanBePolled(row) && IsKept(plan_, row)) kept.insert(row.id);
  }
  return kept.size() > plan_.max_connections;
}

void RefreshRecord::OnSent(const std::string& target, const ListRequest& request, Instant now) {
  if (!TakeRequest(target, now)) return;
  const std::uint64_t size = list_ == kInboundChannels ? 0 : kPageSize;
  Require(request.list == list_ && request.number == number_ && request.size == size,
          "page {} of {} rows of {} was asked for instead of page {} of {}", request.number,
          request.size, kListPaths[request.list], number_, kListPaths[list_]);
}

void RefreshRecord::OnOutcome(const Outcome& outcome, Instant now, WallTime wall_now) {
  // Not every account has each of the lists that tell limits: it is as good as empty then.
  const bool lacks = !outcome.error && outcome.status == 404 &&
                     outcome.advice.should_retry != true && list_ > 0 && number_ == 1;
  // The channels of the account are one number: where it cannot be read, it is not known.
  const bool is_number =
      list_ == kInboundChannels && !outcome.error && !outcome.body_error && outcome.status == 200;
  const ListPage empty{.number = 1, .total_pages = 1};
  Outcome judged = outcome;
  if (lacks || is_number) {
    judged.status = 200;
    judged.body_error.reset();
    judged.list = &empty;
  }
  TakeOutcome(judged, now, wall_now, [&] { return JudgePage(*judged.list); });
}

Expectation RefreshRecord::JudgePage(const ListPage& page) {
  ++pages_;
  if (list_ == 0) {
    const std::size_t before = rows_[0].size();
    rows_[0].insert(rows_[0].end(), page.rows.begin(), page.rows.end());
    if (HasTooMany()) return Failure(FailureReason::kTooManyConnections);
    rows_[0].resize(before);
  }
  if (page.number != number_) return Failure(FailureReason::kCursorLoop);
  if (page.total_pages > kMostPages) return Failure(FailureReason::kTooManyPages);
  auto& rows = rows_[list_];
  rows.insert(rows.end(), page.rows.begin(), page.rows.end());
  if (number_ < page.total_pages) {
    if (page.size != size_.value_or(page.size)) {
      return Failure(FailureReason::kMalformedResponse);
    }
    size_ = page.size;
    ++number_;
    return {.kind = Expectation::Kind::kNextPage};
  }
  const bool last = !plan_.channel_limits || list_ + 1 == kListPaths.size();
  if (last) return {.kind = Expectation::Kind::kComplete};
  ++list_;
  number_ = 1;
  size_.reset();
  return {.kind = Expectation::Kind::kNextPage};
}

void DiscoveryModel::Update(const RefreshRecord& refresh) {
  std::vector<Known> next;
  const auto find = [](auto& known, const std::string& id) {
    return std::ranges::find(known, id, [](const Known& k) { return k.row.id; });
  };
  for (const ListRow& row : refresh.rows(0)) {
    if (!refresh.Keeps(row)) continue;
    if (find(next, row.id) != next.end()) continue;
    Known& known = next.emplace_back(Known{.row = row});
    known.row.inbound_limit.reset();
    known.row.outbound_limit.reset();
    for (std::size_t list = 1; list < kVoiceProfiles; ++list) {
      for (const ListRow& limits : refresh.rows(list)) {
        if (limits.id != row.id) continue;
        FillInLimits(limits, known.row);
        known.in_list_by_kind = true;
      }
    }
  }
  for (Known& old : known_) {
    if (const auto now = find(next, old.row.id); now != next.end()) {
      // A list may miss a row once.
      if (!old.in_list_by_kind || now->in_list_by_kind) continue;
      now->row.inbound_limit = old.row.inbound_limit;
      now->row.outbound_limit = old.row.outbound_limit;
      if (now->row.profile_id.empty()) now->row.profile_id = old.row.profile_id;
      continue;
    }
    if (old.missed) continue;
    old.missed = true;
    next.push_back(std::move(old));
  }
  known_ = std::move(next);
  profiles_.clear();
  for (const ListRow& row : refresh.rows(kVoiceProfiles)) {
    if (std::ranges::count(profiles_, row.id, &ListRow::id) == 0) profiles_.push_back(row);
  }
}

std::set<std::string> DiscoveryModel::KnownIds() const {
  std::set<std::string> ids;
  for (const Known& known : known_) ids.insert(known.row.id);
  return ids;
}

void DiscoveryModel::ForgetLimits() {
  for (Known& known : known_) {
    known.row.inbound_limit.reset();
    known.row.outbound_limit.reset();
    known.in_list_by_kind = false;
  }
  profiles_.clear();
}

void DiscoveryModel::FillIn(const ListRow& row, ConnectionPlan& plan) const {
  plan.record_type = row.record_type;
  plan.inbound_channel_limit = row.inbound_limit;
  plan.outbound_channel_limit = row.outbound_limit;
  plan.voice_profile_id = row.profile_id;
  const auto profile = std::ranges::find(profiles_, row.profile_id, &ListRow::id);
  if (profile != profiles_.end()) plan.voice_profile_name = profile->name;
}

std::vector<ConnectionPlan> DiscoveryModel::ConnectionsToPoll(const AccountPlan& account,
                                                              const Shard& shard) const {
  std::vector<ConnectionPlan> plans = account.connections;
  for (const Known& known : known_) {
    const ListRow& row = known.row;
    const auto configured = std::ranges::find(plans, row.id, &ConnectionPlan::id);
    if (configured != plans.end()) {
      FillIn(row, *configured);
      if (configured->name == configured->id && !row.name.empty()) configured->name = row.name;
      continue;
    }
    if (!account.discovery || !CanBePolled(row) || !IsKept(*account.discovery, row)) continue;
    ConnectionPlan plan = account.discovery->connection;
    plan.id = row.id;
    plan.name = row.name.empty() ? row.id : row.name;
    plan.discovered = true;
    FillIn(row, plan);
    plans.push_back(std::move(plan));
  }
  std::erase_if(plans,
                [&](const ConnectionPlan& plan) { return !shard.Owns(account.name, plan.id); });
  return plans;
}

std::size_t DiscoveryModel::limited_profiles() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      profiles_, [](const ListRow& row) { return row.outbound_limit.has_value(); }));
}

}  // namespace telnyx_exporter::simulation
