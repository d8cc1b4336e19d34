#include "metrics/exporter_metrics.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <utility>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The fields of /proc/self/stat from the third on: the second is the program's name in parentheses,
// which may hold any characters. Numbering as in proc(5).
class ProcStat {
 public:
  explicit ProcStat(const std::string& text) {
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return;
    std::istringstream rest(text.substr(name_end + 1));
    for (std::string field; rest >> field;) fields_.push_back(field);
  }

  std::optional<double> Field(std::size_t number) const {
    if (number < 3 || number - 3 >= fields_.size()) return std::nullopt;
    const auto value = ParseUnsigned(fields_[number - 3]);
    if (!value) return std::nullopt;
    return static_cast<double>(*value);
  }

 private:
  std::vector<std::string> fields_;
};

// "btime 1700000000" of /proc/stat: when the machine started.
std::optional<double> BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    if (word != "btime") continue;
    double seconds = 0;
    if (file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> CountOpenFds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), closedir);
  if (!directory) return std::nullopt;
  // The directory itself is open while it is being counted.
  double count = -1;
  while (const dirent* entry = readdir(directory.get())) count += entry->d_name[0] != '.' ? 1 : 0;
  return count;
}

std::optional<double> SoftLimit(__rlimit_resource resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) return std::nullopt;
  return limit.rlim_cur == RLIM_INFINITY ? -1 : static_cast<double>(limit.rlim_cur);
}

using prometheus::Counter;
using prometheus::Histogram;
using prometheus::Labels;

// From an answer of a machine nearby to a request that takes the whole default time-out.
Histogram::BucketBoundaries RequestDurationBounds() {
  return {0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}
// From on time to later than a whole default interval.
Histogram::BucketBoundaries PollLagBounds() { return {0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300}; }

prometheus::Family<Counter>& CounterFamily(std::string_view name, prometheus::Registry& registry) {
  return prometheus::BuildCounter().Name(std::string(name)).Register(registry);
}

prometheus::Family<Histogram>& HistogramFamily(std::string_view name,
                                               prometheus::Registry& registry) {
  return prometheus::BuildHistogram().Name(std::string(name)).Register(registry);
}

}  // namespace

std::vector<ProcessValue> ReadProcessValues() {
  const ProcStat stat(ReadAll("/proc/self/stat"));
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::vector<ProcessValue> values;
  const auto add = [&](std::string_view name, std::optional<double> value) {
    if (value) values.push_back({name, *value});
  };
  const auto user = stat.Field(14);
  const auto system = stat.Field(15);
  if (user && system) add("process_cpu_seconds_total", (*user + *system) / ticks_per_second);
  add("process_open_fds", CountOpenFds());
  add("process_max_fds", SoftLimit(RLIMIT_NOFILE));
  add("process_virtual_memory_bytes", stat.Field(23));
  add("process_virtual_memory_max_bytes", SoftLimit(RLIMIT_AS));
  if (const auto pages = stat.Field(24)) {
    add("process_resident_memory_bytes", *pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  static const auto boot = BootTime();  // once: it moves when the clock is set
  const auto started = stat.Field(22);
  if (boot && started) add("process_start_time_seconds", *boot + *started / ticks_per_second);
  add("process_threads", stat.Field(20));
  return values;
}

ExporterMetrics::ExporterMetrics(const BuildInfo& build, std::optional<WallTime> started)
    : requests_(CounterFamily(kApiRequests, registry_)),
      request_duration_(HistogramFamily(kApiRequestDuration, registry_)),
      poll_lag_(HistogramFamily(kPollLag, registry_).Add({}, PollLagBounds())),
      web_requests_(CounterFamily(kWebRequests, registry_)),
      log_lines_lost_(CounterFamily(kLogLinesLost, registry_).Add({})),
      state_{.build = build, .started = started} {}

void ExporterMetrics::Update(const std::function<void(ExporterState&)>& change) {
  const std::lock_guard lock(mutex_);
  change(state_);
  ++version_;
}

void ExporterMetrics::CountWebRequest(std::string_view handler, int status) {
  web_requests_.Add({{"handler", std::string(handler)}, {"code", std::to_string(status)}})
      .Increment();
}

void ExporterMetrics::NoteLogLinesLost(std::uint64_t lines) {
  log_lines_lost_.Increment(static_cast<double>(lines) - log_lines_lost_.Value());
}

void ExporterMetrics::OnAccountAdded(AccountKey key, const AccountPlan& plan) {
  const auto index = static_cast<std::size_t>(key);
  if (accounts_.size() <= index) accounts_.resize(index + 1);
  accounts_[index] = {.name = plan.name,
                      .request_duration = &request_duration_.Add(Labels{{"account", plan.name}},
                                                                 RequestDurationBounds())};
}

void ExporterMetrics::OnAccountRemoved(AccountKey key) {
  Account account = std::exchange(AccountOf(key), {});
  for (const auto& [status, requests] : account.requests) requests_.Remove(requests);
  request_duration_.Remove(account.request_duration);
  const std::lock_guard lock(mutex_);
  state_.api_key_readable.erase(account.name);
}

void ExporterMetrics::OnPollBegun(ConnectionKey /*connection*/, Duration lag) {
  poll_lag_.Observe(ToSeconds(lag));
}

void ExporterMetrics::OnRequestEnded(AccountKey key, const RequestReport& report) {
  Account& account = AccountOf(key);
  Counter*& requests = account.requests[report.http_status];
  if (requests == nullptr) {
    const std::string code = report.http_status == 0 ? "error" : std::to_string(report.http_status);
    requests = &requests_.Add({{"account", account.name}, {"code", code}});
  }
  requests->Increment();
  account.request_duration->Observe(ToSeconds(report.elapsed));
}

std::uint64_t ExporterMetrics::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

ExporterState ExporterMetrics::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace telnyx_exporter
