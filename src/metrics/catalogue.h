#pragma once

// Every metric's name, type, unit and help, in the order in which they are shown. Names are a
// contract with the users' dashboards and alerts: one may be added, changing one is a breaking
// change.

#include <array>
#include <span>

#include "exposition/metric.h"

namespace telnyx_exporter::catalogue {

// Per connection, from the last complete poll; absent while that is not known.
inline constexpr MetricDescriptor kActiveCalls{
    "telnyx_active_calls", MetricType::kGauge, "",
    "Active call legs of the connection, each call_leg_id counted once. Absent while not known."};
inline constexpr MetricDescriptor kActiveCallSessions{
    "telnyx_active_call_sessions", MetricType::kGauge, "",
    "Distinct call sessions of the connection's active legs. Absent while not known."};
inline constexpr MetricDescriptor kActiveCallsPeak{
    "telnyx_active_calls_peak", MetricType::kGauge, "",
    "The highest telnyx_active_calls of the polls within poll.peak_window. Absent while not "
    "known."};
inline constexpr MetricDescriptor kActiveCallDuration{
    "telnyx_active_call_duration_seconds", MetricType::kGaugeHistogram, "seconds",
    "How long the calls that are active now have lasted. A gauge histogram: it shrinks when calls "
    "end, so never use rate() on it."};
inline constexpr MetricDescriptor kLongestActiveCallDuration{
    "telnyx_longest_active_call_duration_seconds", MetricType::kGauge, "seconds",
    "Duration of the oldest active leg, 0 without one. Absent while not known."};
inline constexpr MetricDescriptor kReportedActiveCalls{
    "telnyx_reported_active_calls", MetricType::kGauge, "",
    "The API's own count of active calls (meta.total_items). Absent where it sends none."};
// Per connection, across its polls; from the first complete one on.
inline constexpr MetricDescriptor kCallsStarted{
    "telnyx_calls_started_total", MetricType::kCounter, "",
    "Call legs that appeared after the first complete poll. A lower bound: calls that begin and "
    "end between two polls are not seen."};
inline constexpr MetricDescriptor kCompletedCallDuration{
    "telnyx_completed_call_duration_seconds", MetricType::kHistogram, "seconds",
    "How long ended call legs lasted, to half the time between two polls. A lower bound: calls "
    "that "
    "begin and end between two polls are not seen."};
// Per connection, always there.
inline constexpr MetricDescriptor kConnectionInfo{
    "telnyx_connection_info", MetricType::kGauge, "",
    "Always 1: the connection's record type and whether it was configured or discovered."};
inline constexpr MetricDescriptor kConnectionChannelLimit{
    "telnyx_connection_channel_limit", MetricType::kGauge, "",
    "How many calls the connection may have at once, by where the limit comes from."};
inline constexpr MetricDescriptor kConnectionUp{
    "telnyx_connection_up", MetricType::kGauge, "",
    "1 when the newest poll was complete, else 0; 0 before the first poll."};
inline constexpr MetricDescriptor kConnectionLastSuccess{
    "telnyx_connection_last_success_timestamp_seconds", MetricType::kGauge, "seconds",
    "When the newest complete poll ended, in seconds since 1970. Absent before it."};
inline constexpr MetricDescriptor kConnectionPollDuration{
    "telnyx_connection_poll_duration_seconds", MetricType::kGauge, "seconds",
    "How long the newest poll took, all its pages, waits and retries. Absent before it."};
inline constexpr MetricDescriptor kConnectionPollPages{
    "telnyx_connection_poll_pages", MetricType::kGauge, "",
    "Pages in the newest complete poll. Absent before it."};
inline constexpr MetricDescriptor kPolls{"telnyx_polls_total", MetricType::kCounter, "",
                                         "Polls begun, whatever came of them."};
inline constexpr MetricDescriptor kPollFailures{"telnyx_poll_failures_total", MetricType::kCounter,
                                                "", "Polls that did not end complete."};
inline constexpr MetricDescriptor kConnectionFailureInfo{
    "telnyx_connection_failure_info", MetricType::kGauge, "",
    "1 with the reason of the newest poll's failure; absent when it was complete."};
inline constexpr MetricDescriptor kPollItemMismatches{
    "telnyx_poll_item_mismatches_total", MetricType::kCounter, "",
    "Complete polls that counted other than the API's own count said; calls that come and go "
    "between "
    "two pages do that."};

// Per account.
inline constexpr MetricDescriptor kApiRequests{
    "telnyx_api_requests_total", MetricType::kCounter, "",
    "API requests by HTTP status code; code=\"error\" for those without an answer."};
inline constexpr MetricDescriptor kApiRequestDuration{"telnyx_api_request_duration_seconds",
                                                      MetricType::kHistogram, "seconds",
                                                      "How long one API request took."};
inline constexpr MetricDescriptor kAccountPollFailures{
    "telnyx_account_poll_failures_total", MetricType::kCounter, "",
    "Polls of the account's connections that did not end complete, by reason."};
inline constexpr MetricDescriptor kAccountPollsSkipped{
    "telnyx_account_polls_skipped_total", MetricType::kCounter, "",
    "Polls that were due but not begun, because the one before was not over yet."};
inline constexpr MetricDescriptor kApiRetries{"telnyx_api_retries_total", MetricType::kCounter, "",
                                              "API requests sent again after a failure."};
inline constexpr MetricDescriptor kApiResponseBytes{
    "telnyx_api_response_bytes_total", MetricType::kCounter, "bytes",
    "Bytes of API response bodies after decompression."};
inline constexpr MetricDescriptor kApiRateLimitRemaining{
    "telnyx_api_rate_limit_remaining", MetricType::kGauge, "",
    "Requests left, as the newest x-ratelimit-remaining header said. Absent until one was seen."};
inline constexpr MetricDescriptor kApiRateLimitLimit{
    "telnyx_api_rate_limit_limit", MetricType::kGauge, "",
    "Requests allowed, as the newest x-ratelimit-limit header said. Absent until one was seen."};
inline constexpr MetricDescriptor kApiRateLimiterWait{
    "telnyx_api_rate_limiter_wait_seconds_total", MetricType::kCounter, "seconds",
    "Time that requests waited for the exporter's own rate limit of the account."};

inline constexpr MetricDescriptor kDiscoveredConnections{
    "telnyx_discovered_connections", MetricType::kGauge, "",
    "Connections that discovery found and keeps. Absent before the first complete list."};
inline constexpr MetricDescriptor kDiscoveryFailures{
    "telnyx_discovery_failures_total", MetricType::kCounter, "",
    "Refreshes of the account's lists that did not end complete."};
inline constexpr MetricDescriptor kDiscoveryLastSuccess{
    "telnyx_discovery_last_success_timestamp_seconds", MetricType::kGauge, "seconds",
    "When the account's lists were last read to the end, in seconds since 1970."};
inline constexpr MetricDescriptor kVoiceProfileCallLimit{
    "telnyx_outbound_voice_profile_concurrent_call_limit", MetricType::kGauge, "",
    "How many calls may use the outbound voice profile at once. Absent without a limit."};

// The exporter itself.
inline constexpr MetricDescriptor kShardInfo{
    "telnyx_exporter_shard_info", MetricType::kGauge, "",
    "Always 1: which of how many exporters that share the connections this is."};
inline constexpr MetricDescriptor kBuildInfo{
    "telnyx_exporter_build_info", MetricType::kGauge, "",
    "Always 1: the version, source revision and compiler of the exporter."};
inline constexpr MetricDescriptor kConfigReloadSuccessful{
    "telnyx_exporter_config_last_reload_successful", MetricType::kGauge, "",
    "1 when the newest attempt to load the configuration succeeded, else 0."};
inline constexpr MetricDescriptor kConfigReloadTime{
    "telnyx_exporter_config_last_reload_success_timestamp_seconds", MetricType::kGauge, "seconds",
    "When the configuration in force was loaded, in seconds since 1970."};
inline constexpr MetricDescriptor kPollLag{"telnyx_exporter_poll_lag_seconds",
                                           MetricType::kHistogram, "seconds",
                                           "How much later than due polls began."};
inline constexpr MetricDescriptor kTrackedCalls{
    "telnyx_exporter_tracked_calls", MetricType::kGauge, "",
    "Call legs of all connections that the next polls are compared with."};
inline constexpr MetricDescriptor kWebRequests{"telnyx_exporter_web_requests_total",
                                               MetricType::kCounter, "",
                                               "HTTP requests served, by handler and status code."};

// The process, under the names that all Prometheus clients use.
inline constexpr MetricDescriptor kProcessCpu{"process_cpu_seconds_total", MetricType::kCounter,
                                              "seconds", "User and system CPU time spent."};
inline constexpr MetricDescriptor kProcessOpenFds{"process_open_fds", MetricType::kGauge, "",
                                                  "Open file descriptors."};
inline constexpr MetricDescriptor kProcessMaxFds{"process_max_fds", MetricType::kGauge, "",
                                                 "How many file descriptors may be open."};
inline constexpr MetricDescriptor kProcessVirtualMemory{
    "process_virtual_memory_bytes", MetricType::kGauge, "bytes", "Virtual memory size."};
inline constexpr MetricDescriptor kProcessMaxVirtualMemory{"process_virtual_memory_max_bytes",
                                                           MetricType::kGauge, "bytes",
                                                           "How much virtual memory may be used."};
inline constexpr MetricDescriptor kProcessResidentMemory{
    "process_resident_memory_bytes", MetricType::kGauge, "bytes", "Resident memory size."};
inline constexpr MetricDescriptor kProcessStartTime{
    "process_start_time_seconds", MetricType::kGauge, "seconds",
    "When the process started, in seconds since 1970."};
inline constexpr MetricDescriptor kProcessThreads{"process_threads", MetricType::kGauge, "",
                                                  "Threads of the process."};

/// All of them.
inline constexpr std::array kAll = {
    &kActiveCalls,
    &kActiveCallSessions,
    &kActiveCallsPeak,
    &kActiveCallDuration,
    &kLongestActiveCallDuration,
    &kReportedActiveCalls,
    &kCallsStarted,
    &kCompletedCallDuration,
    &kConnectionInfo,
    &kConnectionChannelLimit,
    &kConnectionUp,
    &kConnectionLastSuccess,
    &kConnectionPollDuration,
    &kConnectionPollPages,
    &kPolls,
    &kPollFailures,
    &kConnectionFailureInfo,
    &kPollItemMismatches,
    &kApiRequests,
    &kApiRequestDuration,
    &kAccountPollFailures,
    &kAccountPollsSkipped,
    &kApiRetries,
    &kApiResponseBytes,
    &kApiRateLimitRemaining,
    &kApiRateLimitLimit,
    &kApiRateLimiterWait,
    &kDiscoveredConnections,
    &kDiscoveryFailures,
    &kDiscoveryLastSuccess,
    &kVoiceProfileCallLimit,
    &kShardInfo,
    &kBuildInfo,
    &kConfigReloadSuccessful,
    &kConfigReloadTime,
    &kPollLag,
    &kTrackedCalls,
    &kWebRequests,
    &kProcessCpu,
    &kProcessOpenFds,
    &kProcessMaxFds,
    &kProcessVirtualMemory,
    &kProcessMaxVirtualMemory,
    &kProcessResidentMemory,
    &kProcessStartTime,
    &kProcessThreads,
};

}  // namespace telnyx_exporter::catalogue
