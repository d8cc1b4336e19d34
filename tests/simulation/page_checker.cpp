#include "simulation/page_checker.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

// Those that are compared; a page may hold others.
constexpr std::array<std::string_view, 23> kConnectionMetrics = {
    "telnyx_active_call_duration_seconds_bucket",
    "telnyx_active_call_duration_seconds_count",
    "telnyx_active_call_duration_seconds_sum",
    "telnyx_active_call_sessions",
    "telnyx_active_calls",
    "telnyx_active_calls_longer_than",
    "telnyx_active_calls_peak",
    "telnyx_calls_started_total",
    "telnyx_completed_call_duration_seconds_bucket",
    "telnyx_completed_call_duration_seconds_count",
    "telnyx_completed_call_duration_seconds_sum",
    "telnyx_connection_channel_limit",
    "telnyx_connection_failure_info",
    "telnyx_connection_info",
    "telnyx_connection_last_success_timestamp_seconds",
    "telnyx_connection_poll_duration_seconds",
    "telnyx_connection_poll_pages",
    "telnyx_connection_up",
    "telnyx_longest_active_call_duration_seconds",
    "telnyx_poll_failures_total",
    "telnyx_poll_item_mismatches_total",
    "telnyx_polls_total",
    "telnyx_reported_active_calls",
};
static_assert(std::ranges::is_sorted(kConnectionMetrics));

bool IsOfConnection(std::string_view series) {
  return std::ranges::binary_search(kConnectionMetrics, series.substr(0, series.find('{')));
}

bool IsOfDiscovery(std::string_view series) {
  return series.starts_with("telnyx_discover") ||
         series.starts_with("telnyx_outbound_voice_profile_");
}

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// Without the closing brace.
std::string LabelsOf(const std::string& account, const ConnectionPlan& plan) {
  std::string labels = fmt::format(R"({{account="{}",connection_id="{}",connection_name="{}")",
                                   Escape(account), Escape(plan.id), Escape(plan.name));
  for (const auto& [name, value] : plan.labels) {
    labels += fmt::format(R"(,{}="{}")", name, Escape(value));
  }
  return labels;
}

}  // namespace

void PageChecker::Check(std::string_view page, Instant now) {
  Read(page);
  expected_ = 0;
  for (const auto& connection : checker_.connections()) {
    if (connection != nullptr) CheckConnection(*connection, now);
  }
  Require(expected_ == of_connections_, "a page has {} series of connections instead of {}",
          of_connections_, expected_);
  discovery_expected_ = 0;
  for (const auto& account : checker_.accounts()) {
    if (account != nullptr) CheckAccount(*account);
  }
  Require(discovery_expected_ == of_discovery_, "a page has {} series of lists instead of {}",
          of_discovery_, discovery_expected_);
  Expect("telnyx_exporter_poll_lag_seconds_count", "", static_cast<double>(checker_.polls_begun()));
}

void PageChecker::Read(std::string_view page) {
  series_.clear();
  of_connections_ = 0;
  of_discovery_ = 0;
  while (!page.empty()) {
    const std::string_view line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(page.size(), line.size() + 1));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = line.rfind(' ');
    Require(space != std::string_view::npos, "a line without a value: {}", line);
    const std::string_view text = line.substr(space + 1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    Require((error == std::errc() && end == text.data() + text.size()) || text == "+Inf",
            "no number: {}", line);
    const std::string_view series = line.substr(0, space);
    Require(series_.emplace(series, value).second, "a series comes twice: {}", series);
    if (IsOfConnection(series)) ++of_connections_;
    if (IsOfDiscovery(series)) ++of_discovery_;
  }
}

void PageChecker::Expect(std::string_view metric, const std::string& labels, double value) {
  name_ = metric;
  name_ += labels;
  if (!labels.empty()) name_ += '}';
  const auto found = series_.find(name_);
  Require(found != series_.end(), "{} is missing", name_);
  Require(std::abs(found->second - value) <= std::abs(value) * 1e-9, "{} is {} instead of {}",
          name_, found->second, value);
  ++expected_;
}

