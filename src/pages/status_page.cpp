#include "pages/status_page.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "pages/html.h"
#include "pages/page_parts.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxAccounts = 20;

constexpr std::array<std::pair<std::string_view, Markup>, 6> kAccountColumns = {{
    {"Account", Markup("name")},
    {"Connections", Markup("conditions")},
    {"Active calls", Markup("num calls")},
    {"API key", Markup("key")},
    {"Own rate limit", Markup("own-limit")},
    {"The API's rate limit", Markup("api-limit")},
}};

// How many of the connections a sum covers.
void AddCoverage(const KnownSum& sum, std::size_t connections, Html& html) {
  if (sum.connections == connections) {
    html.Add("<span class=\"sub\">known for {}</span>",
             connections == 1 ? std::string("the one connection")
                              : "all " + CountWords(connections, "connection", "connections"));
  } else {
    html.Add("<span class=\"sub partial\">known for {} of {}</span>", CountWords(sum.connections),
             CountWords(connections, "connection", "connections"));
  }
}

void AddSum(std::string_view name, Markup css_class, const KnownSum& sum, std::size_t connections,
            Html& html) {
  html.Add("<div class=\"{}\"><dt>{}</dt><dd><span class=\"figure{}\">{}</span>", css_class, name,
           sum.connections == 0 ? Markup(" none") : Markup(""),
           sum.connections == 0 ? std::string("not known") : CountWords(sum.sum));
  if (connections > 0) AddCoverage(sum, connections, html);
  html.Add("</dd></div>\n");
}

void AddLongest(const Totals& totals, Html& html) {
  html.Add("<div><dt>Longest call</dt><dd>");
  if (!totals.longest_seconds) {
    html.Add("<span class=\"figure none\">not known</span>");
  } else if (*totals.longest_seconds == 0) {
    html.Add("<span class=\"figure\">0 s</span>");
  } else {
    const ConnectionIdentity& identity = *totals.longest_of->identity;
    html.Add(
        "<span class=\"figure\">{}</span><span class=\"sub\">on <a href=\"{}\"><bdi>{}</bdi>"
        "</a></span>",
        DurationWords(std::chrono::seconds(*totals.longest_seconds)),
        ConnectionAddress(identity.account, identity.plan.id), identity.plan.name);
  }
  html.Add("</dd></div>\n");
}

// How the connections share among the conditions, for the eye.
void DrawShares(const Totals& totals, Html& html) {
  html.Add(
      "<svg class=\"shares\" aria-hidden=\"true\" viewBox=\"0 0 100 1\" "
      "preserveAspectRatio=\"none\">");
  double x = 0;
  for (const Condition condition : kConditions) {
    const double width = 100.0 * static_cast<double>(totals.Count(condition)) /
                         static_cast<double>(totals.connections);
    if (width > 0) {
      html.Add("<rect class=\"{}\" x=\"{:.4g}\" width=\"{:.4g}\" height=\"1\"/>", NameOf(condition),
               x, width);
    }
    x += width;
  }
  html.Add("</svg>");
}

void AddConditionCounts(const Totals& totals, std::string_view account, Html& html) {
  for (const Condition condition : kConditions) {
    if (totals.Count(condition) == 0) continue;
    html.Add("<a class=\"count {}\" href=\"{}\">", NameOf(condition),
             AddressOf({.show = condition, .account = std::string(account)}));
    AddSign(condition, html);
    html.Add("{} {}</a> ", CountWords(totals.Count(condition)), ToLowerAscii(WordOf(condition)));
  }
}

void AddTotals(const Totals& totals, Html& html) {
  html.Add("<dl class=\"totals\">\n");
  AddSum("Active calls", Markup("first"), totals.calls, totals.connections, html);
  AddSum("Sessions", Markup("second"), totals.sessions, totals.connections, html);
  AddLongest(totals, html);
  html.Add("<div class=\"share\"><dt>Connections</dt><dd><span class=\"figure\">{}</span>",
           CountWords(totals.connections));
  if (totals.connections > 0) {
    DrawShares(totals, html);
    html.Add("<span class=\"counts\">");
    AddConditionCounts(totals, "", html);
    html.Add("</span>");
  }
  html.Add("</dd></div>\n</dl>\n");
}

