#include "simulation/statistics.h"

#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter::simulation {

Statistics& Statistics::operator+=(const Statistics& other) {
  simulated += other.simulated;
  steps += other.steps;
  requests += other.requests;
  cancelled += other.cancelled;
  rows += other.rows;
  polls += other.polls;
  complete += other.complete;
  unchanged += other.unchanged;
  started += other.started;
  completed += other.completed;
  held_back += other.held_back;
  skipped += other.skipped;
  retries += other.retries;
  key_refusals += other.key_refusals;
  keys_accepted += other.keys_accepted;
  limiter_waits += other.limiter_waits;
  refreshes += other.refreshes;
  failed_refreshes += other.failed_refreshes;
  interval_changes += other.interval_changes;
  idle_changes += other.idle_changes;
  budget_changes += other.budget_changes;
  short_budgets += other.short_budgets;
  expired_by_budget += other.expired_by_budget;
  expired_by_api += other.expired_by_api;
  refreshes_restarted += other.refreshes_restarted;
  too_many_connections += other.too_many_connections;
  forgotten_refusals += other.forgotten_refusals;
  trials_hung += other.trials_hung;
  trials_removed += other.trials_removed;
  removed_waiting += other.removed_waiting;
  refused_in_walk += other.refused_in_walk;
  reloads += other.reloads;
  wall_jumps += other.wall_jumps;
  suspensions += other.suspensions;
  restarts += other.restarts;
  pages += other.pages;
  recoveries += other.recoveries;
  most_pages = std::max(most_pages, other.most_pages);
  most_memory = std::max(most_memory, other.most_memory);
  for (std::size_t i = 0; i < failures.size(); ++i) failures[i] += other.failures[i];
  return *this;
}

std::vector<std::string> NotReached(const Statistics& s) {
  const std::pair<const char*, std::uint64_t> branches[] = {
      {"a poll fails unbegun because of our own limit", s.expired_by_budget},
      {"a poll fails unbegun because of the API", s.expired_by_api},
      {"a budget is short", s.short_budgets},
      {"an interval changes without a poll", s.interval_changes},
      {"a connection becomes idle or busy", s.idle_changes},
      {"a reload restarts a refresh under way", s.refreshes_restarted},
      {"lists name too many connections", s.too_many_connections},
      {"another key makes a refusal forgotten", s.forgotten_refusals},
      {"a poll that tries a refused key hangs", s.trials_hung},
      {"a connection that tries a refused key is removed", s.trials_removed},
      {"a connection is removed while its poll waits", s.removed_waiting},
      {"a key is refused after a walk's first page", s.refused_in_walk},
      {"a poll is held back by a refused key", s.held_back},
      {"a refused key is accepted", s.keys_accepted},
      {"a poll waits for the rate limit", s.limiter_waits},
      {"a request is cancelled", s.cancelled},
  };
  std::vector<std::string> missing;
  for (const auto& [what, count] : branches) {
    if (count == 0) missing.emplace_back(what);
  }
  return missing;
}

std::string Describe(const Statistics& s) {
  std::string text = fmt::format(
      "simulated    {:.1f} days, {} steps\n"
      "polls        {}: {} complete ({} while nothing changed), {} held back, {} skipped\n"
      "legs         {} started, {} completed\n"
      "requests     {}: {} retries, {} cancelled, {} waits for a rate limit, {} rows\n"
      "lists        {} refreshes complete, {} failed ({} with too many connections), {} restarted\n"
      "budgets      {} changes, {} of them short, {} of intervals, {} to or from idle intervals, "
      "{} polls not begun in time by the budget and {} by the API\n"
      "troubles     {} key refusals, {} acceptances, {} reloads, {} wall clock jumps, "
      "{} suspensions, {} restarts\n"
      "rare         {} refusals forgotten, {} trials of a key hung and {} removed, {} polls "
      "removed "
      "while they waited, {} keys refused in a walk\n"
      "checked      {} metrics pages, {} times that a connection is fresh\n"
      "most         {} pages a walk, {} bytes of memory\n"
      "failures    ",
      ToSeconds(s.simulated) / 86400, s.steps, s.polls, s.complete, s.unchanged, s.held_back,
      s.skipped, s.started, s.completed, s.requests, s.retries, s.cancelled, s.limiter_waits,
      s.rows, s.refreshes, s.failed_refreshes, s.too_many_connections, s.refreshes_restarted,
      s.budget_changes, s.short_budgets, s.interval_changes, s.idle_changes, s.expired_by_budget,
      s.expired_by_api, s.key_refusals, s.keys_accepted, s.reloads, s.wall_jumps, s.suspensions,
      s.restarts, s.forgotten_refusals, s.trials_hung, s.trials_removed, s.removed_waiting,
      s.refused_in_walk, s.pages, s.recoveries, s.most_pages, s.most_memory);
  for (const FailureReason reason : kFailureReasons) {
    text +=
        fmt::format(" {} {},", s.failures[static_cast<std::size_t>(reason)], ReasonLabel(reason));
  }
  text.back() = '\n';
  return text;
}

}  // namespace telnyx_exporter::simulation
