#pragma once

// Puts a configuration into force while the exporter runs: the whole file at SIGHUP and POST
// /-/reload, the API keys alone when a key file changes. A new configuration is checked whole
// first; what is refused changes nothing. Any thread; one reload at a time.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/file_watch.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "config/config_load_state.h"
#include "metrics/exporter_metrics.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

class Reloader {
 public:
  /// Returns once the plan is in force; false when the exporter is stopping.
  using PutIntoForce = std::function<bool(PollPlan)>;

  /// `config` is what is in force already, loaded from `file`. References outlive the reloader.
  Reloader(std::string file, Config config, const Shard& shard, const Clock& clock, Log& log,
           ExporterMetrics& metrics, PutIntoForce put_into_force);

  /// Reads the file again. Returns what is wrong with it, a line for each error; nothing when it is
  /// in force now.
  std::vector<std::string> Reload();

  /// Reads the API keys again when a key file has changed since they were read.
  void RefreshKeys();

  /// In force now.
  std::shared_ptr<const Config> config() const;

  ConfigLoadState load_state() const;

 private:
  std::vector<std::string> Load();
  std::vector<std::string> Use(std::shared_ptr<const Config> config);
  void NoteOutcome(const std::vector<std::string>& errors);
  void WatchKeyFiles(const Config& config);

  const std::string file_;
  const Shard shard_;
  const Clock& clock_;
  Log& log_;
  ExporterMetrics& metrics_;
  const PutIntoForce put_into_force_;

  std::mutex reloading_;
  FileWatch key_files_;  // guarded by reloading_

  mutable std::mutex mutex_;
  std::shared_ptr<const Config> config_;  // guarded by mutex_
  ConfigLoadState load_state_;            // guarded by mutex_
};

}  // namespace telnyx_exporter
