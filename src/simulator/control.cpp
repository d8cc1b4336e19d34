#include "simulator/control.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "simulator/answers.h"
#include "web/router.h"

namespace telnyx_exporter::simulator {
namespace {

std::optional<std::vector<double>> ParseBuckets(std::string_view text) {
  std::vector<double> bounds;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const auto bound = ParseDouble(item);
    if (!bound) return std::nullopt;
    bounds.push_back(*bound);
  }
  return bounds;
}

// Counted one leg after the other, in the plainest way.
void AppendTruth(std::string& body, const AccountSettings& account,
                 const ConnectionSettings& connection, const CallView& view,
                 const std::vector<double>& bounds) {
  std::set<std::string_view> sessions;
  std::uint64_t longest = 0;
  std::uint64_t total = 0;
  std::vector<std::uint64_t> buckets(bounds.size());
  for (const auto& leg : view.legs) {
    const std::uint64_t duration = DurationOf(*leg, view.now);
    sessions.insert(leg->session_id);
    longest = std::max(longest, duration);
    total += duration;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      if (static_cast<double>(duration) <= bounds[i]) ++buckets[i];
    }
  }
  body += fmt::format(
      R"({{"account":{},"id":{},"name":{},"legs":{},"sessions":{},"longest_seconds":{},)"
      R"("total_seconds":{},"buckets":[{}],"started":{},"ended":{}}})",
      JsonText(account.name), JsonText(connection.id), JsonText(connection.NameAt(view.now)),
      view.legs.size(), sessions.size(), longest, total, fmt::join(buckets, ","), view.started,
      view.ended);
}

HttpResponse Truth(CallWorld& world, const HttpRequest& request) {
  const auto bounds = ParseBuckets(request.Query("buckets").value_or(""));
  if (!bounds) return TextResponse(400, "buckets is a list of numbers: buckets=5,60,600\n");
  std::string body = fmt::format(R"({{"frozen":{},"connections":[)", world.clock().frozen());
  std::string_view separator;
  for (const AccountSettings& account : world.accounts()) {
    for (const ConnectionSettings& connection : account.connections) {
      const auto view = world.View(account, connection.id);
      if (view == nullptr) continue;
      body += std::exchange(separator, ",");
      AppendTruth(body, account, connection, *view, *bounds);
    }
  }
  return JsonAnswer(200, body + "]}");
}

HttpResponse Advance(SimClock& clock, const HttpRequest& request) {
  const auto seconds = ParseDouble(request.Query("seconds").value_or(""));
  if (!seconds || !(*seconds >= 0 && *seconds <= kLongestAdvance)) {
    return TextResponse(
        400, fmt::format("seconds is a number from 0 to {}: seconds=15\n", kLongestAdvance));
  }
  return clock.Advance(*seconds) ? TextResponse(200, "Moved on.\n")
                                 : TextResponse(409, "The time runs: freeze it first.\n");
}

HttpResponse ListFaults(const FaultRules& rules) {
  const auto describe = [](const Fault& fault) {
    return fmt::format(R"({{"name":"{}","help":"{}"}})", fault.name, fault.help);
  };
  return JsonAnswer(200,
                    fmt::format(R"({{"on":[{}],"faults":[{}]}})",
                                fmt::join(rules.Texts() | std::views::transform(JsonText), ","),
                                fmt::join(AllFaults() | std::views::transform(describe), ",")));
}

HttpResponse SwitchOn(CallWorld& world, FaultRules& rules, const HttpRequest& request) {
  auto rule = ParseFaultRule(request.Query("fault").value_or(""));
  if (!rule) return TextResponse(400, rule.error().message + "\n");
  if (!rule->connection_id.empty() && !world.Knows(rule->connection_id)) {
    return TextResponse(404, "There is no connection " + rule->connection_id + ".\n");
  }
  rules.Add(std::move(*rule));
  return ListFaults(rules);
}

HttpResponse SwitchOff(FaultRules& rules, const HttpRequest& request) {
  if (const auto text = request.Query("fault")) {
    if (rules.RemoveListed(*text)) return ListFaults(rules);
    const auto rule = ParseFaultRule(*text);
    if (!rule) return TextResponse(400, rule.error().message + "\n");
    if (!rules.Remove(*rule)) return TextResponse(404, "It is not switched on.\n");
  } else {
    rules.Clear();
  }
  return ListFaults(rules);
}

HttpResponse AnswerFaults(CallWorld& world, FaultRules& rules, const HttpRequest& request) {
  if (request.method() == "POST") return SwitchOn(world, rules, request);
  if (request.method() == "DELETE") return SwitchOff(rules, request);
  return ListFaults(rules);
}

}  // namespace

HttpResponse AnswerControl(CallWorld& world, FaultRules& faults, const HttpRequest& request) {
  const std::string_view path = request.path();
  if (path == "/simulator/faults") return AnswerFaults(world, faults, request);
  const bool reads = request.method() == "GET" || request.method() == "HEAD";
  if (path == "/simulator/truth" && reads) return Truth(world, request);
  if (path == "/simulator/healthy" && reads) return TextResponse(200, "Healthy.\n");
  if (request.method() != "POST") return TextResponse(404, "Not found.\n");
  if (path == "/simulator/advance") return Advance(world.clock(), request);
  if (path == "/simulator/freeze") {
    world.clock().Freeze();
    return TextResponse(200, "Frozen.\n");
  }
  if (path == "/simulator/unfreeze") {
    world.clock().Unfreeze();
    return TextResponse(200, "Running.\n");
  }
  return TextResponse(404, "Not found.\n");
}

}  // namespace telnyx_exporter::simulator
