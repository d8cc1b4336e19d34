#include "web/microhttpd_request.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

struct Search {
  std::string_view name;
  std::optional<std::string> found;
};

MHD_Result JoinMatching(void* context, MHD_ValueKind /*kind*/, const char* key,
                        std::size_t key_size, const char* value, std::size_t value_size) {
  auto& search = *static_cast<Search*>(context);
  if (EqualsIgnoringAsciiCase({key, key_size}, search.name)) {
    search.found = search.found ? *search.found + ", " : std::string();
    if (value != nullptr) search.found->append(value, value_size);
  }
  return MHD_YES;
}

struct ResponseDeleter {
  void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};
using ResponsePtr = std::unique_ptr<MHD_Response, ResponseDeleter>;

using SharedBody = std::shared_ptr<const std::string>;

void ReleaseBody(void* body) { delete static_cast<SharedBody*>(body); }

// The body is not copied: the response keeps a share of it.
ResponsePtr MakeResponse(HttpResponse&& response) {
  if (response.body == nullptr || response.body->empty()) {
    return ResponsePtr(MHD_create_response_from_buffer(0, nullptr, MHD_RESPMEM_PERSISTENT));
  }
  const std::string& bytes = *response.body;
  auto* share = new SharedBody(std::move(response.body));
  // libmicrohttpd only reads the bytes, but its interface takes them without const.
  ResponsePtr made(MHD_create_response_from_buffer_with_free_callback_cls(
      bytes.size(), const_cast<char*>(bytes.data()), &ReleaseBody, share));
  if (made == nullptr) ReleaseBody(share);
  return made;
}

}  // namespace

std::optional<std::string> MicrohttpdRequest::Header(std::string_view name) const {
  Search search{.name = name};
  MHD_get_connection_values_n(connection_, MHD_HEADER_KIND, &JoinMatching, &search);
  return search.found;
}

std::optional<std::string> MicrohttpdRequest::Query(std::string_view name) const {
  const char* value = nullptr;
  std::size_t size = 0;
  if (MHD_lookup_connection_value_n(connection_, MHD_GET_ARGUMENT_KIND, name.data(), name.size(),
                                    &value, &size) != MHD_YES) {
    return std::nullopt;
  }
  return value == nullptr ? std::string() : std::string(value, size);
}

MHD_Result QueueResponse(MHD_Connection* connection, HttpResponse response,
                         const std::vector<std::pair<std::string, std::string>>& headers) {
  const auto status = static_cast<unsigned>(response.status);
  const auto own_headers = std::move(response.headers);
  const ResponsePtr made = MakeResponse(std::move(response));
  if (made == nullptr) return MHD_NO;
  for (const auto& [name, value] : own_headers) {
    const bool replaced = std::ranges::any_of(
        headers, [&](const auto& header) { return EqualsIgnoringAsciiCase(header.first, name); });
    if (!replaced) MHD_add_response_header(made.get(), name.c_str(), value.c_str());
  }
  for (const auto& [name, value] : headers) {
    MHD_add_response_header(made.get(), name.c_str(), value.c_str());
  }
  return MHD_queue_response(connection, status, made.get());
}

}  // namespace telnyx_exporter
