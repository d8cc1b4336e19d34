// Everything that happens to the exporter and its world besides polling.

#include <algorithm>
#include <array>
#include <utility>

#include "simulation/driver.h"
#include "simulation/heap_meter.h"
#include "simulation/names.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

using namespace std::chrono_literals;

// Streams of chance, apart from each other.
enum Stream : std::uint64_t {
  kReloads = 10,
  kWallJumps,
  kSuspensions,
  kRestarts,
  kPages,
  kHealth,
  kPerAccount = 100,
};

constexpr std::uint64_t kStreamsPerAccount = 8;

// What the exporter may hold: some for itself, some for each connection and account, some for a
// page, and the rows of the walks under way.
constexpr std::int64_t kMemoryOfItself = 2 << 20;
constexpr std::int64_t kMemoryPerConnection = 48 << 10;
// Room for as many calls as the API said there are, right or wrong, up to a bound.
constexpr std::int64_t kMemoryPerPoll = 12 << 20;
// Of the largest walk so far: its room is kept for later ones, and may be twice as large as needed.
constexpr std::int64_t kMemoryPerKeptRow = 80;

}  // namespace

void Driver::ScheduleAll() {
  for (std::uint32_t i = 0; i < world_.accounts().size(); ++i) {
    api_.account(i).keys = {0};
    UpdateHealth(i, start_);
    const bool calm = options_.others_seed && i == 0;
    const std::uint64_t stream = kPerAccount + i * kStreamsPerAccount;
    if (calm) continue;
    if (troubles_.storms) ScheduleStorms(i);
    if (troubles_.keys) {
      ScheduleOften(*troubles_.keys, stream + 1,
                    [this, i](Random& random, Instant at) { TroubleKey(i, random, at); });
    }
    if (troubles_.vanishing) {
      ScheduleOften(*troubles_.vanishing, stream + 2,
                    [this, i](Random& random, Instant at) { Vanish(i, random, at); });
    }
    if (troubles_.lists) {
      ScheduleOften(*troubles_.lists, stream + 3,
                    [this, i](Random& random, Instant at) { ChangeLists(i, random, at); });
    }
  }
  const auto often = [this](std::optional<Duration> mean, Stream stream, auto what) {
    if (mean) ScheduleOften(*mean, stream, what);
  };
  often(troubles_.reloads, kReloads, [this](Random& random, Instant at) {
    world_.Change(random);
    Reload(at);
  });
  often(troubles_.wall_jumps, kWallJumps,
        [this](Random& random, Instant) { JumpWallClock(random); });
  often(troubles_.suspensions, kSuspensions,
        [this](Random& random, Instant) { SuspendMachine(random); });
  often(troubles_.restarts, kRestarts, [this](Random&, Instant) { Restart(); });
  often(20min, kPages, [this](Random& random, Instant) {
    ReadPage();
    ReadPageNearExpiry(random);
  });
  often(10min, kHealth, [this](Random&, Instant at) { CheckHealth(at); });
  transport_.Schedule(start_ + options_.length,
                      [this](Instant) { exporter_->stop.request_stop(); });
}

void Driver::ScheduleOften(Duration mean, std::uint64_t stream,
                           std::function<void(Random&, Instant)> what) {
  const std::uint64_t seed = options_.others_seed.value_or(options_.seed);
  const auto random = std::make_shared<Random>(Mix(seed, stream));
  // Each time schedules the next one.
  struct Often {
    Driver& driver;
    Duration mean;
    std::shared_ptr<Random> random;
    std::function<void(Random&, Instant)> what;

    void operator()(Instant at) const {
      what(*random, at);
      driver.transport_.Schedule(at + random->Exponential(mean) + 1ms, *this);
    }
  };
  transport_.Schedule(start_ + random->Exponential(mean),
                      Often{*this, mean, random, std::move(what)});
}

void Driver::ScheduleStorms(std::uint32_t account) {
  ScheduleOften(*troubles_.storms, kPerAccount + account * kStreamsPerAccount,
                [this, account](Random& random, Instant at) { BeginStorm(account, random, at); });
}

void Driver::BeginStorm(std::uint32_t account, Random& random, Instant at) {
  if (!weather_[account].fair()) return;
  weather_[account] = DrawStorm(random);
  UpdateHealth(account, at);
  transport_.Schedule(at + random.LogBetween(Duration(5s), Duration(1h)), [=, this](Instant end) {
    weather_[account] = {};
    UpdateHealth(account, end);
  });
}

void Driver::TroubleKey(std::uint32_t account, Random& random, Instant at) {
  if (random.Chance(0.5)) {
    RevokeKey(account, world_.accounts()[account].key,
              random.LogBetween(Duration(10s), Duration(4h)), at);
  } else {
    RotateKey(account, random, at);
  }
}

void Driver::RevokeKey(std::uint32_t account, std::uint32_t key, Duration length, Instant at) {
  api_.account(account).keys.erase(key);
  UpdateHealth(account, at);
  transport_.Schedule(at + length, [=, this](Instant end) {
    api_.account(account).keys.insert(key);
    UpdateHealth(account, end);
  });
}