void PageChecker::CheckConnection(const ConnectionModel& connection, Instant now) {
  const AccountModel& account = *checker_.accounts()[static_cast<std::size_t>(connection.account)];
  const std::string labels = LabelsOf(account.name, connection.plan);
  const auto& complete = connection.complete;
  const bool known =
      complete && !complete->expired && now < complete->ended + connection.in_force.stale_after;
  if (known) {
    CheckValues(*complete, labels);
    CheckPeak(connection, labels, now);
  }
  if (complete) CheckLegs(connection.legs, labels);
  CheckHealth(connection, labels, known);
}

void PageChecker::CheckLegs(const LegModel& legs, const std::string& labels) {
  if (legs.buckets().empty()) return;  // polled once only
  Expect("telnyx_calls_started_total", labels, static_cast<double>(legs.started()));
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < legs.bounds().size(); ++i) {
    cumulative += legs.buckets()[i];
    Expect("telnyx_completed_call_duration_seconds_bucket",
           fmt::format(R"({},le="{}")", labels, legs.bounds()[i]), static_cast<double>(cumulative));
  }
  const auto completed = static_cast<double>(legs.completed());
  Expect("telnyx_completed_call_duration_seconds_bucket", labels + R"(,le="+Inf")", completed);
  Expect("telnyx_completed_call_duration_seconds_count", labels, completed);
  Expect("telnyx_completed_call_duration_seconds_sum", labels, legs.completed_seconds());
}

void PageChecker::CheckValues(const ConnectionModel::Complete& complete,
                              const std::string& labels) {
  const CallSummary& sum = complete.summary;
  const auto legs = static_cast<double>(sum.legs);
  Expect("telnyx_active_calls", labels, legs);
  if (sum.sessions) {
    Expect("telnyx_active_call_sessions", labels, static_cast<double>(*sum.sessions));
  }
  Expect("telnyx_longest_active_call_duration_seconds", labels, sum.longest_seconds);
  for (std::size_t i = 0; i < complete.long_call_thresholds.size(); ++i) {
    Expect("telnyx_active_calls_longer_than",
           fmt::format(R"({},seconds="{}")", labels, complete.long_call_thresholds[i]),
           static_cast<double>(sum.longer_than[i]));
  }
  if (complete.reported) {
    Expect("telnyx_reported_active_calls", labels, static_cast<double>(*complete.reported));
  }
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < complete.bounds.size(); ++i) {
    cumulative += sum.bucket_counts[i];
    Expect("telnyx_active_call_duration_seconds_bucket",
           fmt::format(R"({},le="{}")", labels, complete.bounds[i]),
           static_cast<double>(cumulative));
  }
  Expect("telnyx_active_call_duration_seconds_bucket", labels + R"(,le="+Inf")", legs);
  Expect("telnyx_active_call_duration_seconds_count", labels, legs);
  Expect("telnyx_active_call_duration_seconds_sum", labels, static_cast<double>(sum.total_seconds));
}

// The highest count of the polls in the window. A page may be a second old, and two counts that are
// close together are told apart by a 64th of the window. What was counted under another window may
// be forgotten: it had left that one, or was too close to a higher one for it.
void PageChecker::CheckPeak(const ConnectionModel& connection, const std::string& labels,
                            Instant now) {
  const Duration window = connection.plan.peak_window;
  const Duration slack = std::chrono::seconds(1) + window / 64;
  std::uint64_t least = connection.counts.back().second;
  std::uint64_t most = least;
  for (const auto& [when, count] : connection.counts) {
    const bool same_window = when >= connection.peak_window_since;
    if (same_window && now - when < window - slack) least = std::max(least, count);
    if (now - when < window + slack) most = std::max(most, count);
  }
  const auto found = series_.find("telnyx_active_calls_peak" + labels + "}");
  Require(found != series_.end() && found->second >= static_cast<double>(least) &&
              found->second <= static_cast<double>(most),
          "a peak is not between {} and {}", least, most);
  ++expected_;
}

