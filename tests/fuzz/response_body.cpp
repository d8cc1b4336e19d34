// A body as it comes from the network. The first bytes say how it is coded, how much of it is
// allowed and in which pieces it comes.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/gzip.h"
#include "fuzz/input.h"
#include "http/response.h"

namespace telnyx_exporter {
namespace {

using Verdict = ResponseBody::Verdict;

struct Outcome {
  Verdict verdict = Verdict::kOk;
  std::string body;

  bool operator==(const Outcome&) const = default;
};

Outcome Read(ResponseBody& body, bool gzip, std::size_t max_bytes, std::string_view bytes,
             std::size_t piece) {
  body.Begin(gzip, max_bytes);
  Outcome outcome;
  while (outcome.verdict == Verdict::kOk && !bytes.empty()) {
    // In memory of its own, so that reading past its end is seen.
    const std::string received(bytes.substr(0, piece));
    outcome.verdict = body.Append(received);
    bytes.remove_prefix(received.size());
  }
  if (outcome.verdict == Verdict::kOk) outcome.verdict = body.End();
  Require(body.size() <= max_bytes + 1, "the body is bounded");
  Require(outcome.verdict == Verdict::kTooLarge || body.size() <= max_bytes,
          "what is too large is called so");
  const std::string_view sealed = body.Sealed();
  Require(std::string_view(sealed.data() + sealed.size(), kBodyPadding) ==
              std::string_view(std::string(kBodyPadding, '\0')),
          "the padding is zero");
  outcome.body = sealed;
  return outcome;
}

void CheckAny(bool gzip, std::size_t max_bytes, std::string_view bytes, std::size_t piece) {
  static ResponseBody used;
  ResponseBody fresh;
  const Outcome outcome = Read(fresh, gzip, max_bytes, bytes, piece);
  // A first piece of 16 KB, then room for a full page, then twice as much each time.
  const std::size_t most =
      fresh.size() < 16384 - kBodyPadding ? 16384 : std::max<std::size_t>(2 * fresh.size(), 81920);
  Require(fresh.allocated_bytes() <= most + 2 * kBodyPadding, "the memory is in proportion");
  Require(Read(used, gzip, max_bytes, bytes, bytes.size() + 1) == outcome,
          "neither the pieces nor an earlier body matters");
  if (gzip) return;
  const bool fits = bytes.size() <= max_bytes;
  Require(outcome.verdict == (fits ? Verdict::kOk : Verdict::kTooLarge), "only size matters");
  Require(bytes.starts_with(outcome.body) && (!fits || outcome.body == bytes), "bytes are kept");
}

void CheckCompressed(std::size_t max_bytes, std::string_view bytes, std::size_t piece) {
  ResponseBody body;
  const Outcome outcome = Read(body, true, max_bytes, Gzip(std::string(bytes)), piece);
  const bool fits = bytes.size() <= max_bytes;
  Require(outcome.verdict == (fits ? Verdict::kOk : Verdict::kTooLarge), "gzip is undone");
  Require(!fits || outcome.body == bytes, "gzip gives back what was compressed");
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telnyx_exporter;  // NOLINT(google-build-using-namespace)
  FuzzInput input(data, size);
  const std::uint8_t kind = input.TakeByte();
  const std::size_t max_bytes = input.TakeNumber(3) % (std::size_t{1} << 18U);
  const std::size_t piece = input.TakeByte() + std::size_t{1};
  if (kind % 3 == 2) {
    CheckCompressed(max_bytes, input.rest(), piece);
  } else {
    CheckAny(kind % 3 == 1, max_bytes, input.rest(), piece);
  }
  return 0;
}
