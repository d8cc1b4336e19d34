#pragma once

// The forms in which the API, and a gateway in front of it, answer. Any thread.

#include <string>
#include <string_view>

#include "web/http_server.h"

namespace telnyx_exporter::simulator {

HttpResponse JsonAnswer(int status, std::string body);

/// The API's error form with one entry. The texts go into the JSON as they are.
HttpResponse ErrorAnswer(int status, std::string_view code, std::string_view title,
                         std::string_view detail, std::string_view parameter = {});

/// What a proxy in front of an API shows to people when something is wrong.
HttpResponse HtmlAnswer(int status);

// The errors that more than one place answers with.
HttpResponse KeyRefused();
HttpResponse NotFound();
HttpResponse TooManyRequests();

}  // namespace telnyx_exporter::simulator
