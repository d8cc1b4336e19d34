#pragma once

// An account's lists as the API has them: all its connections, those of each kind with their
// channel limits, the outbound voice profiles and the channels of the whole account. Written from
// the API's description alone. Any thread.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "simulator/account.h"
#include "web/http_server.h"

namespace telnyx_exporter::simulator {

/// The lists' names, which are their paths without the slash: "connections" first.
std::span<const std::string_view> ListNames();
/// A name of ListNames(); nothing for a path, without its version, that is no list's.
std::optional<std::string_view> ListOfPath(std::string_view path);

/// The page of a list that the request asks for by page[number] and page[size], with the
/// connections that exist at `now` and the names that they have then; 404 for a list that the
/// account lacks.
HttpResponse ListAnswer(const AccountSettings& account, std::string_view list,
                        const HttpRequest& request, SimTime now);

}  // namespace telnyx_exporter::simulator
