#include "pages/page_parts.h"

#include <array>

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxErrors = 20;

// Signs differ in shape, not in colour alone.
constexpr Markup kSigns(
    "<svg class=\"signs\" width=\"0\" height=\"0\" aria-hidden=\"true\">"
    "<symbol id=\"sign-up\" viewBox=\"0 0 12 12\"><circle cx=\"6\" cy=\"6\" r=\"4\"/></symbol>"
    "<symbol id=\"sign-failing\" viewBox=\"0 0 12 12\"><path d=\"M6 .8 11.6 11H.4Z\"/></symbol>"
    "<symbol id=\"sign-overdue\" viewBox=\"0 0 12 12\"><path d=\"M6 .6 11.4 6 6 11.4.6 6Z\"/>"
    "</symbol>"
    "<symbol id=\"sign-not-polled\" viewBox=\"0 0 12 12\"><circle cx=\"6\" cy=\"6\" r=\"3.4\" "
    "fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\"/></symbol>"
    "</svg>\n");

void AddHead(std::string_view title, Html& html) {
  html.Add(
      "<!DOCTYPE html>\n"
      "<html lang=\"en\">\n"
      "<head>\n"
      "<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>{}</title>\n"
      "<link rel=\"icon\" type=\"image/svg+xml\" href=\"{}\">\n"
      "<link rel=\"stylesheet\" href=\"{}\">\n"
      "<script src=\"{}\" defer></script>\n"
      "</head>\n",
      title, IconAsset().address, StyleAsset().address, ScriptAsset().address);
}

void AddErrors(const std::vector<std::string>& errors, Html& html) {
  html.Add("<ul>\n");
  for (std::size_t i = 0; i < errors.size() && i < kMaxErrors; ++i) {
    html.Add("<li><bdi>{}</bdi></li>\n", errors[i]);
  }
  if (errors.size() > kMaxErrors) html.Add("<li>and {} more</li>\n", errors.size() - kMaxErrors);
  html.Add("</ul>\n</section>\n");
}

void BeginNotice(std::string_view id, std::string_view title, Html& html) {
  html.Add("<section class=\"notice\" aria-labelledby=\"{}\">\n<h2 id=\"{}\">{}</h2>\n", id, id,
           title);
}

void AddConfigTrouble(const ConfigLoadState& config, const Moment& moment, Html& html) {
  if (config.refused) {
    BeginNotice("refused", "The newest configuration was refused", html);
    html.Add("<p>Tried at ");
    AddTime(*config.refused, moment, html);
    html.Add("; the one that was loaded at ");
    AddTime(config.loaded, moment, html);
    html.Add(" stays in force.</p>\n");
    AddErrors(config.errors, html);
  }
  if (!config.key_errors.empty()) {
    BeginNotice("keys", "A changed API key or CA file was refused", html);
    html.Add("<p>What was read before stays in use.</p>\n");
    AddErrors(config.key_errors, html);
  }
  if (!config.web_errors.empty()) {
    BeginNotice("web", "The newest web configuration was refused", html);
    html.Add("<p>The one that was loaded before stays in force.</p>\n");
    AddErrors(config.web_errors, html);
  }
}

// From here on a limit is close enough to be told.
constexpr double kCloseToLimit = 0.8;

struct Column {
  std::string_view heading;
  Markup css_class;
  std::optional<SortKey> sort;
};

constexpr std::array<Column, 8> kColumns = {{
    {"Connection", Markup("name"), SortKey::kName},
    {"State", Markup("state"), SortKey::kState},
    {"Active calls", Markup("num calls"), SortKey::kCalls},
    {"Last hour", Markup("drawing hour"), std::nullopt},
    {"Sessions", Markup("num sessions"), SortKey::kSessions},
    {"Durations", Markup("drawing spread"), std::nullopt},
    {"Longest call", Markup("num longest"), SortKey::kLongest},
    {"Polled", Markup("polled"), SortKey::kPolled},
}};

void AddHeading(const Column& column, const StatusQuery& query, Html& html) {
  html.Add("<th scope=\"col\" role=\"columnheader\" class=\"{}\"", column.css_class);
  if (!column.sort) {
    html.Add(">{}</th>\n", column.heading);
    return;
  }
  const bool sorted = query.sort == *column.sort;
  const bool ascending = query.order == SortOrder::kAscending;
  StatusQuery target = query;
  target.page = 1;
  target.sort = *column.sort;
  target.order = FirstOrderOf(*column.sort);
  if (sorted) {
    target.order = ascending ? SortOrder::kDescending : SortOrder::kAscending;
    html.Add(" aria-sort=\"{}\"", ascending ? "ascending" : "descending");
  }
  html.Add("><a id=\"sort-{}\" href=\"{}\">{}", NameOf(*column.sort), AddressOf(target),
           column.heading);
  if (sorted) html.Add("<span aria-hidden=\"true\"> {}</span>", ascending ? "↑" : "↓");
  html.Add("</a></th>\n");
}

