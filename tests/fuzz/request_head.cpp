// A request's head, taken apart into its lines as the web server gets it, and checked.

#include "web/request_head.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/text.h"
#include "fuzz/input.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxBody = 1000;

// "GET /path HTTP/1.1", then lines of NAME:VALUE; nothing is trimmed.
RequestHead TakeHead(FuzzInput& input) {
  RequestHead head{.method = input.TakeUntil(' '),
                   .target = input.TakeUntil(' '),
                   .version = input.TakeUntil('\n')};
  while (!input.empty()) {
    const std::string_view line = input.TakeUntil('\n');
    const std::size_t colon = std::min(line.find(':'), line.size());
    head.headers.push_back(
        {.name = line.substr(0, colon), .value = line.substr(std::min(colon + 1, line.size()))});
  }
  return head;
}

std::ptrdiff_t CountOf(const RequestHead& head, std::string_view name) {
  return std::ranges::count_if(head.headers, [&](const HeaderField& field) {
    return EqualsIgnoringAsciiCase(field.name, name);
  });
}

bool HasControl(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

void CheckAccepted(const RequestHead& head, const CheckedRequest& request) {
  Require(!request.path.empty() && !HasControl(request.path), "paths have no control characters");
  Require(request.path.front() == '/' || request.path == "*", "paths begin with a slash");
  Require(!HasControl(request.query), "queries are as they came, without control characters");
  Require(request.host.find_first_of(", /@\\\"") == std::string_view::npos, "a host is one host");
  const auto lengths = CountOf(head, "Content-Length");
  const auto codings = CountOf(head, "Transfer-Encoding");
  Require(lengths + codings <= 1, "a body is delimited in one way");
  Require(!request.has_body || lengths + codings == 1, "a body is announced");
  Require(CountOf(head, "Host") == 1 || (head.version == "HTTP/1.0" && CountOf(head, "Host") == 0),
          "a request is for one host");
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telnyx_exporter;
  FuzzInput input(data, size);
  const RequestHead head = TakeHead(input);
  const auto checked = CheckRequestHead(head, kMaxBody);
  if (checked) {
    CheckAccepted(head, *checked);
    if (head.method == "GET") {
      Require(!IsFromAnotherSite(head, checked->host), "GET is never refused for its origin");
    }
    IsFromAnotherSite(head, checked->host);
  } else {
    Require(checked.error().status == 400 || checked.error().status == 413, "one of two statuses");
    Require(!checked.error().text.empty(), "a refusal says why");
  }
  return 0;
}
