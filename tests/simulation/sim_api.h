#pragma once

// A model of the polled API: accounts with keys and rate limits, connections whose calls come and
// go, and pages of them in each of the forms that the API is known to send. It knows the truth
// about every moment.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "simulation/advice.h"
#include "simulation/call_history.h"
#include "simulation/faults.h"
#include "simulation/list_wire.h"
#include "simulation/random.h"
#include "simulation/sim_lists.h"
#include "simulation/wire.h"

namespace telnyx_exporter::simulation {

/// What is fixed about a connection on the API's side.
struct ConnectionTraits {
  CallProfile calls;
  RowOrder order = RowOrder::kOldestFirst;
  bool page_numbers = false;    // the older form instead of cursors
  bool honours_limit = true;    // the older form may come with 20 rows whatever was asked for
  bool counts_items = true;     // sends total_items
  double unnamed_sessions = 0;  // share of rows
  /// Answers come from replicas of which each is behind by some of these seconds.
  std::uint32_t most_lag_seconds = 0;
  PageStyle style;

  /// Rows of a page for which `limit` rows were asked.
  std::uint64_t PageRows(std::uint64_t limit) const;
  /// More pages than these are not to be expected.
  std::uint64_t MostPages(std::uint64_t limit) const;
};

ConnectionTraits DrawTraits(std::uint64_t seed);

/// Requests that an account may send in each window of time, all its connections together.
struct RequestLimit {
  std::uint64_t requests = 0;  // 0: no limit
  Duration window = std::chrono::minutes(1);
  enum class Headers : std::uint8_t { kNever, kOnRefusal, kAlways } headers = Headers::kNever;
  enum class RetryAfter : std::uint8_t { kNone, kSeconds, kDate } retry_after = RetryAfter::kNone;
};

using ApiRequest = std::variant<PageRequest, ListRequest>;

/// Names a connection on one of the API's servers; a server of its own has calls of its own.
struct ConnectionPlace {
  /// Instead of a connection: the account's lists.
  static constexpr std::uint32_t kLists = 0xffff'ffff;

  std::uint32_t server = 0;
  std::uint32_t account = 0;
  std::uint32_t connection = 0;

  std::uint64_t number() const {
    return (std::uint64_t{server} << 48U) | (std::uint64_t{account} << 32U) | connection;
  }
};

class Answer {
 public:
  enum class Body : std::uint8_t {
    kPage,
    kTruncatedPage,
    kPageWithBadRow,
    kBad,
    kError,
    kTooLarge
  };

  Instant served{};
  int status = 200;
  Advice advice;
  Body body = Body::kPage;
  Page page;
  PageStyle style;
  std::uint32_t lag_seconds = 0;    // of the replica that it comes from
  std::optional<std::size_t> list;  // then `list_page` counts instead
  ListPage list_page;
  std::uint64_t dice = 0;

  /// Not for kTooLarge.
  void WriteBody(std::string& out) const;

 private:
  void WriteRows(std::string_view bad_row, std::string& out) const;
};

class SimApi {
 public:
  /// `wall_offset` makes the true wall clock's time of an instant.
  SimApi(std::uint64_t seed, Instant start, Duration wall_offset);

  struct Account {
    std::set<std::uint32_t> keys;  // versions that are accepted
    RequestLimit limit;
    std::int64_t window = -1;  // the newest in which something was asked
    std::uint64_t used = 0;    // requests in it
    std::optional<SimLists> lists;
  };
  Account& account(std::uint32_t index);

  struct Connection {
    ConnectionTraits traits;
    CallHistory history;
    int refusal = 0;  // the status that it is refused with; 0: it is there
    std::uint32_t last_nonce = 0;
  };
  Connection& connection(ConnectionPlace place);

  /// What the API answers to a request that reaches it at `at`.
  void Serve(ConnectionPlace place, std::uint32_t key, const ApiRequest& request,
             const Fault& fault, Instant at, Answer& answer);

  WallTime TrueWallTime(Instant at) const;

 private:
  bool Refuses(Account& account, Instant at, Answer& answer);
  void ServeList(const SimLists& lists, const ListRequest& request, const Fault& fault,
                 Answer& answer);
  void ServeCalls(Connection& connection, const PageRequest& request, const Fault& fault,
                  Answer& answer);
  void ServePage(Connection& connection, const PageRequest& request, Answer& answer);
  std::size_t FirstRow(const Connection& connection, const PageRequest& request) const;
  void AddRow(const Connection& connection, const Leg& leg, Answer& answer) const;
  void SpoilPage(Connection& connection, const PageRequest& request, const Fault& fault,
                 Answer& answer);
  void RepeatRows(const Connection& connection, Answer& answer) const;

  const std::uint64_t seed_;
  const Instant start_;
  const Duration wall_offset_;
  std::deque<Account> accounts_;  // never moved
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<const Leg*> alive_;  // of the connection being served, in its order
};

}  // namespace telnyx_exporter::simulation
