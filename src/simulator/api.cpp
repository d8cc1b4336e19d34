#include "simulator/api.h"

#include <algorithm>
#include <utility>

#include "simulator/answers.h"
#include "simulator/lists.h"

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
    : settings_(settings), world_(world) {
  for (const AccountSettings& account : world.accounts()) {
    Access& access = accesses_.emplace_back(account, "Bearer " + account.api_key, nullptr);
    const auto limit = account.requests_per_second.value_or(settings_.requests_per_second);
    if (limit > 0) access.quota = std::make_unique<RequestQuota>(clock, limit);
  }
}

HttpResponse Api::Answer(const HttpRequest& request) {
  const Access* access = FindAccess(request);
  if (access == nullptr) return KeyRefused();
  if (access->quota == nullptr) return Route(access->account, request);
  const RequestQuota::Verdict verdict = access->quota->Take();
  HttpResponse response = verdict.allowed ? Route(access->account, request) : TooManyRequests();
  response.headers.emplace_back("x-ratelimit-limit", std::to_string(access->quota->per_second()));
  response.headers.emplace_back("x-ratelimit-remaining", std::to_string(verdict.remaining));
  response.headers.emplace_back("x-ratelimit-reset", std::to_string(verdict.reset_seconds));
  return response;
}

std::optional<Api::CursorRequest> Api::AsCursorRequest(const HttpRequest& request) {
  const auto connection_id = ConnectionOfPath(request.path());
  const Access* access = FindAccess(request);
  if (!connection_id || !Reads(request) || access == nullptr || AsksByNumber(request)) {
    return std::nullopt;
  }
  auto view = world_.View(access->account, *connection_id);
  const auto query = ReadCursorQuery(request);
  if (view == nullptr || !query) return std::nullopt;
  return CursorRequest{*connection_id, std::move(view), *query};
}

std::string_view Api::AccountName(const HttpRequest& request) const {
  const Access* access = FindAccess(request);
  return access == nullptr ? std::string_view() : access->account.name;
}

const Api::Access* Api::FindAccess(const HttpRequest& request) const {
  const auto authorization = request.Header("Authorization");
  if (!authorization) return nullptr;
  const auto found = std::ranges::find(accesses_, *authorization, &Access::authorization);
  return found == accesses_.end() ? nullptr : &*found;
}

bool Api::AsksByNumber(const HttpRequest& request) const {
  if (settings_.paging != Paging::kBoth) return settings_.paging == Paging::kNumber;
  return request.Query("page[number]") || request.Query("page[size]");
}

HttpResponse Api::Route(const AccountSettings& account, const HttpRequest& request) {
  const auto connection_id = ConnectionOfPath(request.path());
  const auto list = ListOfPath(WithoutPrefix(request.path()));
  if (!connection_id && !list) return NotFound();
  if (!Reads(request)) return MethodNotAllowed();
  return list ? ListAnswer(account, *list, request, Now())
              : ListActiveCalls(account, request, *connection_id);
}

HttpResponse Api::ListActiveCalls(const AccountSettings& account, const HttpRequest& request,
                                  std::string_view connection_id) {
  const auto view = world_.View(account, connection_id);
  if (view == nullptr) return NotFound();
  if (AsksByNumber(request)) {
    const auto page = ReadNumberedPage(request, view->legs.size());
    return page ? NumberedPageAnswer(*view, *page) : page.error();
  }
  const auto query = ReadCursorQuery(request);
  if (!query) return query.error();
  return CursorPageAnswer(*view, connection_id, SelectCursorPage(*view, *query));
}

}  // namespace telnyx_exporter::simulator
