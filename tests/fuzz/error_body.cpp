// The body of an answer that is not a page.

#include <string_view>

#include "fuzz/guarded_body.h"
#include "fuzz/input.h"
#include "telnyx/failure.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telnyx_exporter;  // NOLINT(google-build-using-namespace)
  if (size > kMaxGuardedBytes) return -1;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto error = ParseErrorBody(GuardedBody(body, '\0').view());
  Require(ParseErrorBody(GuardedBody(body, '"').view()) == error, "the padding does not matter");
  if (!error) return 0;
  Require(IsShowable(error->code, 32), "the code can be shown");
  Require(IsShowable(error->title, 160), "the title can be shown");
  return 0;
}
