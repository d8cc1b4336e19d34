#include "simulation/sim_api.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace telnyx_exporter::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kOwnPageRows = 20;
constexpr double kManyCalls = 100;

double DrawMeanCalls(Random& random) {
  const double kind = random.Real();
  if (kind < 0.1) return 0;
  if (kind < 0.8) return random.LogBetween(0.2, 8);
  if (kind < 0.97) return random.LogBetween(8, kManyCalls);
  return random.LogBetween(kManyCalls, 4000);
}

std::uint32_t SecondsOf(const Leg& leg, Instant at) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::seconds>(at - leg.begins).count());
}

void SpoilBody(const Fault& fault, Answer& answer) {
  answer.body = Answer::Body::kPage;
  if (fault.kind == FaultKind::kTruncatedBody) answer.body = Answer::Body::kTruncatedPage;
  if (fault.kind == FaultKind::kBadBody) answer.body = Answer::Body::kBad;
  if (fault.kind == FaultKind::kBadRow) answer.body = Answer::Body::kPageWithBadRow;
  if (fault.kind == FaultKind::kTooLargeBody) answer.body = Answer::Body::kTooLarge;
  const bool advises = fault.kind == FaultKind::kQuota || fault.kind == FaultKind::kBrokenBody;
  if (advises) answer.advice = fault.advice;
}

std::uint64_t WrongTotal(std::uint64_t dice, std::uint64_t right) {
  switch (dice % 4) {
    case 0:
      return 0;
    case 1:
      return right + 1 + dice % 7;
    case 2:
      return dice >> 1U;
    default:
      return right / 2;
  }
}

}  // namespace

std::uint64_t ConnectionTraits::PageRows(std::uint64_t limit) const {
  return page_numbers && !honours_limit ? kOwnPageRows : limit;
}

std::uint64_t ConnectionTraits::MostPages(std::uint64_t limit) const {
  const double most_calls = calls.mean_calls * 1.5 + 8 * std::sqrt(calls.mean_calls) + 10;
  return 1 + static_cast<std::uint64_t>(most_calls) / PageRows(limit);
}

ConnectionTraits DrawTraits(std::uint64_t seed) {
  Random random(seed);
  ConnectionTraits traits;
  traits.calls = {.mean_calls = DrawMeanCalls(random),
                  .mean_duration = random.LogBetween(Duration(20s), Duration(2h)),
                  .new_session_share = random.Real()};
  if (random.Chance(0.3)) traits.order = RowOrder::kNewestFirst;
  if (traits.calls.mean_calls < kManyCalls && random.Chance(0.3)) {
    traits.order = RowOrder::kScrambled;
  }
  traits.page_numbers = random.Chance(0.25);
  traits.honours_limit = random.Chance(0.5);
  traits.counts_items = random.Chance(0.8);
  if (random.Chance(0.15)) traits.unnamed_sessions = random.Real() * random.Real();
  traits.style = {.id_salt = random.Below(0x1000),
                  .opaque_ids = random.Chance(0.1),
                  .full_rows = random.Chance(0.2),
                  .meta_first = random.Chance(0.2),
                  .next_address = random.Chance(0.2),
                  .null_cursor = random.Chance(0.5)};
  if (random.Chance(0.3)) {
    traits.most_lag_seconds = static_cast<std::uint32_t>(random.Between(1, 90));
  }
  return traits;
}

void Answer::WriteBody(std::string& out) const {
  switch (body) {
    case Body::kPage:
      WriteRows({}, out);
      break;
    case Body::kTruncatedPage:
      WriteRows({}, out);
      out.resize(dice % out.size());
      break;
    case Body::kPageWithBadRow:
      WriteRows(BadRow(dice), out);
      break;
    case Body::kBad:
      out += BadBody(dice);
      break;
    case Body::kError:
      out += ErrorBody(dice);
      break;
    case Body::kTooLarge:
      break;
  }
}

void Answer::WriteRows(std::string_view bad_row, std::string& out) const {
  if (list) {
    WriteListPage(list_page, *list, bad_row, out);
  } else {
    WritePage(page, style, bad_row, out);
  }
}

SimApi::SimApi(std::uint64_t seed, Instant start, Duration wall_offset)
    : seed_(seed), start_(start), wall_offset_(wall_offset) {}