void AddDiscovery(const AccountRow& row, const Moment& moment, Html& html) {
  const DiscoverySnapshot& discovery = *row.account->discovery;
  if (!discovery.ended) {
    html.Add("<span class=\"sub\">looking for connections</span>");
    return;
  }
  if (discovery.failure) {
    html.Add("<span class=\"word failing\">");
    AddSign(Condition::kFailing, html);
    html.Add("Discovery fails</span>");
    AddFailure(*discovery.failure, html);
  }
  if (discovery.last_success) {
    html.Add("<span class=\"sub\">{} discovered, {}</span>", CountWords(row.totals.discovered),
             AgeWords(moment.now - *discovery.last_success));
  }
}

void AddRemarks(const AccountRow& row, Html& html) {
  if (row.totals.idle > 0) {
    html.Add("<span class=\"sub\">{} idle, polled less often</span>", CountWords(row.totals.idle));
  }
  if (const std::uint64_t ignored = row.account->ignored_fields; ignored > 0) {
    html.Add("<span class=\"sub\">{} of the API's answers ignored</span>",
             CountWords(ignored, "unusable field", "unusable fields"));
  }
}

bool IsRefusedForLists(const AccountSnapshot& account) {
  const auto& discovery = account.discovery;
  return discovery && discovery->failure &&
         discovery->failure->reason == FailureReason::kUnauthorized;
}

void AddKey(const AccountRow& account, const Moment& moment, Html& html) {
  html.Add("<td role=\"cell\" class=\"key\">");
  if (const auto& refusal = account.account->key_refusal) {
    html.Add("<span class=\"word failing\">");
    AddSign(Condition::kFailing, html);
    html.Add("Refused {} since ", CountWords(refusal->refusals, "time", "times in a row"));
    AddTime(moment.WallOf(refusal->since), moment, html);
    html.Add("</span><span class=\"sub\">tried again {}</span>",
             UntilWords(refusal->next_try - moment.now));
  } else if (IsRefusedForLists(*account.account)) {
    html.Add("<span class=\"word failing\">");
    AddSign(Condition::kFailing, html);
    html.Add("Refused for its lists</span>");
  } else if (account.totals.Count(Condition::kNotPolled) == account.totals.connections &&
             !(account.account->discovery && account.account->discovery->ended)) {
    html.Add("Not tried yet");
  } else {
    html.Add("Not refused");
  }
  html.Add("</td>\n");
}

// "needs 20 requests/s, allowed 10: polls every 30 s instead of 15 s; raise rate_limit or
// intervals"
void AddBudget(const AccountRow& row, Html& html) {
  const auto& budget = row.account->budget;
  if (!budget) return;
  if (!IsBudgetShort(*row.account)) {
    html.Add("<span class=\"sub\">needs {} a second</span>",
             NumberWords(budget->required_per_second));
    return;
  }
  html.Add("<span class=\"word overdue\">");
  AddSign(Condition::kOverdue, html);
  html.Add("Too low</span><span class=\"why\">needs {} requests/s, allowed {}",
           NumberWords(budget->required_per_second), NumberWords(budget->allowed_per_second));
  if (const auto& delayed = row.totals.most_delayed) {
    html.Add(": polls every {} instead of {}", ElapsedWords(delayed->in_force().interval),
             ElapsedWords(WantedInterval(*delayed)));
  }
  // A higher limit of our own does not help against refusals.
  const bool refused = budget->required_per_second <= row.account->rate_limit.requests_per_second;
  html.Add("</span><span class=\"sub\">{}</span>",
           refused ? "the API answers 429: raise intervals" : "raise rate_limit or intervals");
}

