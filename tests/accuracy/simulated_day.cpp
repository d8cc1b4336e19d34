#include "simulated_day.h"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "base/text.h"
#include "simulator/fake_request.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr const char* kId = "1293384261075731461";
constexpr Duration kLatency = 40ms;
// Small, so that a poll has several pages.
constexpr std::uint32_t kPageRows = 50;

std::vector<simulator::AccountSettings> Accounts(std::vector<simulator::TrafficSettings> kinds) {
  simulator::AccountSettings account;
  account.connections = {{.id = kId, .name = "support"}};
  account.connections[0].traffic = std::move(kinds);
  return {std::move(account)};
}

PollPlan Plan(Duration interval, std::optional<Duration> idle_interval) {
  ConnectionPlan connection{.id = kId, .name = "support"};
  connection.interval = interval;
  connection.timeout = interval;
  connection.idle_interval = idle_interval;
  if (!idle_interval) connection.stale_after = 3 * interval;
  connection.peak_window = 60s;
  AccountPlan account{.name = "main", .endpoint = std::make_shared<Endpoint>()};
  account.rate_limit = {.requests_per_second = 1000, .burst = 1000};
  account.connections = {std::move(connection)};
  PollPlan plan;
  plan.walk.page_limit = kPageRows;
  plan.duration_bounds = {60, 600};
  plan.accounts = {std::move(account)};
  return plan;
}

simulator::FakeRequest RequestFor(const std::string& target) {
  std::istringstream rest(target);
  std::string path;
  std::getline(rest, path, '?');
  std::map<std::string, std::string> query;
  for (std::string name, value; std::getline(rest, name, '=') && std::getline(rest, value, '&');) {
    query.emplace(PercentDecode(name).value(), PercentDecode(value).value());
  }
  return {"/v2" + path, std::move(query), "GET", "Bearer KEY_SIMULATOR"};
}

}  // namespace

SimulatedDay::SimulatedDay(std::vector<simulator::TrafficSettings> kinds, Duration interval,
                           std::optional<Duration> idle_interval)
    : world_(Accounts(std::move(kinds)), sim_clock_),
      api_({}, world_, clock_),
      poller_(Plan(interval, idle_interval), clock_, transport_, PollObservers({&store_}), 1) {}

void SimulatedDay::Run(Duration time) {
  const Instant end = clock_.Now() + time;
  while (clock_.Now() < end) {
    poller_.Step();
    const Instant now = clock_.Now();
    if (!transport_.pending.empty()) {
      clock_.Advance(kLatency);
      AnswerRequest();
    } else {
      const Instant next = std::min(end, poller_.NextWake().value_or(end));
      clock_.Advance(std::max(next - now, Duration(1ns)));
    }
  }
}

SimulatedDay::Counted SimulatedDay::counted() const {
  const ConnectionSnapshot state = *store_.Read().connections.at(0);
  return {.started = state.totals->started,
          .started_estimated = state.totals->started_estimated,
          .ended = state.totals->completed.count(),
          .ended_seconds = state.totals->completed.total_seconds(),
          .active = state.values->summary.legs,
          .failures = state.failures};
}

std::shared_ptr<const simulator::CallView> SimulatedDay::View() {
  return world_.View(world_.accounts()[0], kId);
}

void SimulatedDay::AnswerRequest() {
  const std::string target = transport_.pending.front().request.target;
  if (target.find("after") == std::string::npos) {
    const auto view = View();
    polls_.push_back({.started = view->started, .ended = view->ended});
  }
  NoteCalls();
  const HttpResponse response = api_.Answer(RequestFor(target));
  NoteSeen(*response.body);
  transport_.Answer(response.status, *response.body);
}

// From the very view that the answer is made of.
void SimulatedDay::NoteCalls() {
  const auto view = View();
  for (auto leg = view->legs.rbegin(); leg != view->legs.rend(); ++leg) {
    if ((*leg)->number <= last_number_) break;
    calls_.emplace((*leg)->id, Seen{.begins = (*leg)->begins, .ends = (*leg)->ends});
  }
  if (!view->legs.empty()) last_number_ = std::max(last_number_, view->legs.back()->number);
}

void SimulatedDay::NoteSeen(std::string_view body) {
  constexpr std::string_view kKey = R"("call_leg_id":")";
  for (auto at = body.find(kKey); at != std::string_view::npos; at = body.find(kKey, at + 1)) {
    const std::string_view rest = body.substr(at + kKey.size());
    Seen& call = calls_.at(std::string(rest.substr(0, rest.find('"'))));
    if (call.first_poll == 0) call.first_poll = polls_.size();
    call.last_poll = polls_.size();
  }
}

}  // namespace telnyx_exporter