void PageChecker::CheckHealth(const ConnectionModel& connection, const std::string& labels,
                              bool known) {
  const bool up = known && !connection.failure;
  Expect("telnyx_connection_up", labels, up ? 1 : 0);
  CheckIdentity(connection.plan, labels);
  Expect("telnyx_polls_total", labels, static_cast<double>(connection.polls));
  Expect("telnyx_poll_failures_total", labels, static_cast<double>(connection.failures));
  Expect("telnyx_poll_item_mismatches_total", labels, static_cast<double>(connection.mismatches));
  if (connection.last_poll) {
    Expect("telnyx_connection_poll_duration_seconds", labels, ToSeconds(*connection.last_poll));
  }
  if (connection.complete) {
    Expect("telnyx_connection_poll_pages", labels, connection.complete->pages);
    Expect("telnyx_connection_last_success_timestamp_seconds", labels,
           ToUnixSeconds(connection.complete->ended_wall));
  }
  if (connection.failure) {
    Expect("telnyx_connection_failure_info",
           fmt::format(R"({},reason="{}")", labels, ReasonLabel(*connection.failure)), 1);
  }
}

void PageChecker::CheckIdentity(const ConnectionPlan& plan, const std::string& labels) {
  std::string info = labels;
  const auto add = [&info](std::string_view name, const std::string& value) {
    if (!value.empty()) info += fmt::format(R"(,{}="{}")", name, Escape(value));
  };
  add("record_type", plan.record_type);
  add("source", plan.discovered ? "discovered" : "configured");
  add("outbound_voice_profile_id", plan.voice_profile_id);
  add("outbound_voice_profile_name", plan.voice_profile_name);
  Expect("telnyx_connection_info", info, 1);
  const auto expect_limit = [&](const auto& limit, std::string_view direction) {
    if (!limit) return;
    Expect("telnyx_connection_channel_limit",
           fmt::format(R"({},direction="{}")", labels, direction), static_cast<double>(*limit));
  };
  expect_limit(plan.channel_limit, "configured");
  expect_limit(plan.inbound_channel_limit, "inbound");
  expect_limit(plan.outbound_channel_limit, "outbound");
}

void PageChecker::CheckDiscovery(const AccountModel& account, const std::string& label) {
  if (!account.discovers) return;
  Expect("telnyx_discovery_failures_total", label, static_cast<double>(account.discovery_failures));
  Require(series_.contains(fmt::format("telnyx_discovery_refresh_interval_seconds{}}}", label)),
          "the refresh interval of {} is missing", account.name);
  discovery_expected_ += 2 + account.limited_profiles;
  if (!account.discovered_at) return;
  Expect("telnyx_discovered_connections", label, static_cast<double>(account.discovered));
  Expect("telnyx_discovery_last_success_timestamp_seconds", label,
         ToUnixSeconds(*account.discovered_at));
  discovery_expected_ += 2;
}

void PageChecker::CheckAccount(const AccountModel& account) {
  const std::string label = fmt::format(R"({{account="{}")", account.name);
  std::uint64_t requests = 0;
  for (const auto& [status, count] : account.requests) {
    const std::string code = status == 0 ? "error" : std::to_string(status);
    Expect("telnyx_api_requests_total", fmt::format(R"({},code="{}")", label, code),
           static_cast<double>(count));
    requests += count;
  }
  Expect("telnyx_api_request_duration_seconds_count", label, static_cast<double>(requests));
  for (const FailureReason reason : kFailureReasons) {
    Expect("telnyx_account_poll_failures_total",
           fmt::format(R"({},reason="{}")", label, ReasonLabel(reason)),
           static_cast<double>(account.failures[static_cast<std::size_t>(reason)]));
  }
  Expect("telnyx_account_polls_skipped_total", label, static_cast<double>(account.skipped));
  Expect("telnyx_api_retries_total", label, static_cast<double>(account.retries));
  Expect("telnyx_api_response_bytes_total", label, static_cast<double>(account.body_bytes));
  Expect("telnyx_api_rate_limiter_wait_seconds_total", label, account.limiter_wait);
  CheckDiscovery(account, label);
  if (account.rate_limit_remaining) {
    Expect("telnyx_api_rate_limit_remaining", label, *account.rate_limit_remaining);
  }
  if (account.rate_limit_limit) {
    Expect("telnyx_api_rate_limit_limit", label, *account.rate_limit_limit);
  }
}

}  // namespace telnyx_exporter::simulation
