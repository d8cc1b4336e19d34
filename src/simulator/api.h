#pragma once

// The polled API over the made-up accounts and calls: a request in, an answer out, no sockets. A
// key opens its own account alone, with its lists. Written from the API's description alone and
// sharing nothing with the exporter's reading side. Any thread.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "simulator/answers.h"
#include "simulator/call_world.h"
#include "web/http_server.h"

namespace telnyx_exporter::simulator {

/// The lists' names, which are their paths without the slash: "connections" first.
std::span<const std::string_view> ListNames();
enum class Paging {
  kCursor,  // page[limit], page[after], page[before]
  kNumber,  // page[number], page[size]
  kBoth,    // page numbers when the request has them, else cursors
};

struct ApiSettings {
  Paging paging = Paging::kBoth;
  /// Of each account that does not say its own; 0: no limit and no x-ratelimit headers.
  std::uint32_t requests_per_second = 0;
};

/// The connection whose active calls a path names; nothing for any other path.
std::optional<std::string_view> ConnectionOfPath(std::string_view path);

/// At most so many requests in each second of real time. Any thread.
class RequestQuota {
 public:
  RequestQuota(const Clock& clock, std::uint32_t per_second)
      : clock_(clock), per_second_(per_second) {}

  std::uint32_t per_second() const { return per_second_; }

  /// How many are left in this second; nothing when the request is one too many.
  std::optional<std::uint32_t> CountRequest() {
    const std::lock_guard lock(mutex_);
    const auto second =
        std::chrono::floor<std::chrono::seconds>(clock_.Now().time_since_epoch()).count();
    if (second != second_) {
      second_ = second;
      used_ = 0;
    }
    if (used_ >= per_second_) return std::nullopt;
    return per_second_ - ++used_;
  }

 private:
  const Clock& clock_;
  const std::uint32_t per_second_;
  std::mutex mutex_;
  std::int64_t second_ = -1;
  std::uint32_t used_ = 0;
};

class Api {
 public:
  /// `world` and `clock` outlive the API.
  Api(ApiSettings settings, CallWorld& world, const Clock& clock);

  /// Answers everything under /v2. Any thread.
  HttpResponse Answer(const HttpRequest& request);

  /// A request that would be answered with a page in the cursor form.
  struct CursorRequest {
    std::string_view connection_id;
    std::shared_ptr<const CallView> view;
    CursorQuery query;
  };
  /// Nothing for every other request. Lives as long as the request's path.
  std::optional<CursorRequest> AsCursorRequest(const HttpRequest& request);

  /// The name of the account whose key the request has; empty without one.
  std::string_view AccountName(const HttpRequest& request) const;
  SimTime Now() const { return world_.clock().Now(); }

 private:
  /// An account as its clients find it.
  struct Access {
    const AccountSettings& account;
    std::string authorization;            // the header that opens it
    std::unique_ptr<RequestQuota> quota;  // null: none
  };

  const Access* FindAccess(const HttpRequest& request) const;
  bool AsksByNumber(const HttpRequest& request) const;
  HttpResponse Route(const AccountSettings& account, const HttpRequest& request);
  HttpResponse ListActiveCalls(const AccountSettings& account, const HttpRequest& request,
                               std::string_view connection_id);

  const ApiSettings settings_;
  CallWorld& world_;
  std::vector<Access> accesses_;
};

}  // namespace telnyx_exporter::simulator