void AddName(ConnectionKey key, const ConnectionIdentity& identity, Html& html) {
  const ConnectionPlan& plan = identity.plan;
  html.Add(
      "<th scope=\"row\" role=\"rowheader\" class=\"name\"><a id=\"link-{}\" href=\"{}\"><bdi>{}"
      "</bdi></a><span class=\"sub\"><bdi>{}</bdi>",
      static_cast<std::uint32_t>(key), ConnectionAddress(identity.account, plan.id), plan.name,
      identity.account);
  // A connection without a name of its own has its id for one.
  if (plan.name != plan.id) html.Add(" · <bdi class=\"id\">{}</bdi>", plan.id);
  html.Add("</span></th>\n");
}

void AddCalls(const ConnectionSnapshot& state, const Moment& moment, Html& html) {
  if (!state.knows_values(moment.now)) {
    html.Add("<td role=\"cell\" class=\"num calls unknown\">");
    AddUnknown(state, moment, html);
    html.Add("</td>\n");
    return;
  }
  const std::uint64_t calls = state.values->summary.legs;
  html.Add("<td role=\"cell\" class=\"num calls\"><span class=\"figure\">{}</span>",
           CountWords(calls));
  if (const auto& limit = state.identity->plan.channel_limit) {
    const double share = static_cast<double>(calls) / *limit;
    html.Add("<span class=\"sub{}\">{:.0f} % of {}</span>",
             share >= kCloseToLimit ? Markup(" close") : Markup(""), share * 100,
             CountWords(*limit));
  }
  if (state.failure) {
    html.Add("<span class=\"sub\">as of ");
    AddTime(state.last_success, moment, html);
    html.Add("</span>");
  }
  html.Add("</td>\n");
}

void AddHour(const ConnectionSnapshot& state, const Moment& moment, Html& html) {
  const CallHistory::Points points = state.history.At(moment.now);
  html.Add("<td role=\"cell\" class=\"drawing hour\">");
  DrawHistory(points, html);
  const HistorySummary summary = Summarize(points);
  if (summary.known_minutes > 0) {
    html.Add("<span class=\"sub\">peak {}</span>", CountWords(summary.highest));
  }
  html.Add("</td>\n");
}

void AddFigure(Markup css_class, const std::optional<std::string>& figure, Html& html) {
  html.Add("<td role=\"cell\" class=\"num {}{}\">", css_class,
           figure ? Markup("") : Markup(" none"));
  if (figure) {
    html.Add("{}", *figure);
  } else {
    html.Add("<span aria-hidden=\"true\">–</span><span class=\"hidden\">not known</span>");
  }
  html.Add("</td>\n");
}

void AddSpread(const ConnectionSnapshot& state, const Moment& moment, Html& html) {
  if (!state.knows_values(moment.now)) {
    html.Add(
        "<td role=\"cell\" class=\"drawing spread none\"><span class=\"hidden\">not known</span>"
        "</td>\n");
    return;
  }
  html.Add("<td role=\"cell\" class=\"drawing spread\">");
  DrawDurations(DurationCountsOf(*state.values), html);
  html.Add("</td>\n");
}

void AddEffort(const ConnectionSnapshot& state, Html& html) {
  if (state.last_poll_held_back) {
    html.Add("without a request");
    return;
  }
  html.Add("took {}", ElapsedWords(*state.last_poll_duration));
  if (state.complete()) html.Add(", {}", CountWords(state.values->pages, "page", "pages"));
}

void AddPolled(const ConnectionSnapshot& state, const Moment& moment, Html& html) {
  html.Add("<td role=\"cell\" class=\"polled{}\">", state.polled() ? Markup("") : Markup(" none"));
  if (state.polled()) {
    html.Add("{}", AgeWords(moment.now - state.last_poll_ended));
    if (state.next_due) html.Add(", next {}", UntilWords(*state.next_due - moment.now));
    html.Add("<span class=\"sub\">");
    AddEffort(state, html);
    html.Add("</span>");
  }
  if (const std::string words = IntervalWords(state); !words.empty()) {
    html.Add("<span class=\"sub\">{}</span>", words);
  }
  html.Add("</td>\n");
}

void AddRow(const ConnectionSnapshot& state, const Moment& moment, Html& html) {
  html.Add("<tr role=\"row\" id=\"row-{}\" class=\"{}\">\n", static_cast<std::uint32_t>(state.key),
           NameOf(ConditionOf(state, moment.now)));
  AddName(state.key, *state.identity, html);
  html.Add("<td role=\"cell\" class=\"state\">");
  AddState(state, moment, html);
  html.Add("</td>\n");
  AddCalls(state, moment, html);
  AddHour(state, moment, html);
  std::optional<std::string> sessions;
  std::optional<std::string> longest;
  if (state.knows_values(moment.now)) {
    const CallSummary& summary = state.values->summary;
    if (summary.sessions) sessions = CountWords(*summary.sessions);
    longest = DurationWords(std::chrono::seconds(summary.longest_seconds));
  }
  AddFigure(Markup("sessions"), sessions, html);
  AddSpread(state, moment, html);
  AddFigure(Markup("longest"), longest, html);
  AddPolled(state, moment, html);
  html.Add("</tr>\n");
}

}  // namespace

