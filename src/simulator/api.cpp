#include "simulator/api.h"

#include <utility>
#include <vector>

#include "base/text.h"
#include "simulator/answers.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr std::string_view kApiPrefix = "/v2";
constexpr std::string_view kConnections = "/connections";
constexpr std::string_view kActiveCalls = "/active_calls";

std::string_view WithoutPrefix(std::string_view path) {
  return path.starts_with(kApiPrefix) ? path.substr(kApiPrefix.size()) : path;
}

bool Reads(const HttpRequest& request) {
  return request.method() == "GET" || request.method() == "HEAD";
}

HttpResponse MethodNotAllowed() {
  HttpResponse response = ErrorAnswer(405, "10003", "Method not allowed", "Only GET is allowed.");
  response.headers.emplace_back("Allow", "GET, HEAD");
  return response;
}

void AppendConnection(std::string& body, const ConnectionSettings& connection) {
  body += R"({"id":)";
  AppendJsonString(body, connection.id);
  body += R"(,"record_type":)";
  AppendJsonString(body, connection.record_type);
  body += R"(,"connection_name":)";
  AppendJsonString(body, connection.name);
  body +=
      R"(,"active":true,"webhook_event_url":"https://example.com/webhook","outbound_voice_profile_id":null,"tags":[]})";
}

}  // namespace

std::optional<std::string_view> ConnectionOfPath(std::string_view path) {
  path = WithoutPrefix(path);
  if (!path.starts_with(kConnections)) return std::nullopt;
  path.remove_prefix(kConnections.size());
  const bool names_one = path.starts_with('/') && path.ends_with(kActiveCalls) &&
                         path.size() > kActiveCalls.size() + 1;
  if (!names_one) return std::nullopt;
  return path.substr(1, path.size() - 1 - kActiveCalls.size());
}

Api::Api(ApiSettings settings, CallWorld& world, const Clock& clock)
    : settings_(std::move(settings)), world_(world) {
  if (settings_.requests_per_second > 0) quota_.emplace(clock, settings_.requests_per_second);
}

HttpResponse Api::Answer(const HttpRequest& request) {
  if (!HasKey(request)) return KeyRefused();
  if (!quota_) return Route(request);
  const RequestQuota::Verdict verdict = quota_->Take();
  HttpResponse response = verdict.allowed ? Route(request) : TooManyRequests();
  response.headers.emplace_back("x-ratelimit-limit", std::to_string(quota_->per_second()));
  response.headers.emplace_back("x-ratelimit-remaining", std::to_string(verdict.remaining));
  response.headers.emplace_back("x-ratelimit-reset", std::to_string(verdict.reset_seconds));
  return response;
}

std::optional<Api::CursorRequest> Api::AsCursorRequest(const HttpRequest& request) {
  const auto connection_id = ConnectionOfPath(request.path());
  if (!connection_id || !Reads(request) || !HasKey(request) || AsksByNumber(request)) {
    return std::nullopt;
  }
  auto view = world_.View(*connection_id);
  const auto query = ReadCursorQuery(request);
  if (view == nullptr || !query) return std::nullopt;
  return CursorRequest{*connection_id, std::move(view), *query};
}

bool Api::HasKey(const HttpRequest& request) const {
  return request.Header("Authorization") == "Bearer " + settings_.api_key;
}

bool Api::AsksByNumber(const HttpRequest& request) const {
  if (settings_.paging != Paging::kBoth) return settings_.paging == Paging::kNumber;
  return request.Query("page[number]") || request.Query("page[size]");
}

HttpResponse Api::Route(const HttpRequest& request) {
  const auto connection_id = ConnectionOfPath(request.path());
  const bool list = WithoutPrefix(request.path()) == kConnections;
  if (!connection_id && !list) return NotFound();
  if (!Reads(request)) return MethodNotAllowed();
  return list ? ListConnections(request) : ListActiveCalls(request, *connection_id);
}

HttpResponse Api::ListActiveCalls(const HttpRequest& request, std::string_view connection_id) {
  const auto view = world_.View(connection_id);
  if (view == nullptr) return NotFound();
  if (AsksByNumber(request)) {
    const auto page = ReadNumberedPage(request, view->legs.size());
    return page ? NumberedPageAnswer(*view, *page) : page.error();
  }
  const auto query = ReadCursorQuery(request);
  if (!query) return query.error();
  return CursorPageAnswer(*view, connection_id, SelectCursorPage(*view, *query));
}

HttpResponse Api::ListConnections(const HttpRequest& request) {
  std::vector<const ConnectionSettings*> found;
  const std::string part = request.Query("filter[connection_name][contains]").value_or("");
  for (const ConnectionSettings& connection : world_.connections()) {
    if (connection.name.find(part) != std::string::npos) found.push_back(&connection);
  }
  const auto page = ReadNumberedPage(request, found.size());
  if (!page) return page.error();
  std::string body = R"({"data":[)";
  for (std::size_t i = page->first; i < page->last; ++i) {
    if (i > page->first) body += ',';
    AppendConnection(body, *found[i]);
  }
  return JsonAnswer(200, body + R"(],"meta":{)" + page->Meta() + "}}");
}

}  // namespace telnyx_exporter::simulator
