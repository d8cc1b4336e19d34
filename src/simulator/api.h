#pragma once

// The polled API over the made-up calls: a request in, an answer out, no sockets. Written from the
// API's description alone and sharing nothing with the exporter's reading side.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/call_world.h"
#include "simulator/pages.h"
#include "simulator/request_quota.h"
#include "web/http_server.h"

namespace telnyx_exporter::simulator {

enum class Paging {
  kCursor,  // page[limit], page[after], page[before]
  kNumber,  // page[number], page[size]
  kBoth,    // page numbers when the request has them, else cursors
};

struct ApiSettings {
  std::string api_key = "KEY_SIMULATOR";
  Paging paging = Paging::kBoth;
  std::uint32_t requests_per_second = 0;  // 0: no limit and no x-ratelimit headers
};

/// The connection whose active calls a path names; nothing for any other path.
std::optional<std::string_view> ConnectionOfPath(std::string_view path);

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

 private:
  bool HasKey(const HttpRequest& request) const;
  bool AsksByNumber(const HttpRequest& request) const;
  HttpResponse Route(const HttpRequest& request);
  HttpResponse ListActiveCalls(const HttpRequest& request, std::string_view connection_id);
  HttpResponse ListConnections(const HttpRequest& request);

  const ApiSettings settings_;
  CallWorld& world_;
  std::optional<RequestQuota> quota_;
};

}  // namespace telnyx_exporter::simulator