void AddRateLimit(const AccountRow& row, const Moment& moment, Html& html) {
  const AccountSnapshot& account = *row.account;
  const RateLimit& limit = account.rate_limit;
  html.Add("<td role=\"cell\" class=\"own-limit\">");
  if (account.requests_per_second < limit.requests_per_second) {
    html.Add(
        "<span class=\"word overdue\">{} a second for now</span><span class=\"sub\">the API refused"
        " more; {} a second, bursts of {} are configured</span>",
        NumberWords(account.requests_per_second), NumberWords(limit.requests_per_second),
        limit.burst);
  } else {
    html.Add("{} a second<span class=\"sub\">bursts of {}</span>",
             NumberWords(limit.requests_per_second), limit.burst);
  }
  AddBudget(row, html);
  html.Add("</td>\n<td role=\"cell\" class=\"api-limit\">");
  if (!account.api_remaining && !account.api_limit) {
    html.Add("Not known");
  } else {
    html.Add("{} of {} left<span class=\"sub\">{}</span>",
             account.api_remaining ? NumberWords(*account.api_remaining) : "unknown",
             account.api_limit ? NumberWords(*account.api_limit) : "unknown",
             AgeWords(moment.now - account.api_limits_seen));
  }
  html.Add("</td>\n");
}

void AddAccountCalls(const Totals& totals, Html& html) {
  html.Add("<td role=\"cell\" class=\"num calls\">");
  if (totals.calls.connections == 0) {
    html.Add("not known");
  } else {
    html.Add("<span class=\"figure\">{}</span>", CountWords(totals.calls.sum));
    AddCoverage(totals.calls, totals.connections, html);
  }
  html.Add("</td>\n");
}

void AddAccounts(const std::vector<AccountRow>& accounts, const Moment& moment, Html& html) {
  html.Add(
      "<section aria-labelledby=\"accounts\">\n<h2 id=\"accounts\">Accounts</h2>\n"
      "<table role=\"table\" class=\"cards accounts\">\n"
      "<thead role=\"rowgroup\"><tr role=\"row\">");
  for (const auto& [heading, css_class] : kAccountColumns) {
    html.Add("<th scope=\"col\" role=\"columnheader\" class=\"{}\">{}</th>", css_class, heading);
  }
  html.Add("</tr></thead>\n<tbody role=\"rowgroup\">\n");
  for (std::size_t i = 0; i < accounts.size() && i < kMaxAccounts; ++i) {
    const AccountRow& account = accounts[i];
    html.Add(
        "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\" class=\"name\"><a href=\"{}\">"
        "<bdi>{}</bdi></a></th>\n<td role=\"cell\" class=\"conditions\"><span class=\"counts\">",
        AddressOf({.account = account.account->name}), account.account->name);
    AddConditionCounts(account.totals, account.account->name, html);
    html.Add("</span>");
    AddRemarks(account, html);
    if (account.account->discovery) AddDiscovery(account, moment, html);
    html.Add("</td>\n");
    AddAccountCalls(account.totals, html);
    AddKey(account, moment, html);
    AddRateLimit(account, moment, html);
    html.Add("</tr>\n");
  }
  html.Add("</tbody>\n</table>\n");
  if (accounts.size() > kMaxAccounts) {
    html.Add(
        "<p class=\"sub\">{} of {}, those that need attention first. Search for an account's "
        "name to see its connections.</p>\n",
        kMaxAccounts, CountWords(accounts.size(), "account", "accounts"));
  }
  html.Add("</section>\n");
}

void AddShowLink(std::string_view label, std::optional<Condition> show, const StatusData& data,
                 Html& html) {
  StatusQuery target = data.query;
  target.show = show;
  target.page = 1;
  html.Add("<a id=\"show-{}\" href=\"{}\"{}>{}</a>\n", show ? NameOf(*show) : "all",
           AddressOf(target),
           data.query.show == show ? Markup(" aria-current=\"true\"") : Markup(""), label);
}

void AddSearchForm(const StatusQuery& query, Html& html) {
  html.Add("<form id=\"search\" role=\"search\" action=\"./\">\n");
  for (const auto& [name, value] : ParametersOf(query)) {
    if (name == "q") continue;  // the field itself
    html.Add("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", name, value);
  }
  html.Add(
      "<label for=\"q\">Search</label> <input type=\"search\" id=\"q\" name=\"q\" value=\"{}\" "
      "maxlength=\"128\" placeholder=\"name, id, account or label\" autocomplete=\"off\" "
      "spellcheck=\"false\"> <button type=\"submit\">Search</button>\n</form>\n",
      query.search);
}

