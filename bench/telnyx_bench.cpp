// What it costs to read a page of 250 calls, of which the parser has seen many before.
//
//   build/release/telnyx_bench

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "telnyx/page_parser.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kRows = 250;
constexpr std::size_t kPadding = 64;

std::string Page(std::size_t first_row) {
  std::string rows;
  for (std::size_t i = first_row; i < first_row + kRows; ++i) {
    fmt::format_to(std::back_inserter(rows),
                   R"({}{{"call_control_id":"v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE)"
                   R"({:08x}","call_leg_id":"{:08x}-f9e0-11ea-b68e-02420a0f7768",)"
                   R"("call_session_id":"{:08x}-f9e0-11ea-bc5a-02420a0f7768","client_state":null,)"
                   R"("record_type":"call","call_duration":{}}})",
                   rows.empty() ? "" : ",", i, i, i / 10 * 10, i * 7919 % 7200);
  }
  return fmt::format(R"({{"data":[{}],"meta":{{"cursors":{{"after":"c{}","before":null}},)"
                     R"("total_items":250000}}}})",
                     rows, first_row);
}

void ParsePage(benchmark::State& state, const std::string& before) {
  std::string body = before + Page(100'000);
  const std::size_t size = body.size();
  body.resize(size + kPadding);
  PageParser parser;
  std::vector<ActiveCall> calls;
  for ([[maybe_unused]] auto _ : state) {
    calls.clear();
    auto page = parser.Parse({body.data(), size}, calls);
    if (!page || calls.size() != kRows) state.SkipWithError("the page was not read");
    benchmark::DoNotOptimize(calls.data());
  }
  state.counters["per_call"] = benchmark::Counter(
      kRows, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

BENCHMARK_CAPTURE(ParsePage, usual, std::string());
BENCHMARK_CAPTURE(ParsePage, unusual, std::string(" "));  // simdjson reads all of it

}  // namespace
}  // namespace telnyx_exporter

BENCHMARK_MAIN();
