#pragma once

// Reads a whole page of metrics and compares every series of every connection and account with what
// must be there at this moment, and nothing else.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "simulation/checker.h"

namespace telnyx_exporter::simulation {

class PageChecker {
 public:
  explicit PageChecker(const Checker& checker) : checker_(checker) {}

  /// `page` is the exposition of this moment.
  void Check(std::string_view page, Instant now);

 private:
  void Read(std::string_view page);
  void CheckConnection(const ConnectionModel& connection, Instant now);
  void CheckValues(const ConnectionModel::Complete& complete, const std::string& labels);
  void CheckPeak(const ConnectionModel& connection, const std::string& labels, Instant now);
  void CheckLegs(const LegModel& legs, const std::string& labels);
  void CheckHealth(const ConnectionModel& connection, const std::string& labels, bool known);
  void CheckIdentity(const ConnectionPlan& plan, const std::string& labels);
  void CheckDiscovery(const AccountModel& account, const std::string& label);
  void CheckAccount(const AccountModel& account);
  void Expect(std::string_view metric, const std::string& labels, double value);

  const Checker& checker_;
  std::unordered_map<std::string_view, double> series_;
  std::uint64_t of_connections_ = 0;  // series on the page
  std::uint64_t expected_ = 0;        // of those found to be right
  std::uint64_t of_discovery_ = 0;    // series on the page
  std::uint64_t discovery_expected_ = 0;
  std::string name_;
};

}  // namespace telnyx_exporter::simulation
