#include "pages/page_frame.h"

#include "pages/assets.h"

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

void AddConfigTrouble(const ConfigLoadState& config, const Moment& moment, Html& html) {
  if (config.refused) {
    html.Add(
        "<section class=\"notice\" aria-labelledby=\"refused\">\n"
        "<h2 id=\"refused\">The newest configuration was refused</h2>\n<p>Tried at ");
    AddTime(*config.refused, moment, html);
    html.Add("; the one that was loaded at ");
    AddTime(config.loaded, moment, html);
    html.Add(" stays in force.</p>\n");
    AddErrors(config.errors, html);
  }
  if (!config.key_errors.empty()) {
    html.Add(
        "<section class=\"notice\" aria-labelledby=\"keys\">\n"
        "<h2 id=\"keys\">A changed API key was refused</h2>\n"
        "<p>The key that was read before stays in use.</p>\n");
    AddErrors(config.key_errors, html);
  }
  if (!config.web_errors.empty()) {
    html.Add(
        "<section class=\"notice\" aria-labelledby=\"web\">\n"
        "<h2 id=\"web\">The newest web configuration was refused</h2>\n"
        "<p>The one that was loaded before stays in force.</p>\n");
    AddErrors(config.web_errors, html);
  }
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
           ClassOf(condition));
}

std::string_view WordOf(Condition condition) {
  switch (condition) {
    case Condition::kFailing:
      return "Failing";
    case Condition::kOverdue:
      return "Overdue";
    case Condition::kNotPolled:
      return "Not polled yet";
    case Condition::kUp:
      return "Up";
  }
  return "";
}

Markup ClassOf(Condition condition) {
  switch (condition) {
    case Condition::kFailing:
      return Markup("failing");
    case Condition::kOverdue:
      return Markup("overdue");
    case Condition::kNotPolled:
      return Markup("not-polled");
    case Condition::kUp:
      return Markup("up");
  }
  return Markup("");
}

void AddFailure(const PollFailure& failure, Html& html) {
  const ReasonWords words = WordsOf(failure.reason);
  html.Add("<span class=\"why\">{}</span><span class=\"sub\">{}</span>", words.what_happened,
           words.what_to_do);
}

}  // namespace telnyx_exporter
