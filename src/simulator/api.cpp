#include "simulator/api.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <ranges>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace telnyx_exporter::simulator {
namespace {

constexpr std::string_view kAll = "connections";
constexpr std::string_view kVoiceProfiles = "outbound_voice_profiles";

/// A list of the connections of one kind, which carries what only this kind has.
struct KindList {
  std::string_view name;
  std::string_view record_type;
  std::string_view name_key;  // by which the connection's name goes there
};
constexpr std::array kKinds = {
    KindList{"call_control_applications", "call_control_application", "application_name"},
    KindList{"texml_applications", "texml_application", "friendly_name"},
    KindList{"credential_connections", "credential_connection", "connection_name"},
    KindList{"ip_connections", "ip_connection", "connection_name"},
    KindList{"fqdn_connections", "fqdn_connection", "connection_name"},
};
constexpr std::string_view kInboundChannels = "inbound_channels";
constexpr std::array kListNames = {kAll,           kKinds[0].name,  kKinds[1].name,
                                   kKinds[2].name, kKinds[3].name,  kKinds[4].name,
                                   kVoiceProfiles, kInboundChannels};

std::string Number(std::optional<std::uint32_t> number) {
  return number ? std::to_string(*number) : "null";
}

// A text that is null when there is none.
std::string OptionalText(std::string_view text) { return text.empty() ? "null" : JsonText(text); }

// What all lists of connections say; the object stays open.
void AppendCommon(std::string& body, const ConnectionSettings& connection,
                  std::string_view name_key, SimTime now) {
  body += fmt::format(
      R"({{"id":{},"record_type":{},"{}":{},"active":true,"webhook_event_url":{},"tags":[{}])",
      JsonText(connection.id), JsonText(connection.record_type), name_key,
      JsonText(connection.NameAt(now)),
      connection.has_webhook ? R"("https://example.com/webhook")" : "null",
      fmt::join(connection.tags | std::views::transform(JsonText), ","));
}

void AppendListed(std::string& body, const ConnectionSettings& connection, SimTime now) {
  AppendCommon(body, connection, "connection_name", now);
  body += fmt::format(R"(,"outbound_voice_profile_id":{}}})",
                      OptionalText(connection.voice_profile_id));
}

void AppendOfKind(std::string& body, const KindList& kind, const ConnectionSettings& connection,
                  SimTime now) {
  AppendCommon(body, connection, kind.name_key, now);
  if (kind.record_type == "credential_connection") {
    // The API sends them to everyone who has the key: a reader must not show or keep them.
    body += fmt::format(R"(,"user_name":"user{0}","password":"PASSWORD_OF_{0}")", connection.id);
  }
  body += fmt::format(
      R"(,"inbound":{{"channel_limit":{}}},"outbound":{{"channel_limit":{},"outbound_voice_profile_id":{}}}}})",
      Number(connection.inbound_channel_limit), Number(connection.outbound_channel_limit),
      OptionalText(connection.voice_profile_id));
}

void AppendProfile(std::string& body, const VoiceProfileSettings& profile) {
  body += fmt::format(
      R"({{"id":{},"record_type":"outbound_voice_profile","name":{},"enabled":true,"concurrent_call_limit":{}}})",
      JsonText(profile.id), JsonText(profile.name), Number(profile.concurrent_call_limit));
}

template <typename Row, typename AppendRow>
HttpResponse PageOf(const HttpRequest& request, const std::vector<const Row*>& rows,
                    AppendRow append_row) {
  const auto page = ReadNumberedPage(request, rows.size());
  if (!page) return page.error();
  std::string body = R"({"data":[)";
  for (std::size_t i = page->first; i < page->last; ++i) {
    if (i > page->first) body += ',';
    append_row(body, *rows[i]);
  }
  return JsonAnswer(200, body + R"(],"meta":{)" + page->Meta() + "}}");
}

std::vector<const ConnectionSettings*> Select(
    const AccountSettings& account, SimTime now,
    const std::function<bool(const ConnectionSettings&)>& wanted) {
  std::vector<const ConnectionSettings*> found;
  for (const ConnectionSettings& connection : account.connections) {
    if (connection.IsPresent(now) && wanted(connection)) found.push_back(&connection);
  }
  return found;
}

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

// The list that a path without its version names.
std::optional<std::string_view> ListOfPath(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  const auto found = std::ranges::find(kListNames, path.substr(1));
  if (found == kListNames.end()) return std::nullopt;
  return *found;
}

// The page of a list that the request asks for by page[number] and page[size], with the connections
// that exist at `now` and the names that they have then; 404 for a list that the account lacks.
HttpResponse ListAnswer(const AccountSettings& account, std::string_view list,
                        const HttpRequest& request, SimTime now) {
  if (std::ranges::find(account.lacking, list) != account.lacking.end()) return NotFound();
  if (list == kInboundChannels) {
    if (!account.inbound_channels) return NotFound();
    return JsonAnswer(
        200, fmt::format(R"({{"data":{{"channels":{},"record_type":"inbound_channels"}}}})",
                         *account.inbound_channels));
  }
  if (list == kVoiceProfiles) {
    std::vector<const VoiceProfileSettings*> profiles;
    profiles.reserve(account.voice_profiles.size());
    for (const VoiceProfileSettings& profile : account.voice_profiles) profiles.push_back(&profile);
    return PageOf(request, profiles, AppendProfile);
  }
  const auto kind = std::ranges::find(kKinds, list, &KindList::name);
  if (kind != kKinds.end()) {
    const auto found = Select(account, now, [&](const ConnectionSettings& connection) {
      return connection.record_type == kind->record_type;
    });
    return PageOf(request, found, [&](std::string& body, const ConnectionSettings& connection) {
      AppendOfKind(body, *kind, connection, now);
    });
  }
  const std::string part = request.Query("filter[connection_name][contains]").value_or("");
  const auto found = Select(account, now, [&](const ConnectionSettings& connection) {
    return connection.NameAt(now).find(part) != std::string::npos;
  });
  return PageOf(request, found, [&](std::string& body, const ConnectionSettings& connection) {
    AppendListed(body, connection, now);
  });
}

}  // namespace

std::span<const std::string_view> ListNames() { return kListNames; }

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
  const auto remaining = access->quota->CountRequest();
  HttpResponse response = remaining ? Route(access->account, request) : TooManyRequests();
  response.headers.emplace_back("x-ratelimit-limit", std::to_string(access->quota->per_second()));
  response.headers.emplace_back("x-ratelimit-remaining", std::to_string(remaining.value_or(0)));
  response.headers.emplace_back("x-ratelimit-reset", "1");
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
