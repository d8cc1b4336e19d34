#include "app/reloader.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/check_config.h"
#include "app/service_manager.h"

namespace telnyx_exporter {

Reloader::Reloader(ConfigSource source, const Shard& shard, const LoadedPlan& in_force,
                   const Clock& clock, Log& log, Events events)
    : source_(std::move(source)),
      shard_(shard),
      clock_(clock),
      log_(log),
      events_(std::move(events)),
      config_(in_force.config),
      load_state_{.file = in_force.origin, .loaded = clock.WallNow()} {
  key_files_.Watch(in_force.key_files);
  KeepKeys(in_force.plan);
  TellReadable({});
}

ConfigErrors Reloader::Reload() {
  NotifyReloading();
  std::vector<std::string> errors = LoadAndUse();
  events_.on_reloaded(errors.empty());
  for (const std::string& error : errors) {
    log_.Error("configuration refused, the old one stays", {{"error", error}});
  }
  NotifyReady();
  return errors;
}

ConfigErrors Reloader::LoadAndUse() {
  auto next = LoadPlan(source_, shard_, log_);
  if (!next) {
    NoteReload(next.error(), {});
    return std::move(next.error());
  }
  std::vector<AccountKey> keys_before = std::exchange(keys_, {});
  KeepKeys(next->plan);
  if (!events_.put_into_force(std::move(next->plan))) {
    keys_ = std::move(keys_before);
    return {"the exporter is stopping"};
  }
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
  if (!key_files_.DetectChange()) return;
  const auto config = this->config();
  std::vector<ApiKeySource> unreadable;
  std::vector<std::string> errors;
  const std::string file = load_state().file;
  // Accounts may share a key or a CA file.
  const auto refuse = [&](std::string_view sentence, std::string error) {
    if (std::ranges::find(errors, error) != errors.end()) return;
    log_.Error(sentence, {{"file", file}, {"error", error}});
    errors.push_back(std::move(error));
  };
  const auto read_key = [&](const ApiKeySource& source) -> Result<Secret> {
    auto key = ReadApiKey(source, log_);
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
  } else {
    KeepKeys(*plan);
    if (!events_.put_into_force(std::move(*plan))) return;
  }
  TellReadable(unreadable);
  log_.Info("API keys reloaded", {{"refused", errors.size()}});
  const std::lock_guard lock(mutex_);
  load_state_.key_errors = std::move(errors);
}

void Reloader::KeepKeys(const PollPlan& plan) {
  keys_.clear();
  for (const AccountPlan& account : plan.accounts)
    keys_.push_back({account.name, account.endpoint});
}

std::shared_ptr<const Endpoint> Reloader::EndpointInForce(
    const std::function<bool(const AccountConfig&)>& matches) const {
  const auto config = this->config();
  for (const AccountConfig& account : config->accounts) {
    if (!matches(account)) continue;
    const auto key = std::ranges::find(keys_, account.name, &AccountKey::account);
    if (key != keys_.end()) return key->endpoint;
  }
  return nullptr;
}

void Reloader::TellReadable(const std::vector<ApiKeySource>& unreadable) const {
  const auto config = this->config();
  for (const AccountConfig& account : config->accounts) {
    events_.on_key_read(account.name,
                        std::ranges::find(unreadable, account.api_key) == unreadable.end());
  }
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
