#include "app/reloader.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/check_config.h"
#include "app/service_manager.h"
#include "base/text.h"

namespace telnyx_exporter {

Reloader::Reloader(ConfigSource source, const Shard& shard, const LoadedPlan& in_force,
                   const Clock& clock, Log& log, ExporterMetrics& metrics,
                   PutIntoForce put_into_force)
    : source_(std::move(source)),
      shard_(shard),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      put_into_force_(std::move(put_into_force)),
      config_(in_force.config),
      load_state_{.file = in_force.origin, .loaded = clock.WallNow()} {
  key_files_.Watch(in_force.key_files);
  endpoints_ = EndpointsOf(in_force.plan);
  TellReadable({});
}

ConfigErrors Reloader::Reload() {
  NotifyReloading();
  std::vector<std::string> errors = LoadAndUse();
  metrics_.Update([&](ExporterState& state) {
    state.config_successful = errors.empty();
    if (errors.empty()) state.config_loaded = clock_.WallNow();
  });
  for (const std::string& error : errors) {
    log_.Error("configuration refused, the old one stays", {{"error", error}});
  }
  NotifyReady();
  return errors;
}

ConfigErrors Reloader::LoadAndUse() {
  ConfigSource source = source_;
  // A file that is in force and has gone must not let the built-in configuration take its place.
  if (load_state().file == source.file) source.may_be_missing = false;
  auto next = LoadPlan(source, shard_, log_);
  if (!next) {
    NoteReload(next.error(), {});
    return std::move(next.error());
  }
  Endpoints endpoints = EndpointsOf(next->plan);
  if (!put_into_force_(std::move(next->plan))) return {"the exporter is stopping"};
  endpoints_ = std::move(endpoints);
  key_files_.Watch(std::move(next->key_files));
  {
    const std::lock_guard lock(mutex_);
    config_ = std::move(next->config);
  }
  TellReadable({});
  NoteReload({}, next->origin);
  log_.Info("configuration reloaded", {{"file", next->origin}});
  return {};
}

void Reloader::ReloadChangedKeys() {
  const bool changed = key_files_.DetectChange();
  if (!changed && !key_files_.RetryIsDue()) return;
  const ConfigLoadState before = load_state();
  if (!changed && before.key_errors.empty()) return;
  const auto config = this->config();
  std::vector<ApiKeySource> unreadable;
  std::vector<std::string> errors;
  const auto refuse = [&](std::string_view sentence, std::string error) {
    // Accounts may share a key or a CA file.
    if (Contains(errors, error)) return;
    // A change that is refused is said even if the one before it was refused for the same reason.
    if (changed || !Contains(before.key_errors, error)) {
      log_.Error(sentence, {{"file", before.file}, {"error", error}});
    }
    errors.push_back(std::move(error));
  };
  const auto read_key = [&](const ApiKeySource& source) -> Result<Secret> {
    // Warnings are said once, of keys that are read for the first time.
    const bool was_refused = std::ranges::any_of(before.key_errors, [&](const std::string& error) {
      return error.starts_with(DescribeKeySource(source) + ' ');
    });
    auto key = ReadApiKey(source, changed || was_refused ? &log_ : nullptr);
    if (key) return key;
    refuse("API key refused, the old one stays", std::move(key.error().message));
    unreadable.push_back(source);
    const auto endpoint = EndpointInForce([&](const auto& of) { return of.api_key == source; });
    return endpoint ? Result<Secret>(endpoint->api_key) : Fail("no API key is in use");
  };
  const auto read_ca = [&](const std::string& path) -> Result<std::string> {
    auto text = ReadCaFile(path);
    if (text) return text;
    refuse("CA file refused, the old one stays",
           fmt::format("tls.ca_file {} {}", path, text.error().message));
    const auto endpoint = EndpointInForce([&](const auto& of) { return of.tls.ca_file == path; });
    return endpoint ? Result<std::string>(endpoint->ca_certificates) : Fail("is not in use");
  };
  auto plan = MakePollPlan(*config, shard_, read_key, ReadProcessVariable, read_ca);
  if (!plan) {
    for (std::string& error : plan.error()) {
      refuse("API keys and CA files refused, the old ones stay", std::move(error));
    }
  }
  if (!changed && errors == before.key_errors) return;
  bool any_is_new = false;
  if (plan) {
    Endpoints endpoints = EndpointsOf(*plan);
    any_is_new =
        !std::ranges::equal(endpoints, endpoints_, [](const auto& left, const auto& right) {
          return left.first == right.first && *left.second == *right.second;
        });
    endpoints_ = std::move(endpoints);
    if (!put_into_force_(std::move(*plan))) return;
  }
  TellReadable(unreadable);
  if (any_is_new || errors.empty()) log_.Info("API keys reloaded", {{"refused", errors.size()}});
  const std::lock_guard lock(mutex_);
  load_state_.key_errors = std::move(errors);
}

Reloader::Endpoints Reloader::EndpointsOf(const PollPlan& plan) {
  Endpoints endpoints;
  for (const AccountPlan& account : plan.accounts) {
    endpoints.emplace(account.name, account.endpoint);
  }
  return endpoints;
}

std::shared_ptr<const Endpoint> Reloader::EndpointInForce(
    const std::function<bool(const AccountConfig&)>& matches) const {
  const auto config = this->config();
  for (const AccountConfig& account : config->accounts) {
    if (!matches(account)) continue;
    const auto found = endpoints_.find(account.name);
    if (found != endpoints_.end()) return found->second;
  }
  return nullptr;
}

void Reloader::TellReadable(const std::vector<ApiKeySource>& unreadable) const {
  const auto config = this->config();
  metrics_.Update([&](ExporterState& state) {
    for (const AccountConfig& account : config->accounts) {
      const auto found = std::ranges::find(unreadable, account.api_key);
      state.api_key_readable[account.name] = found == unreadable.end();
    }
  });
}

void Reloader::NoteReload(const std::vector<std::string>& errors, std::string origin) {
  const WallTime now = clock_.WallNow();
  const std::lock_guard lock(mutex_);
  load_state_.errors = errors;
  load_state_.refused.reset();
  if (!errors.empty()) {
    load_state_.refused = now;
    return;
  }
  load_state_.file = std::move(origin);
  load_state_.loaded = now;
  load_state_.key_errors.clear();
}

void Reloader::NoteWebConfig(std::vector<std::string> errors) {
  const std::lock_guard lock(mutex_);
  load_state_.web_errors = std::move(errors);
}

std::shared_ptr<const Config> Reloader::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

ConfigLoadState Reloader::load_state() const {
  const std::lock_guard lock(mutex_);
  return load_state_;
}

}  // namespace telnyx_exporter
