#include <algorithm>
#include <cmath>

#include "pages/drawings.h"
#include "pages/page_parts.h"
#include "pages/status_page.h"
#include "telnyx/active_call.h"

namespace telnyx_exporter {
namespace {

constexpr Markup kWayBack("<p class=\"back\"><a href=\"./\">← All connections</a></p>\n");

void AddHeading(const ConnectionIdentity& identity, Html& html) {
  const ConnectionPlan& plan = identity.plan;
  html.Add(
      "{}<h1><bdi>{}</bdi></h1>\n<p class=\"sub\">account <bdi>{}</bdi> · connection "
      "<bdi class=\"id\">{}</bdi>",
      kWayBack, plan.name, identity.account, plan.id);
  for (const auto& [name, value] : plan.labels) {
    html.Add(" · <bdi>{}</bdi>: <bdi>{}</bdi>", name, value);
  }
  html.Add("</p>\n");
}

void AddCondition(const ConnectionSnapshot& state, const Moment& moment, Html& html) {
  html.Add("<div class=\"condition {}\">\n<p class=\"state\">",
           NameOf(ConditionOf(state, moment.now)));
  AddState(state, moment, html);
  html.Add("</p>\n");
  if (const auto& failure = state.failure) {
    if (!failure->api_title.empty() || !failure->api_code.empty()) {
      html.Add("<p>The API says: <q><bdi>{}</bdi></q> (code <bdi>{}</bdi>)</p>\n",
               failure->api_title, failure->api_code.empty() ? "none" : failure->api_code);
    }
    if (!failure->api_detail.empty()) {
      html.Add("<p><q><bdi>{}</bdi></q></p>\n", failure->api_detail);
    }
    if (!failure->detail.empty()) html.Add("<p><bdi>{}</bdi></p>\n", failure->detail);
  }
  html.Add("</div>\n");
}

void AddFigure(std::string_view name, const std::optional<std::string>& figure,
               std::string_view remark, Html& html) {
  html.Add("<div><dt>{}</dt><dd><span class=\"figure{}\">{}</span>", name,
           figure ? Markup("") : Markup(" none"), figure.value_or("not known"));
  if (!remark.empty()) html.Add("<span class=\"sub\">{}</span>", remark);
  html.Add("</dd></div>\n");
}

void AddValues(const ConnectionSnapshot& state, const Moment& moment, Html& html) {
  const CompletePoll& poll = *state.values;
  html.Add("<dl class=\"totals\">\n");
  const auto& limit = state.identity->plan.channel_limit;
  AddFigure("Active calls", CountWords(poll.summary.legs),
            limit ? "of " + CountWords(*limit) + " allowed" : "", html);
  std::optional<std::string> sessions;
  if (poll.summary.sessions) sessions = CountWords(*poll.summary.sessions);
  AddFigure("Sessions", sessions, sessions ? "" : "a call did not name its session", html);
  AddFigure("Longest call", DurationWords(std::chrono::seconds(poll.summary.longest_seconds)), "",
            html);
  if (poll.reported_legs) {
    AddFigure("The API's own count", CountWords(*poll.reported_legs),
              *poll.reported_legs == poll.summary.legs
                  ? ""
                  : "calls that come and go between two pages make a difference",
              html);
  }
  html.Add("</dl>\n<p class=\"sub\">From the poll that ended at ");
  AddTime(state.last_success, moment, html);
  html.Add("</p>\n");
}

void AddHistory(const ConnectionSnapshot& state, const Moment& moment, Html& html) {
  const CallHistory::Points points = state.history.At(moment.now);
  html.Add(
      "<section aria-labelledby=\"hour\">\n<h2 id=\"hour\">Last hour</h2>\n"
      "<figure class=\"hour\">\n<span class=\"top\" aria-hidden=\"true\">{}</span>",
      CountWords(Summarize(points).highest));
  DrawLargeHistory(points, html);
  html.Add(
      "<span class=\"axis\" aria-hidden=\"true\"><span>60 min ago</span><span>45</span>"
      "<span>30</span><span>15</span><span>now</span></span>\n"
      "<figcaption>{} The highest number of each minute.</figcaption>\n</figure>\n</section>\n",
      HistoryWords(points));
}

void AddDurationRow(const DurationCounts& durations, std::size_t bucket, std::uint64_t highest,
                    Html& html) {
  const std::uint64_t count = durations.counts[bucket];
  const double share =
      highest == 0 ? 0 : 100.0 * static_cast<double>(count) / static_cast<double>(highest);
  html.Add(
      "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td><td class=\"bar\">"
      "<svg aria-hidden=\"true\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\">"
      "<rect width=\"{:.3g}\" height=\"1\"/></svg></td></tr>\n",
      BucketWords(durations.bounds, bucket), CountWords(count), share);
}

void AddDurations(const CompletePoll& poll, Html& html) {
  const DurationCounts durations = DurationCountsOf(poll);
  if (durations.bounds.size() + 1 != durations.counts.size()) return;
  html.Add(
      "<section aria-labelledby=\"durations\">\n<h2 id=\"durations\">How long the calls have "
      "lasted</h2>\n<table class=\"buckets\">\n<thead><tr><th scope=\"col\">Duration</th>"
      "<th scope=\"col\" class=\"num\">Calls</th><td></td></tr></thead>\n<tbody>\n");
  const std::uint64_t highest = std::ranges::max(durations.counts);
  for (std::size_t i = 0; i < durations.counts.size(); ++i) {
    AddDurationRow(durations, i, highest, html);
  }
  html.Add("</tbody>\n</table>\n</section>\n");
}

void AddId(const CallId& id, Html& html) {
  if (IsUuid(id)) {
    html.Add("<td class=\"id\">{}</td>", UuidText(id));
  } else {
    html.Add("<td class=\"faint\">not a UUID, so not kept</td>");
  }
}

void AddLongestCalls(const CompletePoll& poll, Html& html) {
  html.Add("<section aria-labelledby=\"longest\">\n<h2 id=\"longest\">Longest calls</h2>\n");
  if (poll.longest_calls.empty()) {
    html.Add("<p class=\"empty\">There are none.</p>\n</section>\n");
    return;
  }
  html.Add(
      "<table class=\"longest\">\n<thead><tr><th scope=\"col\" class=\"num\">Duration</th>"
      "<th scope=\"col\">Call leg</th><th scope=\"col\">Call session</th></tr></thead>\n<tbody>\n");
  for (const ActiveCall& call : poll.longest_calls) {
    html.Add("<tr><td class=\"num\">{}</td>",
             DurationWords(std::chrono::seconds(call.duration_seconds)));
    AddId(call.leg, html);
    if (call.has_session) {
      AddId(call.session, html);
    } else {
      html.Add("<td class=\"faint\">not named</td>");
    }
    html.Add("</tr>\n");
  }
  html.Add("</tbody>\n</table>\n</section>\n");
}

void AddFact(std::string_view name, std::string_view value, Html& html) {
  html.Add("<div><dt>{}</dt><dd><bdi>{}</bdi></dd></div>\n", name, value);
}

// What the configuration or the API's lists say of the connection.
void AddKnown(const ConnectionPlan& plan, Html& html) {
  AddFact("Known from", plan.discovered ? "the account's lists" : "the configuration", html);
  if (!plan.record_type.empty()) AddFact("Kind", plan.record_type, html);
  if (plan.inbound_channel_limit) {
    AddFact("Inbound calls allowed", CountWords(*plan.inbound_channel_limit), html);
  }
  if (plan.outbound_channel_limit) {
    AddFact("Outbound calls allowed", CountWords(*plan.outbound_channel_limit), html);
  }
  if (!plan.voice_profile_id.empty()) {
    AddFact("Outbound voice profile",
            plan.voice_profile_name.empty() ? plan.voice_profile_id : plan.voice_profile_name,
            html);
  }
}

void AddPolling(const ConnectionSnapshot& state, const Moment& moment, Html& html) {
  const ConnectionPlan& plan = state.identity->plan;
  html.Add(
      "<section aria-labelledby=\"polling\">\n<h2 id=\"polling\">Polling</h2>\n"
      "<dl class=\"facts\">\n");
  if (state.polled()) {
    AddFact("Last poll ended", AgeWords(moment.now - state.last_poll_ended), html);
    AddFact("It took",
            state.last_poll_held_back ? "nothing: no request was sent"
                                      : ElapsedWords(*state.last_poll_duration),
            html);
  }
  if (state.next_due) AddFact("Next poll", UntilWords(*state.next_due - moment.now), html);
  if (state.values) {
    AddFact("Pages of the last complete poll", CountWords(state.values->pages), html);
    AddFact("Last complete poll", AgeWords(moment.wall - state.last_success), html);
  }
  if (state.totals) {
    // Calls that begin and end between two polls are never seen.
    AddFact("Calls begun since the start, at least", CountWords(state.totals->started), html);
    AddFact("Calls begun since the start, estimated",
            CountWords(static_cast<std::uint64_t>(std::llround(state.totals->started_estimated))),
            html);
    AddFact("Calls ended since the start, at least", CountWords(state.totals->completed.count()),
            html);
  }
  AddFact("Polls begun", CountWords(state.polls), html);
  AddFact("Polls failed", CountWords(state.failures), html);
  AddFact("Counted other than the API", CountWords(state.item_mismatches, "time", "times"), html);
  AddFact("Interval", ElapsedWords(plan.interval), html);
  if (const std::string words = IntervalWords(state); !words.empty()) {
    AddFact("Interval in force", words, html);
  }
  AddFact("Time-out", ElapsedWords(plan.timeout), html);
  AddFact("Values kept for", ElapsedWords(state.in_force().stale_after), html);
  AddKnown(plan, html);
  html.Add("</dl>\n</section>\n");
}

}  // namespace

std::string RenderConnectionPage(const ConnectionSnapshot& state, const ExporterFacts& facts,
                                 const Moment& moment) {
  const ConnectionIdentity& identity = *state.identity;
  Html html;
  OpenPage(identity.plan.name + " · telnyx_exporter", facts, moment, html);
  AddHeading(identity, html);
  AddCondition(state, moment, html);
  const bool known = state.knows_values(moment.now);
  if (known) {
    AddValues(state, moment, html);
  } else {
    html.Add("<p class=\"unknown\">The number of active calls is ");
    AddUnknown(state, moment, html);
    html.Add(".</p>\n");
  }
  AddHistory(state, moment, html);
  if (known) {
    html.Add("<div class=\"beside\">\n");
    AddDurations(*state.values, html);
    AddLongestCalls(*state.values, html);
    html.Add("</div>\n");
  }
  AddPolling(state, moment, html);
  ClosePage(facts, moment, html);
  return html.Take();
}

std::string RenderNoConnectionPage(std::string_view account, std::string_view id,
                                   const ExporterFacts& facts, const Moment& moment) {
  Html html;
  OpenPage("No such connection · telnyx_exporter", facts, moment, html);
  html.Add(
      "{}<h1>No such connection</h1>\n"
      "<p>Account <bdi>{}</bdi> has no connection <bdi class=\"id\">{}</bdi> that is polled.</p>\n",
      kWayBack, account, id);
  ClosePage(facts, moment, html);
  return html.Take();
}

}  // namespace telnyx_exporter