// The API gets a new key and loses the old one, the configuration follows: in any order.
void Driver::RotateKey(std::uint32_t account, Random& random, Instant at) {
  const std::uint32_t old_key = world_.accounts()[account].key;
  const std::uint32_t new_key = old_key + 1;
  const auto soon = [&] { return at + random.LogBetween(Duration(1ms), Duration(20min)); };
  transport_.Schedule(soon(), [=, this](Instant then) {
    api_.account(account).keys.insert(new_key);
    UpdateHealth(account, then);
  });
  transport_.Schedule(soon(), [=, this](Instant then) {
    api_.account(account).keys.erase(old_key);
    UpdateHealth(account, then);
  });
  transport_.Schedule(soon(), [=, this](Instant then) {
    world_.SetKey(account, new_key);
    UpdateHealth(account, then);
    Reload(then);
  });
}

void Driver::ChangeLists(std::uint32_t account, Random& random, Instant at) {
  const SimLists::Change change = api_.account(account).lists->ChangeOne(random);
  if (change.connection < kFirstListedConnection) return;
  for (std::uint32_t server = 0; server < kServers; ++server) {
    api_.connection({.server = server, .account = account, .connection = change.connection})
        .refusal = change.is_there ? 0 : 404;
  }
  recovery_.Disturb(at);
}

void Driver::Vanish(std::uint32_t account, Random& random, Instant at) {
  constexpr std::array kRefusals = {404, 404, 403, 422};
  const World::Account& configured = world_.accounts()[account];
  if (configured.connections.empty()) return;
  const std::string& id = configured.connections[random.Below(configured.connections.size())].id;
  const ConnectionPlace place{
      .server = configured.server, .account = account, .connection = ConnectionNumber(id)};
  api_.connection(place).refusal = random.Pick(kRefusals);
  transport_.Schedule(at + random.LogBetween(Duration(10s), Duration(6h)), [=, this](Instant then) {
    api_.connection(place).refusal = 0;
    recovery_.Disturb(then);
  });
}

void Driver::Reload(Instant at) {
  if (!exporter_->poller) return;
  exporter_->poller->Post([this, at, plan = world_.Plan()](Poller& poller) {
    checker_.BeforeApply(plan);
    plan_ = plan;
    {
      const HeapOwnerScope product(HeapOwner::kProduct);
      poller.Apply(plan);
    }
    checker_.AfterApply();
    recovery_.Disturb(std::max(at, clock_.Now()));
    ++statistics_.reloads;
  });
}

void Driver::JumpWallClock(Random& random) {
  const Duration by = random.LogBetween(Duration(1ms), Duration(72h));
  clock_.ShiftWallClock(random.Chance(0.5) ? by : -by);
  ++statistics_.wall_jumps;
}

void Driver::SuspendMachine(Random& random) {
  const Duration length = random.LogBetween(Duration(1s), Duration(8h));
  if (random.Chance(0.3)) {
    transport_.SuspendInNextSend(length);
  } else {
    transport_.Suspend(length);
  }
  recovery_.Disturb(clock_.Now() + length);
  ++statistics_.suspensions;
}

void Driver::Restart() {
  restarts_ = true;
  exporter_->stop.request_stop();
  ++statistics_.restarts;
}

void Driver::UpdateHealth(std::uint32_t account, Instant at) {
  const bool accepted = api_.account(account).keys.contains(world_.accounts()[account].key);
  recovery_.SetHealthy(account, accepted && weather_[account].fair(), at);
}

void Driver::CheckHealth(Instant at) {
  // Late news of a time in which the machine stood still says nothing.
  if (at == clock_.Now()) statistics_.recoveries += recovery_.Check(plan_, at);
  CheckMemory();
}

void Driver::ReadPage() {
  std::string text;
  WriteExposition(exporter_->listener.Read(), exporter_->metrics, ExpositionFormat::kText,
                  clock_.Now(), {.process = false}, text);
  page_checker_.Check(text, clock_.Now());
  ++statistics_.pages;
}

// Right before the moment at which some connection's values become too old, and at it.
void Driver::ReadPageNearExpiry(Random& random) {
  Instant expiry = Instant::max();
  const std::size_t first = random.Below(checker_.connections().size() + 1);
  for (std::size_t i = first; i < checker_.connections().size(); ++i) {
    const auto& connection = checker_.connections()[i];
    if (connection == nullptr || !connection->complete) continue;
    expiry = connection->complete->ended + connection->in_force.stale_after;
    break;
  }
  if (expiry == Instant::max() || expiry <= clock_.Now()) return;
  for (const Instant when : {expiry - 1ns, expiry}) {
    transport_.Schedule(when, [this](Instant) { ReadPage(); });
  }
}

void Driver::CheckMemory() {
  const std::int64_t held = ProductHeapBytes();
  statistics_.most_memory = std::max(statistics_.most_memory, held);
  std::int64_t connections = 0;
  std::int64_t polls = 0;
  for (const auto& connection : checker_.connections()) {
    if (connection == nullptr) continue;
    ++connections;
    polls += connection->poll ? 1 : 0;
  }
  most_connections_ = std::max(most_connections_, connections);
  const std::int64_t kept_rows =
      kMemoryPerKeptRow * static_cast<std::int64_t>(checker_.most_rows());
  const std::int64_t bound = kMemoryOfItself + std::min(kept_rows, kMemoryPerPoll) +
                             kMemoryPerConnection * most_connections_ + kMemoryPerPoll * polls;
  Require(held <= bound, "the exporter holds {} bytes for {} connections", held, connections);
}

}  // namespace telnyx_exporter::simulation
