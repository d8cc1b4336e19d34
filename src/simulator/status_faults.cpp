#include "simulator/status_faults.h"

#include <string>

#include "simulator/answers.h"

namespace telnyx_exporter::simulator {

HttpResponse StatusAnswer(int status) {
  switch (status) {
    case 401:
      return KeyRefused();
    case 403:
      return ErrorAnswer(403, "10010", "Authorization failed",
                         "You do not have permission to perform the requested action.");
    case 404:
      return NotFound();
    case 422:
      return ErrorAnswer(422, "10015", "Bad request", "The connection has no webhook address.");
    case 429:
      return TooManyRequests();
    default:
      return status >= 500 ? HtmlAnswer(status) : HttpResponse{.status = status};
  }
}

HttpResponse RedirectAnswer(int status, const FaultyRequest& faulty) {
  std::string location = faulty.redirect_target;
  location += faulty.request.path();
  if (!faulty.request.query().empty()) location.append("?").append(faulty.request.query());
  return {.status = status, .headers = {{"Location", std::move(location)}}};
}

WireAnswer LimitRate(const FaultyRequest& /*faulty*/) {
  HttpResponse response = TooManyRequests();
  for (const auto& [name, value] : {std::pair{"Retry-After", "1"},
                                    {"x-ratelimit-limit", "10"},
                                    {"x-ratelimit-remaining", "0"},
                                    {"x-ratelimit-reset", "1"}}) {
    response.headers.emplace_back(name, value);
  }
  return response;
}

}  // namespace telnyx_exporter::simulator