void AddToolbar(const StatusData& data, Html& html) {
  html.Add("<div class=\"toolbar\">\n<nav class=\"show\" aria-label=\"Connections shown\">\n");
  AddShowLink("All", std::nullopt, data, html);
  for (const Condition condition : kConditions) {
    // Rare, so offered only when there are some.
    if (condition == Condition::kOverdue && data.totals.Count(condition) == 0 &&
        data.query.show != condition) {
      continue;
    }
    AddShowLink(WordOf(condition), condition, data, html);
  }
  html.Add("</nav>\n");
  AddSearchForm(data.query, html);
  html.Add("</div>\n");
}

void AddMatches(const StatusData& data, Html& html) {
  const Selection& selection = data.selection;
  html.Add("<p class=\"matches\" role=\"status\">");
  if (selection.pages > 1) {
    const std::size_t first = (selection.page - 1) * kRowsPerPage + 1;
    html.Add("{} to {} of ", CountWords(first),
             CountWords(first + selection.connections.size() - 1));
  }
  html.Add("{}", CountWords(selection.matches, "connection", "connections"));
  if (!data.query.account.empty()) {
    StatusQuery target = data.query;
    target.account.clear();
    target.page = 1;
    html.Add(" of account <bdi>{}</bdi>, <a href=\"{}\">of all accounts</a>", data.query.account,
             AddressOf(target));
  }
  html.Add("</p>\n");
}

void AddPageLink(std::string_view name, std::string_view label, std::size_t page,
                 const StatusData& data, Html& html) {
  StatusQuery target = data.query;
  target.page = page;
  const bool here = page == data.selection.page;
  html.Add("<a id=\"page-{}\" href=\"{}\"{}>{}</a>\n", name, AddressOf(target),
           here ? Markup(" aria-current=\"page\"") : Markup(""), label);
}

void AddPageLinks(const StatusData& data, Html& html) {
  const Selection& selection = data.selection;
  if (selection.pages == 1) return;
  html.Add("<nav class=\"pages\" aria-label=\"Pages of connections\">\n");
  if (selection.page > 1) {
    AddPageLink("previous", "Previous", selection.page - 1, data, html);
  }
  std::size_t last = 0;
  for (std::size_t page = 1; page <= selection.pages; ++page) {
    // The ends and what is near.
    const bool near = page + 2 >= selection.page && page <= selection.page + 2;
    if (!near && page != 1 && page != selection.pages) continue;
    if (page > last + 1) html.Add("<span>…</span>\n");
    last = page;
    AddPageLink(std::to_string(page), std::to_string(page), page, data, html);
  }
  if (selection.page < selection.pages) {
    AddPageLink("next", "Next", selection.page + 1, data, html);
  }
  html.Add("</nav>\n");
}

void AddConnections(const StatusData& data, const Moment& moment, Html& html) {
  html.Add("<section aria-labelledby=\"connections\">\n<h2 id=\"connections\">Connections</h2>\n");
  AddToolbar(data, html);
  AddMatches(data, html);
  if (!data.selection.connections.empty()) {
    AddConnectionTable(data, moment, html);
  } else if (data.totals.connections == 0) {
    html.Add("<p class=\"empty\">No connection is polled.</p>\n");
  } else {
    html.Add("<p class=\"empty\">No connection is like that. <a href=\"./\">Show all</a></p>\n");
  }
  AddPageLinks(data, html);
  html.Add("</section>\n");
}

std::string TitleOf(const Totals& totals) {
  if (const std::size_t failing = totals.Count(Condition::kFailing); failing > 0) {
    return CountWords(failing) + " failing · telnyx_exporter";
  }
  return "telnyx_exporter";
}

}  // namespace

std::string RenderStatusPage(const StatusData& data, const ExporterFacts& facts,
                             const Moment& moment) {
  Html html;
  OpenPage(TitleOf(data.totals), facts, moment, html);
  html.Add("<h1 class=\"hidden\">Active calls on Telnyx connections</h1>\n");
  AddTotals(data.totals, html);
  AddAccounts(data.accounts, moment, html);
  AddConnections(data, moment, html);
  ClosePage(facts, moment, html);
  return html.Take();
}

}  // namespace telnyx_exporter
