#pragma once

// The polled API over the made-up calls: a request in, an answer out, no sockets. Written from the
// API's description alone and sharing nothing with the exporter's reading side.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/call_world.h"
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

class Api {
 public:
  /// `world` and `clock` outlive the API.
  Api(ApiSettings settings, CallWorld& world, const Clock& clock);

  /// Answers everything under /v2. Any thread.
  HttpResponse Answer(const HttpRequest& request);

 private:
  HttpResponse Route(const HttpRequest& request);
  HttpResponse ListActiveCalls(const HttpRequest& request, std::string_view connection_id);
  HttpResponse ListConnections(const HttpRequest& request);

  const ApiSettings settings_;
  CallWorld& world_;
  std::optional<RequestQuota> quota_;
};

}  // namespace telnyx_exporter::simulator
