#include "web/microhttpd_request.h"

#include <algorithm>
#include <cstddef>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::pair<const char*, const char*> kNoSniffing = {"X-Content-Type-Options", "nosniff"};

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

bool HasHeader(const std::vector<std::pair<std::string, std::string>>& headers,
               std::string_view name) {
  return std::ranges::any_of(
      headers, [&](const auto& header) { return EqualsIgnoringAsciiCase(header.first, name); });
}

MHD_Result AppendField(void* context, MHD_ValueKind /*kind*/, const char* name,
                       std::size_t name_size, const char* value, std::size_t value_size) {
  static_cast<std::vector<HeaderField>*>(context)->push_back(
      {.name = {name, name_size}, .value = {value == nullptr ? "" : value, value_size}});
  return MHD_YES;
}

#if MHD_VERSION < 0x00097701
// These releases accept a bare line feed as a line's end, append a continuation line to the
// header's name, and end a line's text at a zero byte, all without a word; from 0.9.77.1 on
// MHD_OPTION_CLIENT_DISCIPLINE_LVL refuses them. But they parse in place, so that what they hand
// out lies where it came: a head of exactly "NAME:VALUE" lines that end in CR LF has no gaps.
constexpr std::ptrdiff_t kLineEnd = 2;

bool IsComplete(MHD_Connection* connection, const MicrohttpdRequestLine& line,
                const RequestHead& head) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  if (info == nullptr || line.raw_target == nullptr) return false;
  if (line.raw_target != line.method + head.method.size() + 1) return false;
  if (line.version != line.raw_target + head.target.size() + 1) return false;
  const char* at = line.version + head.version.size() + kLineEnd;
  for (const HeaderField& field : head.headers) {
    // Between the two are the colon and blanks.
    if (field.name.data() != at || field.value.data() <= at + field.name.size()) return false;
    at = field.value.data() + field.value.size() + kLineEnd;
  }
  return at + kLineEnd == line.method + info->header_size;
}
#else
bool IsComplete(MHD_Connection* /*connection*/, const MicrohttpdRequestLine& /*line*/,
                const RequestHead& /*head*/) {
  return true;
}
#endif

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

std::expected<RequestHead, RequestFault> ReadRequestHead(MHD_Connection* connection,
                                                         const MicrohttpdRequestLine& line) {
  RequestHead head{.method = line.method, .target = line.target, .version = line.version};
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, &AppendField, &head.headers);
  if (!IsComplete(connection, line, head)) {
    return std::unexpected(RequestFault{
        .status = 400, .text = "a line end, a zero byte or a blank where none is allowed"});
  }
  return head;
}

MHD_Result QueueResponse(MHD_Connection* connection, HttpResponse response,
                         const ResponseDress& dress) {
  const auto status = static_cast<unsigned>(response.status);
  const auto own_headers = std::move(response.headers);
  const ResponsePtr made = MakeResponse(std::move(response));
  if (made == nullptr) return MHD_NO;
  const auto add = [&](const char* name, const char* value) {
    MHD_add_response_header(made.get(), name, value);
  };
  for (const auto& [name, value] : own_headers) {
    if (!HasHeader(dress.headers, name)) add(name.c_str(), value.c_str());
  }
  for (const auto& [name, value] : dress.headers) add(name.c_str(), value.c_str());
  if (!HasHeader(own_headers, kNoSniffing.first) && !HasHeader(dress.headers, kNoSniffing.first)) {
    add(kNoSniffing.first, kNoSniffing.second);
  }
  if (dress.close) add("Connection", "close");
  return MHD_queue_response(connection, status, made.get());
}

}  // namespace telnyx_exporter