WallTime SimApi::TrueWallTime(Instant at) const {
  return WallTime(
      std::chrono::duration_cast<WallTime::duration>(at.time_since_epoch() + wall_offset_));
}

SimApi::Account& SimApi::account(std::uint32_t index) {
  while (accounts_.size() <= index) {
    const auto next = static_cast<std::uint32_t>(accounts_.size());
    accounts_.emplace_back().lists.emplace(next, Mix(Mix(seed_, 7), next));
  }
  return accounts_[index];
}

SimApi::Connection& SimApi::connection(ConnectionPlace place) {
  auto& known = connections_[place.number()];
  if (known == nullptr) {
    const std::uint64_t seed = Mix(seed_, place.number());
    const ConnectionTraits traits = DrawTraits(seed);
    known = std::make_unique<Connection>(
        Connection{.traits = traits, .history = CallHistory(traits.calls, seed + 1, start_)});
  }
  return *known;
}

void SimApi::Serve(ConnectionPlace place, std::uint32_t key, const ApiRequest& request,
                   const Fault& fault, Instant at, Answer& answer) {
  Account& asking = account(place.account);
  answer.served = at;
  answer.status = 200;
  answer.advice = {};
  answer.body = Answer::Body::kError;
  answer.list.reset();
  answer.dice = fault.dice;
  const bool broken = fault.kind == FaultKind::kBrokenBody;
  if (fault.kind == FaultKind::kStatus || (broken && fault.dice % 2 == 0)) {
    answer.status = fault.status;
    answer.advice = fault.advice;
  } else if (Refuses(asking, at, answer)) {
    answer.status = 429;
  } else if (!asking.keys.contains(key)) {
    answer.status = 401;
  } else if (const auto* list = std::get_if<ListRequest>(&request)) {
    ServeList(*asking.lists, *list, fault, answer);
  } else {
    ServeCalls(connection(place), std::get<PageRequest>(request), fault, answer);
  }
}

void SimApi::ServeCalls(Connection& connection, const PageRequest& request, const Fault& fault,
                        Answer& answer) {
  answer.status = connection.refusal == 0 ? 200 : connection.refusal;
  if (answer.status != 200) return;
  connection.history.AdvanceTo(answer.served);
  answer.style = connection.traits.style;
  const auto served = static_cast<std::uint64_t>(answer.served.time_since_epoch().count());
  answer.lag_seconds =
      static_cast<std::uint32_t>(Mix(served, 3) % (connection.traits.most_lag_seconds + 1));
  ServePage(connection, request, answer);
  SpoilPage(connection, request, fault, answer);
  SpoilBody(fault, answer);
}

void SimApi::ServeList(const SimLists& lists, const ListRequest& request, const Fault& fault,
                       Answer& answer) {
  ListPage& page = answer.list_page;
  answer.list = request.list;
  lists.Serve(request, page);
  if (fault.kind == FaultKind::kRepeatedCursor) ++page.number;
  if (fault.kind == FaultKind::kEndlessPages) page.total_pages = page.number + 1;
  if (fault.kind == FaultKind::kWrongTotal) page.total_pages = fault.dice % 1000;
  if (fault.kind == FaultKind::kRepeatedRows && !page.rows.empty()) {
    page.rows.push_back(ListRow(page.rows.front()));
  }
  SpoilBody(fault, answer);
}

// Counts the request and says in the headers what is left.
bool SimApi::Refuses(Account& account, Instant at, Answer& answer) {
  const RequestLimit& limit = account.limit;
  if (limit.requests == 0) return false;
  const std::int64_t window = at.time_since_epoch() / limit.window;
  if (window != account.window) account.used = 0;
  account.window = window;
  const bool refused = account.used >= limit.requests;
  if (!refused) ++account.used;
  const Duration reset = limit.window * (window + 1) - at.time_since_epoch();
  if (limit.headers == RequestLimit::Headers::kAlways ||
      (refused && limit.headers == RequestLimit::Headers::kOnRefusal)) {
    SetQuota(answer.advice, limit.requests, limit.requests - account.used, reset);
  }
  if (!refused) return false;
  if (limit.retry_after == RequestLimit::RetryAfter::kSeconds) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(reset);
    answer.advice.retry_after = seconds;
    answer.advice.headers.retry_after = std::to_string(seconds.count());
  } else if (limit.retry_after == RequestLimit::RetryAfter::kDate) {
    SetRetryAt(answer.advice, TrueWallTime(at + reset) + 1s);
  }
  return true;
}

