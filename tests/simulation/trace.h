#pragma once

#include <cstdint>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include "base/clock.h"
#include "simulation/random.h"

namespace telnyx_exporter::simulation {

/// Everything that happened as one number, so that two runs can be compared, and on request as
/// lines for people.
class Trace {
 public:
  explicit Trace(bool print) : print_(print) {}

  template <typename... Numbers>
  void Add(Instant now, std::string_view what, std::uint32_t account, Numbers... numbers) {
    auto event = static_cast<std::uint64_t>(now.time_since_epoch().count());
    for (const char c : what) event = event * 31 + static_cast<unsigned char>(c);
    ((event = Mix(event, static_cast<std::uint64_t>(numbers))), ...);
    all_ = Mix(all_, event);
    if (account == 0) first_account_ = Mix(first_account_, event);
    if (!print_) return;
    fmt::print("{:.9f} {} account={}", ToSeconds(now.time_since_epoch()), what, account);
    ((fmt::print(" {}", static_cast<std::uint64_t>(numbers))), ...);
    std::puts("");
  }

  std::uint64_t all() const { return all_; }
  std::uint64_t first_account() const { return first_account_; }

 private:
  const bool print_;
  std::uint64_t all_ = 0;
  std::uint64_t first_account_ = 0;
};

}  // namespace telnyx_exporter::simulation
