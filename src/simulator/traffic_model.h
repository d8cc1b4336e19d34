#pragma once

// Made-up calls of one connection: arrivals as a Poisson process with a daily wave, log-normal
// durations, transfers that add a second leg to a session. The same settings and seed make the same
// calls; time comes in as an argument and may stand still, but not go back.

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace telnyx_exporter::simulator {

/// Seconds since the simulation began; calls may have begun before, at negative times.
using SimTime = double;

struct TrafficSettings {
  double mean_active_calls = 100;      // legs, over a day
  double mean_duration_seconds = 180;  // of a leg
  double duration_spread = 1.0;        // sigma of the duration's logarithm
  double transfer_share = 0.1;         // sessions with a second leg
  double daily_wave = 0.3;             // busiest hour against the mean: 0.3 is 30 % more
  double wave_phase_seconds = 0;       // when in the day the wave begins
  std::uint64_t seed = 1;
};

/// Dialled calls are ended by the network after four hours.
inline constexpr double kLongestCallSeconds = 14'400;
inline constexpr double kSecondsPerDay = 86'400;

struct Leg {
  SimTime begins = 0;
  SimTime ends = 0;
  std::uint64_t number = 0;  // unique in the connection and ascending with `begins`
  std::string id;
  std::string session_id;
  std::string row;  // its row as JSON, up to where the duration's digits go
};

class TrafficModel {
 public:
  explicit TrafficModel(const TrafficSettings& settings);

  /// Lets calls begin and end up to `now`.
  void AdvanceTo(SimTime now);

  /// Active at the time of the last AdvanceTo, in the order of their beginning.
  const std::vector<std::shared_ptr<const Leg>>& legs() const { return legs_; }
  /// Legs that have begun since the simulation began, and those that have ended.
  std::uint64_t started() const { return started_; }
  std::uint64_t ended() const { return ended_; }

 private:
  struct FutureLeg {
    SimTime begins;
    SimTime ends;
    std::string session_id;
    std::uint64_t seed;  // of its texts, so that they do not depend on which legs are looked at
    bool operator>(const FutureLeg& other) const { return begins > other.begins; }
  };

  double SessionRate() const;
  double WaveAt(SimTime time) const;
  double DrawDuration();
  void BeginSession(SimTime time);
  void BeginLeg(FutureLeg leg, SimTime now);

  const TrafficSettings settings_;
  std::mt19937_64 random_;
  SimTime next_session_ = -kLongestCallSeconds;
  std::vector<FutureLeg> upcoming_;  // heap: legs of known sessions that have not begun yet
  std::vector<std::shared_ptr<const Leg>> legs_;
  std::uint64_t last_number_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t ended_ = 0;
};

}  // namespace telnyx_exporter::simulator
