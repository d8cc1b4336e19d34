#include "simulator/traffic_model.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter::simulator {
namespace {

// Own drawing functions: the standard library's distributions differ between its versions, and the
// same seed should make the same calls everywhere.
double DrawUniform(std::mt19937_64& random) {
  return (static_cast<double>(random() >> 11U) + 0.5) / 9007199254740992.0;
}

double DrawExponential(std::mt19937_64& random) { return -std::log(DrawUniform(random)); }

double DrawNormal(std::mt19937_64& random) {
  const double radius = std::sqrt(2 * DrawExponential(random));
  return radius * std::cos(2 * std::numbers::pi * DrawUniform(random));
}

// A generator small enough to be made for every leg (splitmix64).
class LegRandom {
 public:
  explicit LegRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t operator()() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = (state_ ^ (state_ >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31U);
  }

  std::string Text(std::string_view alphabet, int length) {
    std::string text;
    for (int i = 0; i < length; ++i) text += alphabet[(*this)() % alphabet.size()];
    return text;
  }

 private:
  std::uint64_t state_;
};

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The form of a UUID made from the time, like the API's: the ids of one moment differ in few bits.
std::string MakeId(SimTime time, std::uint64_t random) {
  const auto ticks = static_cast<std::uint64_t>((time + 1.2e10) * 1e7);
  return fmt::format("{:08x}-{:04x}-1{:03x}-{:04x}-02420a{:06x}", ticks & 0xffffffffU,
                     (ticks >> 32U) & 0xffffU, (ticks >> 48U) & 0xfffU,
                     0x8000U | (random & 0x3fffU), (random >> 14U) & 0xffffffU);
}

// Some customers attach state to their calls, most do not.
std::string MakeClientState(LegRandom& random) {
  return random() % 3 == 0 ? fmt::format("\"{}=\"", random.Text(kBase64, 23)) : "null";
}

}  // namespace

// As long before the start as a call can last, so that it begins in its steady state.
TrafficModel::Sessions::Sessions(const TrafficSettings& kind, SimTime start)
    : settings(kind), random(kind.seed), next(start - kind.longest_seconds) {
  if (Rate() > 0) next += DrawExponential(random) / Rate();
}

// Little's law: active legs are the rate of legs times their mean duration.
double TrafficModel::Sessions::Rate() const {
  const double legs_per_session = 1 + settings.transfer_share;
  return settings.mean_active_calls / settings.mean_duration_seconds / legs_per_session;
}

double TrafficModel::Sessions::WaveAt(SimTime time) const {
  const double angle = 2 * std::numbers::pi * (time + settings.wave_phase_seconds) / kSecondsPerDay;
  return 1 + settings.daily_wave * std::sin(angle);
}

double TrafficModel::Sessions::DrawDuration() {
  const double sigma = settings.duration_spread;
  const double mu = std::log(settings.mean_duration_seconds) - sigma * sigma / 2;
  return std::min(std::exp(mu + sigma * DrawNormal(random)), settings.longest_seconds);
}

TrafficModel::TrafficModel(const std::vector<TrafficSettings>& kinds, SimTime start)
    : start_(start) {
  for (const TrafficSettings& kind : kinds) sessions_.emplace_back(kind, start);
}

void TrafficModel::AdvanceTo(SimTime now) {
  for (Sessions& sessions : sessions_) BeginSessions(sessions, now);
  while (!upcoming_.empty() && upcoming_.front().begins <= now) {
    std::ranges::pop_heap(upcoming_, std::greater<>());
    FutureLeg leg = std::move(upcoming_.back());
    upcoming_.pop_back();
    BeginLeg(std::move(leg), now);
  }
  ended_ += std::erase_if(legs_, [now](const auto& leg) { return leg->ends <= now; });
}

void TrafficModel::BeginSessions(Sessions& sessions, SimTime now) {
  const TrafficSettings& settings = sessions.settings;
  const double highest_rate = sessions.Rate() * (1 + settings.daily_wave);
  if (!(highest_rate > 0)) return;
  while (sessions.next <= now) {
    const SimTime time = sessions.next;
    if (settings.window && !settings.window->Contains(time)) {
      // Arrivals have no memory of the time without one.
      sessions.next =
          settings.window->NextStart(time) + DrawExponential(sessions.random) / highest_rate;
      continue;
    }
    // Thinning: candidates come at the highest rate and are kept as often as the wave says.
    if (DrawUniform(sessions.random) * (1 + settings.daily_wave) < sessions.WaveAt(time)) {
      BeginSession(sessions, time, now);
    }
    sessions.next += DrawExponential(sessions.random) / highest_rate;
  }
}

void TrafficModel::BeginSession(Sessions& sessions, SimTime time, SimTime now) {
  // Both legs wait in the same heap, so that legs begin in the order of their times.
  std::mt19937_64& random = sessions.random;
  const double duration = sessions.DrawDuration();
  std::string session_id = MakeId(time, random());
  if (DrawUniform(random) < sessions.settings.transfer_share) {
    const SimTime transferred = time + duration * DrawUniform(random);
    AddUpcoming({transferred, transferred + sessions.DrawDuration(), session_id, random()}, now);
  }
  AddUpcoming({time, time + duration, std::move(session_id), random()}, now);
}

// Began and ended between two looks: no client sees it.
void TrafficModel::CountUnseen(SimTime begins) {
  if (begins < start_) return;
  ++started_;
  ++ended_;
}

void TrafficModel::AddUpcoming(FutureLeg leg, SimTime now) {
  // At once, so that a long time with many short calls takes no memory.
  if (leg.ends <= now) return CountUnseen(leg.begins);
  upcoming_.push_back(std::move(leg));
  std::ranges::push_heap(upcoming_, std::greater<>());
}

void TrafficModel::BeginLeg(FutureLeg leg, SimTime now) {
  if (leg.ends <= now) return CountUnseen(leg.begins);
  if (leg.begins >= start_) ++started_;
  LegRandom random(leg.seed);
  auto added = std::make_shared<Leg>(Leg{.begins = leg.begins,
                                         .ends = leg.ends,
                                         .number = ++last_number_,
                                         .id = MakeId(leg.begins, random()),
                                         .session_id = std::move(leg.session_id),
                                         .row = {}});
  added->row = fmt::format(
      R"({{"call_control_id":"{}","call_leg_id":"{}","call_session_id":"{}","client_state":{},)"
      R"("record_type":"call","call_duration":)",
      "v3:" + random.Text(kBase64Url, 54), added->id, added->session_id, MakeClientState(random));
  legs_.push_back(std::move(added));
}

}  // namespace telnyx_exporter::simulator
