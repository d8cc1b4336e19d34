#include "simulator/faults.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr std::string_view kLater = "later";

Result<void> ReadOption(std::string_view option, FaultRule& rule) {
  if (option == kLater) {
    rule.later_pages_only = true;
    return {};
  }
  const auto probability = ParseDouble(option);
  if (!probability || !(*probability > 0 && *probability <= 1)) {
    return Fail(fmt::format(
        "\"{}\" is neither a probability above 0 and up to 1 nor the word later", option));
  }
  rule.probability = *probability;
  return {};
}

bool SameButProbability(const FaultRule& left, const FaultRule& right) {
  return left.fault == right.fault && left.later_pages_only == right.later_pages_only &&
         left.connection_id == right.connection_id && left.account == right.account &&
         left.window == right.window;
}

bool IsFor(const FaultRule& rule, const FaultTarget& target) {
  if (rule.later_pages_only && !target.later_page) return false;
  if (!rule.account.empty() && rule.account != target.account) return false;
  if (rule.window && !rule.window->Contains(target.now)) return false;
  return rule.connection_id.empty() || target.connection_id == rule.connection_id;
}

double ToShare(std::uint64_t random) {
  return static_cast<double>(random >> 11U) / 9007199254740992.0;
}

}  // namespace

std::span<const Fault> AllFaults() {
  static const std::vector<Fault> all = [] {
    std::vector<Fault> joined;
    for (const auto& faults : {WireFaults(), AnswerFaults(), PagingFaults()}) {
      joined.insert(joined.end(), faults.begin(), faults.end());
    }
    return joined;
  }();
  return all;
}

const Fault* FindFault(std::string_view name) {
  const auto found = std::ranges::find(AllFaults(), name, &Fault::name);
  return found == AllFaults().end() ? nullptr : &*found;
}

std::string FaultRule::ToText() const {
  std::string text(fault->name);
  if (probability < 1) text += fmt::format(":{}", probability);
  if (later_pages_only) text.append(":").append(kLater);
  if (!connection_id.empty()) text.append("@").append(connection_id);
  if (!account.empty()) text.append(" for ").append(account);
  if (window) {
    text += fmt::format(" from {} until {}", FormatTimeOfDay(window->from),
                        FormatTimeOfDay(window->until));
  }
  return text;
}

Result<FaultRule> ParseFaultRule(std::string_view text) {
  FaultRule rule;
  const std::size_t at = text.find('@');
  if (at != std::string_view::npos) {
    rule.connection_id = text.substr(at + 1);
    if (rule.connection_id.empty()) return Fail("@ must be followed by a connection's id");
  }
  std::string_view options = text.substr(0, at);
  const std::string_view name = options.substr(0, options.find(':'));
  rule.fault = FindFault(name);
  if (rule.fault == nullptr) {
    return Fail(fmt::format("\"{}\" is not a fault: use one of {}", name,
                            fmt::join(AllFaults() | std::views::transform(&Fault::name), ", ")));
  }
  for (options.remove_prefix(name.size()); !options.empty();) {
    options.remove_prefix(1);
    const std::string_view option = options.substr(0, options.find(':'));
    if (auto read = ReadOption(option, rule); !read) return std::unexpected(read.error());
    options.remove_prefix(option.size());
  }
  return rule;
}

FaultTarget TargetOf(const HttpRequest& request) {
  const bool after_cursor = !request.Query("page[after]").value_or("").empty();
  const bool after_first = request.Query("page[number]").value_or("1") != "1";
  return {.connection_id = ConnectionOfPath(request.path()),
          .later_page = after_cursor || after_first};
}

void FaultRules::Add(FaultRule rule) {
  const std::lock_guard lock(mutex_);
  const auto same = std::ranges::find_if(
      rules_, [&](const FaultRule& other) { return SameButProbability(other, rule); });
  if (same == rules_.end()) {
    rules_.push_back(std::move(rule));
  } else {
    *same = std::move(rule);
  }
}

bool FaultRules::Remove(const FaultRule& rule) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(rules_,
                       [&](const FaultRule& other) { return SameButProbability(other, rule); }) > 0;
}

bool FaultRules::RemoveListed(std::string_view text) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(rules_, [&](const FaultRule& rule) { return rule.ToText() == text; }) > 0;
}

void FaultRules::Clear() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

std::vector<std::string> FaultRules::Texts() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> texts;
  texts.reserve(rules_.size());
  for (const FaultRule& rule : rules_) texts.push_back(rule.ToText());
  return texts;
}

std::optional<FaultRules::Drawn> FaultRules::Draw(const FaultTarget& target) {
  const std::lock_guard lock(mutex_);
  for (const FaultRule& rule : rules_) {
    if (!IsFor(rule, target) || ToShare(random_()) >= rule.probability) continue;
    return Drawn{.fault = rule.fault, .random = random_()};
  }
  return std::nullopt;
}

WireAnswer AnswerWithFaults(const HttpRequest& request, Api& api, FaultRules& rules,
                            const std::string& redirect_target) {
  FaultTarget target = TargetOf(request);
  target.account = api.AccountName(request);
  target.now = api.Now();
  const auto drawn = rules.Draw(target);
  if (!drawn) return api.Answer(request);
  return drawn->fault->answer({.request = request,
                               .api = api,
                               .random = drawn->random,
                               .redirect_target = redirect_target});
}

}  // namespace telnyx_exporter::simulator
