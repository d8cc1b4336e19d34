#pragma once

// Made-up calls of one connection: arrivals as Poisson processes, each with a daily wave or a part
// of the day to itself, log-normal durations, transfers that add a second leg to a session. The
// same settings and seeds make the same calls; time comes in as an argument and may stand still,
// but not go back.

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "simulator/sim_time.h"

namespace telnyx_exporter::simulator {

/// Dialled calls are ended by the network after four hours.
inline constexpr double kLongestCallSeconds = 14'400;

/// One kind of calls.
struct TrafficSettings {
  double mean_active_calls = 100;      // legs, over a day or within the window
  double mean_duration_seconds = 180;  // of a leg
  double duration_spread = 1.0;        // sigma of the duration's logarithm
  double transfer_share = 0.1;         // sessions with a second leg
  double daily_wave = 0.3;             // busiest hour against the mean: 0.3 is 30 % more
  double wave_phase_seconds = 0;       // when in the day the wave begins
  std::optional<DayWindow> window;     // when calls begin; nothing: all day
  double longest_seconds = kLongestCallSeconds;
  std::uint64_t seed = 1;
};

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
  /// The calls of all kinds together; `start` is when the simulation begins.
  TrafficModel(const std::vector<TrafficSettings>& kinds, SimTime start);

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

  /// The sessions of one kind of calls.
  struct Sessions {
    Sessions(const TrafficSettings& kind, SimTime start);

    double Rate() const;
    double WaveAt(SimTime time) const;
    double DrawDuration();

    TrafficSettings settings;
    std::mt19937_64 random;
    SimTime next;
  };

  void BeginSessions(Sessions& sessions, SimTime now);
  void BeginSession(Sessions& sessions, SimTime time, SimTime now);
  void AddUpcoming(FutureLeg leg, SimTime now);
  void CountUnseen(SimTime begins);
  void BeginLeg(FutureLeg leg, SimTime now);

  const SimTime start_;
  std::vector<Sessions> sessions_;
  std::vector<FutureLeg> upcoming_;  // heap: legs of known sessions that have not begun yet
  std::vector<std::shared_ptr<const Leg>> legs_;
  std::uint64_t last_number_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t ended_ = 0;
};

}  // namespace telnyx_exporter::simulator