void OpenPage(std::string_view title, const ExporterFacts& facts, const Moment& moment,
              Html& html) {
  AddHead(title, html);
  html.Add(
      "<body>\n"
      "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n"
      "{}"
      "<header>\n"
      "<p class=\"brand\"><a href=\"./\">telnyx_exporter</a></p>\n"
      "<nav aria-label=\"Pages\"><a href=\".{}\">Metrics</a> <a href=\"config\">Configuration</a> "
      "<a href=\"-/ready\">Readiness</a> <a href=\"-/healthy\">Health</a></nav>\n"
      "<p class=\"fresh\"><span id=\"shown\">As of ",
      kSigns, facts.telemetry_path);
  AddTime(moment.wall, moment, html);
  html.Add(
      "</span> <button type=\"button\" id=\"pause\" hidden>Pause</button></p>\n"
      "</header>\n"
      "<section class=\"outage-notice\" aria-label=\"Outage\"><p id=\"outage\" role=\"alert\"></p>"
      "<p id=\"outage-age\"></p></section>\n"
      "<main id=\"main\" tabindex=\"-1\">\n");
  AddConfigTrouble(facts.config, moment, html);
}

void ClosePage(const ExporterFacts& facts, const Moment& moment, Html& html) {
  html.Add(
      "</main>\n"
      "<footer id=\"foot\">\n"
      "<p>telnyx_exporter {} <span class=\"faint\">(revision {}, {})</span></p>\n"
      "<p>Running for {}</p>\n"
      "<p>Configuration <bdi>{}</bdi> loaded at ",
      facts.build.version, facts.build.revision, facts.build.compiler, DurationWords(facts.uptime),
      facts.config.file);
  AddTime(facts.config.loaded, moment, html);
  html.Add("</p>\n</footer>\n</body>\n</html>\n");
}

void AddTime(WallTime time, const Moment& moment, Html& html) {
  html.Add("<time datetime=\"{}\">{}</time>", IsoTime(time), ClockWords(time, moment.wall));
}

void AddSign(Condition condition, Html& html) {
  html.Add("<svg class=\"sign\" aria-hidden=\"true\"><use href=\"#sign-{}\"/></svg>",
           NameOf(condition));
}

std::string_view WordOf(Condition condition) {
  constexpr std::array<std::string_view, kConditions.size()> kWords = {"Failing", "Overdue",
                                                                       "Not polled yet", "Up"};
  return kWords[static_cast<std::size_t>(condition)];
}

void AddFailure(const PollFailure& failure, Html& html) {
  const ReasonWords words = WordsOf(failure.reason);
  html.Add("<span class=\"why\">{}</span><span class=\"sub\">{}</span>", words.what_happened,
           words.what_to_do);
}

std::string IntervalWords(const ConnectionSnapshot& state) {
  const Duration interval = state.in_force().interval;
  const Duration wanted = WantedInterval(state);
  if (interval > wanted) {
    return fmt::format("every {} instead of {}: the request budget is short",
                       ElapsedWords(interval), ElapsedWords(wanted));
  }
  if (state.in_force().idle) return fmt::format("idle: every {}", ElapsedWords(interval));
  return "";
}

DurationCounts DurationCountsOf(const CompletePoll& poll) {
  DurationCounts durations{.counts = poll.summary.bucket_counts};
  if (poll.duration_bounds != nullptr) durations.bounds = *poll.duration_bounds;
  return durations;
}

void AddState(const ConnectionSnapshot& state, const Moment& moment, Html& html) {
  const Condition condition = ConditionOf(state, moment.now);
  html.Add("<span class=\"word\">");
  AddSign(condition, html);
  html.Add("{}", WordOf(condition));
  if (condition == Condition::kFailing) {
    html.Add(" for {}", DurationWords(moment.now - state.failing_since));
  }
  html.Add("</span>");
  if (state.failure) {
    AddFailure(*state.failure, html);
  } else if (condition == Condition::kOverdue) {
    html.Add("<span class=\"why\">no poll has ended for {}</span>",
             DurationWords(moment.now - state.last_poll_ended));
  }
}

void AddUnknown(const ConnectionSnapshot& state, const Moment& moment, Html& html) {
  if (!state.values) {
    html.Add("not known yet");
    return;
  }
  html.Add("unknown <span class=\"sub\">since ");
  AddTime(moment.WallOf(state.values_expire()), moment, html);
  html.Add("</span>");
}

void AddConnectionTable(const StatusData& data, const Moment& moment, Html& html) {
  html.Add(
      "<table role=\"table\" class=\"cards connections\">\n"
      "<caption class=\"hidden\">Connections, sorted by {}, {}</caption>\n"
      "<thead role=\"rowgroup\">\n<tr role=\"row\">\n",
      NameOf(data.query.sort),
      data.query.order == SortOrder::kAscending ? "ascending" : "descending");
  for (const Column& column : kColumns) AddHeading(column, data.query, html);
  html.Add("</tr>\n</thead>\n<tbody role=\"rowgroup\">\n");
  for (const auto& connection : data.selection.connections) AddRow(*connection, moment, html);
  html.Add("</tbody>\n</table>\n");
}

}  // namespace telnyx_exporter