void SimApi::ServePage(Connection& connection, const PageRequest& request, Answer& answer) {
  const ConnectionTraits& traits = connection.traits;
  alive_.clear();
  for (const Leg& leg : connection.history.legs()) {
    if (leg.AliveAt(answer.served)) alive_.push_back(&leg);
  }
  if (traits.order == RowOrder::kNewestFirst) std::ranges::reverse(alive_);
  if (traits.order == RowOrder::kScrambled) {
    std::ranges::sort(
        alive_, {}, [&](const Leg* leg) { return PositionOf(RowOrder::kScrambled, leg->number); });
  }
  const std::uint64_t rows = request.number ? request.limit : traits.PageRows(request.limit);
  const std::size_t first = FirstRow(connection, request);
  const std::size_t end = std::min<std::size_t>(alive_.size(), first + rows);

  Page& page = answer.page;
  page.rows.clear();
  page.next.reset();
  page.numbers.reset();
  page.total_items.reset();
  for (std::size_t i = first; i < end; ++i) AddRow(connection, *alive_[i], answer);
  if (traits.counts_items) page.total_items = alive_.size();
  if (traits.page_numbers) {
    page.numbers = {.number = request.number.value_or(1),
                    .size = rows,
                    .total_pages = std::max<std::uint64_t>(1, (alive_.size() + rows - 1) / rows)};
  } else if (end < alive_.size()) {
    page.next = {.position = PositionOf(traits.order, alive_[end - 1]->number)};
  }
}

// The index in alive_ at which the asked page begins.
std::size_t SimApi::FirstRow(const Connection& connection, const PageRequest& request) const {
  if (request.number) {
    return std::min<std::size_t>(alive_.size(), (*request.number - 1) * request.limit);
  }
  if (!request.after) return 0;
  const auto first = std::ranges::upper_bound(
      alive_, request.after->position, {},
      [&](const Leg* leg) { return PositionOf(connection.traits.order, leg->number); });
  return static_cast<std::size_t>(first - alive_.begin());
}

void SimApi::AddRow(const Connection& connection, const Leg& leg, Answer& answer) const {
  const auto share = static_cast<double>(Mix(leg.number, 2) >> 11U) * 0x1p-53;
  const bool named = share >= connection.traits.unnamed_sessions;
  const std::uint32_t seconds = SecondsOf(leg, answer.served);
  answer.page.rows.push_back({.leg = leg.number,
                              .session = named ? leg.session : 0,
                              .seconds = seconds - std::min(seconds, answer.lag_seconds)});
}

void SimApi::SpoilPage(Connection& connection, const PageRequest& request, const Fault& fault,
                       Answer& answer) {
  Page& page = answer.page;
  if (fault.kind == FaultKind::kRepeatedCursor) {
    if (page.numbers) ++page.numbers->number;
    if (request.after) page.next = request.after;
  } else if (fault.kind == FaultKind::kEndlessPages) {
    if (page.rows.empty() && !alive_.empty()) AddRow(connection, *alive_.front(), answer);
    if (page.numbers) {
      page.numbers->total_pages = page.numbers->number + 1;
    } else if (!page.rows.empty()) {
      page.next = {.position = PositionOf(connection.traits.order, page.rows.back().leg),
                   .nonce = ++connection.last_nonce};
    }
  } else if (fault.kind == FaultKind::kWrongTotal) {
    page.total_items = WrongTotal(fault.dice, alive_.size());
  } else if (fault.kind == FaultKind::kRepeatedRows) {
    RepeatRows(connection, answer);
  }
}

void SimApi::RepeatRows(const Connection& connection, Answer& answer) const {
  if (answer.page.rows.empty()) return;
  Row older = answer.page.rows.front();
  older.seconds -= std::min<std::uint32_t>(older.seconds, 2);
  answer.page.rows.push_back(older);
  const std::size_t many = std::min<std::size_t>(alive_.size(), 1 + answer.dice % 5);
  for (std::size_t i = 0; i < many; ++i) AddRow(connection, *alive_[i], answer);
}

}  // namespace telnyx_exporter::simulation
