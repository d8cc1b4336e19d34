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

constexpr double kSecondsPerDay = 86'400;

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

// Some customers attach state to their calls, most do not.
std::string DrawClientState(std::mt19937_64& random) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (random() % 3 != 0) return "null";
  std::string state = "\"";
  for (int i = 0; i < 23; ++i) state += kAlphabet[random() % kAlphabet.size()];
  return state + "=\"";
}

std::string DrawToken(std::mt19937_64& random) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string token = "v3:";
  for (int i = 0; i < 54; ++i) token += kAlphabet[random() % kAlphabet.size()];
  return token;
}

}  // namespace

TrafficModel::TrafficModel(const TrafficSettings& settings)
    : settings_(settings), random_(settings.seed) {
  if (SessionRate() > 0) next_session_ += DrawExponential(random_) / SessionRate();
}

// Little's law: active legs are the rate of legs times their mean duration.
double TrafficModel::SessionRate() const {
  const double legs_per_session = 1 + settings_.transfer_share;
  return settings_.mean_active_calls / settings_.mean_duration_seconds / legs_per_session;
}

double TrafficModel::WaveAt(SimTime time) const {
  const double angle =
      2 * std::numbers::pi * (time + settings_.wave_phase_seconds) / kSecondsPerDay;
  return 1 + settings_.daily_wave * std::sin(angle);
}

double TrafficModel::DrawDuration() {
  const double sigma = settings_.duration_spread;
  const double mu = std::log(settings_.mean_duration_seconds) - sigma * sigma / 2;
  return std::min(std::exp(mu + sigma * DrawNormal(random_)), kLongestCallSeconds);
}

void TrafficModel::AdvanceTo(SimTime now) {
  const double highest_rate = SessionRate() * (1 + settings_.daily_wave);
  while (highest_rate > 0 && next_session_ <= now) {
    // Thinning: candidates come at the highest rate and are kept as often as the wave says.
    if (DrawUniform(random_) * (1 + settings_.daily_wave) < WaveAt(next_session_)) {
      BeginSession(next_session_);
    }
    next_session_ += DrawExponential(random_) / highest_rate;
  }
  while (!upcoming_.empty() && upcoming_.front().begins <= now) {
    std::ranges::pop_heap(upcoming_, std::greater<>());
    FutureLeg leg = std::move(upcoming_.back());
    upcoming_.pop_back();
    BeginLeg(std::move(leg), now);
  }
  const std::size_t gone =
      std::erase_if(legs_, [now](const auto& leg) { return leg->ends <= now; });
  ended_ += gone;
}

void TrafficModel::BeginSession(SimTime time) {
  // Both legs wait in the same heap, so that legs begin in the order of their times.
  const double duration = DrawDuration();
  std::string session_id = MakeId(time);
  if (DrawUniform(random_) < settings_.transfer_share) {
    const SimTime transferred = time + duration * DrawUniform(random_);
    upcoming_.push_back({transferred, transferred + DrawDuration(), session_id});
    std::ranges::push_heap(upcoming_, std::greater<>());
  }
  upcoming_.push_back({time, time + duration, std::move(session_id)});
  std::ranges::push_heap(upcoming_, std::greater<>());
}

void TrafficModel::BeginLeg(FutureLeg leg, SimTime now) {
  if (leg.begins >= 0) ++started_;
  if (leg.ends <= now) {
    // Began and ended between two looks: nobody will ask for it.
    if (leg.begins >= 0) ++ended_;
    return;
  }
  auto added = std::make_shared<Leg>(Leg{.begins = leg.begins,
                                         .ends = leg.ends,
                                         .number = ++last_number_,
                                         .id = MakeId(leg.begins),
                                         .session_id = std::move(leg.session_id),
                                         .row = {}});
  added->row = fmt::format(
      R"({{"call_control_id":"{}","call_leg_id":"{}","call_session_id":"{}","client_state":{},)"
      R"("record_type":"call","call_duration":)",
      DrawToken(random_), added->id, added->session_id, DrawClientState(random_));
  legs_.push_back(std::move(added));
}

// The form of a UUID made from the time, like the API's: the ids of one moment differ in few bits.
std::string TrafficModel::MakeId(SimTime time) {
  const auto ticks = static_cast<std::uint64_t>((time + 1.2e10) * 1e7);
  return fmt::format("{:08x}-{:04x}-1{:03x}-{:04x}-02420a{:06x}", ticks & 0xffffffffU,
                     (ticks >> 32U) & 0xffffU, (ticks >> 48U) & 0xfffU,
                     0x8000U | (random_() & 0x3fffU), random_() & 0xffffffU);
}

}  // namespace telnyx_exporter::simulator
