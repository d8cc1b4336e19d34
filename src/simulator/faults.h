#pragma once

// The ways in which the simulator can misbehave: one table, which the flags, the control endpoint,
// the help and the tests read; the rules that are switched on; and the API as its clients meet it
// under them. Each fault is in one file with its function: what happens on the wire in
// wire_faults.cpp, what an answer says in answer_faults.cpp, how pages follow each other in
// paging_faults.cpp. Any thread.

#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "simulator/api.h"
#include "simulator/wire_server.h"
#include "web/http_server.h"

namespace telnyx_exporter::simulator {

/// The request that meets a fault, and what the fault can draw on.
struct FaultyRequest {
  const HttpRequest& request;
  Api& api;
  std::uint64_t random;                // from the simulator's seed
  const std::string& redirect_target;  // where redirects lead to, without a path
};

struct Fault {
  std::string_view name;
  std::string_view help;  // one line: what the client meets
  /// What the client gets instead of the API's answer. Any thread.
  WireAnswer (*answer)(const FaultyRequest& faulty);
};

/// Scripts that act on the bytes of the client's connection.
std::span<const Fault> WireFaults();
/// Other statuses, headers and bodies, always as well-formed HTTP.
std::span<const Fault> AnswerFaults();
/// Requests in the page-number form, and whatever else has no cursor, are answered normally. Every
/// cursor that a fault names still works after the fault has been switched off: a walk is wrong
/// only because of what a fault says.
std::span<const Fault> PagingFaults();

/// All of them, in the order in which people should read them.
std::span<const Fault> AllFaults();
/// Null for an unknown name.
const Fault* FindFault(std::string_view name);

/// NAME[:PROBABILITY][:later][@CONNECTION_ID] as text. Account and window come from a scenario
/// alone and cannot be read from text.
struct FaultRule {
  const Fault* fault = nullptr;
  double probability = 1;
  bool later_pages_only = false;    // a walk's first page is spared
  std::string connection_id;        // empty: every request to the API, whatever it asks for
  std::string account;              // whose key the request has; empty: every one
  std::optional<DayWindow> window;  // when it strikes; nothing: always

  std::string ToText() const;
};

/// The error says what is wrong and what would be right; for a wrong name it lists all of them.
Result<FaultRule> ParseFaultRule(std::string_view text);

/// What decides whether a rule is for a request.
struct FaultTarget {
  std::optional<std::string_view> connection_id;  // whose active calls it asks for
  bool later_page = false;
  std::string_view account;  // whose key it has; empty without one
  SimTime now = 0;
};
/// What a request tells of itself.
FaultTarget TargetOf(const HttpRequest& request);

class FaultRules {
 public:
  /// The same requests in the same order meet the same faults.
  explicit FaultRules(std::uint64_t seed) : random_(seed) {}

  /// Takes the place of a rule that differs in its probability only.
  void Add(FaultRule rule);
  /// Removes the rule that differs in its probability at most; false when there is none.
  bool Remove(const FaultRule& rule);
  /// Removes the rules that Texts() lists so; false when there is none.
  bool RemoveListed(std::string_view text);
  void Clear();
  std::vector<std::string> Texts() const;

  struct Drawn {
    const Fault* fault;
    std::uint64_t random;  // for the fault's own choices
  };
  /// The fault that a request meets; nothing when it is spared. The first rule that strikes
  /// decides.
  std::optional<Drawn> Draw(const FaultTarget& target);

 private:
  mutable std::mutex mutex_;
  std::mt19937_64 random_;        // guarded by mutex_
  std::vector<FaultRule> rules_;  // guarded by mutex_
};

/// The API's answer, or what the fault that the request meets does instead. `redirect_target` is
/// where redirects lead to: "http://HOST:PORT".
WireAnswer AnswerWithFaults(const HttpRequest& request, Api& api, FaultRules& rules,
                            const std::string& redirect_target);

}  // namespace telnyx_exporter::simulator
