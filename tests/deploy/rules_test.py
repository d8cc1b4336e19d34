"""The rules for Prometheus: from one source, valid, tried with promtool, explained in the runbook."""

import copy
import functools
import json
import os
import re
import subprocess
import tempfile
import unittest

import yaml

from promtool_cases import PROMTOOL, load, run_case, run_cases

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROMETHEUS = os.path.join(ROOT, "deploy", "prometheus")
RULES = os.path.join(PROMETHEUS, "telnyx_exporter.rules.yml")
# The same with links to dashboards.
LINKED_RULES = os.path.join(ROOT, "deploy", "compose", "telnyx_exporter.rules.yml")
GENERATE = os.path.join(PROMETHEUS, "generate.py")
OPERATOR = os.path.join(ROOT, "deploy", "kubernetes", "components", "prometheus-operator",
                        "prometheusrule.yaml")
CHART = os.path.join(ROOT, "deploy", "helm", "telnyx-exporter")
CASES = [os.path.join(HERE, f"rules_{name}.yml") for name in ("cases", "truth_cases", "week_cases")]
TEXTS = os.path.join(HERE, "rules_texts.yml")
RUNBOOK = os.path.join(ROOT, "docs", "runbook.md")
ALERTS = os.path.join(ROOT, "docs", "alerts.md")
METRICS = os.path.join(ROOT, "docs", "metrics.md")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def rules(kind, path=RULES):
    return [rule for group in load(path)["groups"] for rule in group["rules"] if kind in rule]


def cases(key):
    return [case for path in CASES for test in load(path)["tests"] for case in test.get(key, [])]


def jsonnet(code):
    run = subprocess.run(["jsonnet", "-J", PROMETHEUS, "-e", code], capture_output=True, text=True,
                         check=True)
    return json.loads(run.stdout)


@functools.cache
def all_results():
    return run_cases(CASES, LINKED_RULES)


class RulesTest(unittest.TestCase):
    def run_tool(self, *command):
        run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROMETHEUS)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return run.stdout

    def test_promtool_accepts_rules_and_configuration(self):
        self.run_tool(PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", RULES)
        self.run_tool(PROMTOOL, "check", "config", "prometheus.yml")

    def test_the_rules_find_the_job_of_the_example(self):
        [scrape] = load(os.path.join(PROMETHEUS, "prometheus.yml"))["scrape_configs"]
        patterns = set(re.findall(r'job=~"([^"]+)"', read(RULES)))
        self.assertEqual(len(patterns), 1)
        self.assertRegex(scrape["job_name"], f"^(?:{patterns.pop()})$")

    def test_amtool_accepts_the_configuration(self):
        self.run_tool("amtool", "check-config", "alertmanager.yml")

    def test_cases(self):
        for path, name, wrong, _ in all_results():
            with self.subTest(path, case=name):
                self.assertEqual(wrong, "")

    def test_each_alert_has_a_case_where_it_fires_and_one_where_it_does_not(self):
        alerts = {rule["alert"] for rule in rules("alert")}
        tried = cases("alert_rule_test")
        self.assertEqual({case["alertname"] for case in tried if case["exp_alerts"]}, alerts)
        self.assertEqual({case["alertname"] for case in tried if not case["exp_alerts"]}, alerts)

    def test_each_recording_rule_has_a_case(self):
        # Those that the cases do not ask for are used by alerts, which have cases of their own.
        asked = " ".join(case["expr"] for case in cases("promql_expr_test"))
        asked += " ".join(rule["expr"] for rule in rules("expr"))
        self.assertEqual([r["record"] for r in rules("record") if r["record"] not in asked], [])

    def test_the_texts_are_the_golden_ones(self):
        # UPDATE_GOLDEN=1 writes them.
        found = {}
        for _, _, _, texts in all_results():
            for text in texts:
                self.assertNotIn("error expanding template", str(text))
                found.setdefault(text["runbook_url"].rsplit("#", 1)[1], text)
        if os.environ.get("UPDATE_GOLDEN"):
            with open(TEXTS, "w", encoding="utf-8") as file:
                file.write("# What each alert says, in the first case in which it fires. With UPDATE_GOLDEN=1\n"
                           "# rules_test.py writes this file.\n")
                yaml.safe_dump(found, file, width=110, allow_unicode=True)
        self.assertEqual(found, load(TEXTS))
        self.assertEqual(set(found), {rule["alert"].lower() for rule in rules("alert")})

    def test_each_alert_says_what_people_need(self):
        for rule in rules("alert", LINKED_RULES):
            with self.subTest(rule["alert"]):
                self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
                self.assertEqual(set(rule["annotations"]),
                                 {"summary", "description", "dashboard_url", "runbook_url"})
                self.assertTrue(rule["annotations"]["runbook_url"].endswith(
                    "/docs/runbook.md#" + rule["alert"].lower()))

    def test_links_lead_to_dashboards_that_exist(self):
        directory = os.path.join(ROOT, "deploy", "grafana", "dashboards")
        known = {json.loads(read(os.path.join(directory, name)))["uid"]
                 for name in os.listdir(directory)}
        linked = {re.search(r"/d/([\w-]+)\?", rule["annotations"]["dashboard_url"]).group(1)
                  for rule in rules("alert", LINKED_RULES)}
        self.assertLessEqual(linked, known)

    def test_only_the_rules_of_compose_have_links_to_a_grafana(self):
        """Where it is, no other file can know: a link to the reader's own machine would lead nowhere."""
        linked = load(LINKED_RULES)
        for group in linked["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    link = rule["annotations"].pop("dashboard_url")
                    self.assertTrue(link.startswith("http://localhost:3000/d/"), link)
        self.assertEqual(linked, load(RULES))
        mounted = load(os.path.join(ROOT, "deploy", "compose", "compose.yml"))["services"]["prometheus"]["volumes"]
        self.assertIn("./telnyx_exporter.rules.yml:/etc/prometheus/telnyx_exporter.rules.yml:ro", mounted)
        for path in (RULES, OPERATOR, os.path.join(CHART, "values.yaml")):
            self.assertNotIn("localhost", read(path))

    def test_late_polls_are_found_in_classic_and_in_native_histograms(self):
        # The cases of Debian 12's promtool (2.42) cannot have native histograms: dashboards/queries_test.py asks a server that keeps
        # them.
        [rule] = [rule for rule in rules("alert") if rule["alert"] == "TelnyxPollsLate"]
        classic, native = rule["expr"].split("or\n")
        self.assertEqual(classic.strip().replace("_bucket", ""), native.strip())

    def test_no_rule_identifies_a_connection_by_its_name(self):
        for rule in rules("expr"):
            for labels in re.findall(r"(?:by|on|ignoring|without) \(([^)]*)\)", rule["expr"]):
                if "connection_name" in labels:
                    self.assertEqual(rule.get("record", rule.get("alert")),
                                     "connection:telnyx_connection_name:info")

    def test_the_runbook_has_each_alert_and_no_other(self):
        sections = re.findall(r"^## (.*)$", read(RUNBOOK), re.MULTILINE)
        self.assertEqual(sorted(sections), sorted(rule["alert"] for rule in rules("alert")))

    def test_the_documentation_lists_each_alert_with_its_severity(self):
        listed = re.findall(r"^\| (Telnyx\w+) \| (\w+) \|", read(ALERTS), re.MULTILINE)
        self.assertEqual(sorted(listed), sorted((rule["alert"], rule["labels"]["severity"])
                                                for rule in rules("alert")))

    def test_the_documentation_lists_each_threshold(self):
        listed = re.findall(r"^\| `(\w+)` \| (\S+) \|", read(ALERTS), re.MULTILINE)
        thresholds = jsonnet("(import 'mixin.libsonnet')._config.thresholds")
        self.assertEqual(dict(listed), {name: str(value) for name, value in thresholds.items()})

    def test_only_documented_metrics_are_used(self):
        documented = set(re.findall(r"^\| (.+?) \|", read(METRICS), re.MULTILINE))
        documented = set(re.findall(r"`(\w+)`", " ".join(documented)))
        for rule in rules("expr"):
            # Names of recorded series hold colons and are no metrics.
            for name in re.findall(r"(?<![\w:\"])telnyx_[a-z_]+(?=[\s({\[)]|$)", rule["expr"]):
                self.assertIn(re.sub(r"_(bucket|count)$", "", name), documented)

    def test_inhibitions_name_alerts_that_exist(self):
        alerts = {rule["alert"] for rule in rules("alert")}
        named = set(re.findall(r"Telnyx\w+", read(os.path.join(PROMETHEUS, "alertmanager.yml"))))
        self.assertLessEqual(named, alerts)
        self.assertGreater(len(named), 5)


class SourceTest(unittest.TestCase):
    """The rule file, the PrometheusRule and the chart's template come from mixin.libsonnet."""

    def own_rules(self, parameters):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "own.jsonnet")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"(import 'mixin.libsonnet') + {{_config+:: {parameters}}}")
            run = subprocess.run(["python3", GENERATE, "--rules", path], capture_output=True,
                                 text=True, check=True)
            rules_path = os.path.join(directory, "rules.yml")
            with open(rules_path, "w", encoding="utf-8") as file:
                file.write(run.stdout)
            check = subprocess.run(
                [PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", rules_path],
                capture_output=True, text=True, check=False)
            self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
            return load(rules_path)

    def test_what_is_committed_is_what_is_generated(self):
        run = subprocess.run(["python3", GENERATE, "--check"], capture_output=True, text=True,
                             check=False)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_the_operator_gets_the_same_rules(self):
        self.assertEqual(load(OPERATOR)["spec"], load(RULES))

    def test_other_mixins_get_the_same_rules(self):
        mixin = jsonnet("local m = import 'mixin.libsonnet'; "
                        "m.prometheusRules.groups + m.prometheusAlerts.groups")
        self.assertEqual(mixin, load(RULES)["groups"])

    def test_thresholds_labels_and_addresses_are_parameters(self):
        own = self.own_rules("""{
            target_labels: ['region'], connection_labels: ['team', 'tier'], job: 'calls',
            disabled_alerts: ['TelnyxTrafficSurge'],
            runbook_url: 'https://wiki.example/telnyx', dashboard_url: 'https://grafana.example',
            thresholds+: {channels_filling_ratio: 0.625, stuck_call_seconds: 86400},
            alerts+: {TelnyxDataStale+: {severity: 'page', 'for': '1h', keep_firing_for: '0m'}}}""")
        text = "\n".join(str(value) for group in own["groups"] for rule in group["rules"]
                         for value in (rule["expr"], *rule.get("annotations", {}).values()))
        self.assertNotIn("cluster", re.sub(r"with \$labels.cluster.*?end", "", text))
        self.assertIn("by (region, account, connection_id, team, tier)", text)
        self.assertIn("group_left (connection_name, team, tier)", text)
        self.assertIn('up{job=~"calls"}', text)
        self.assertIn("> 0.625", text)
        self.assertIn('seconds="86400"', text)
        alerts = {rule["alert"]: rule
                  for group in own["groups"] for rule in group["rules"] if "alert" in rule}
        self.assertEqual(set(alerts),
                         {rule["alert"] for rule in rules("alert")} - {"TelnyxTrafficSurge"})
        stale = alerts["TelnyxDataStale"]
        self.assertEqual((stale["labels"]["severity"], stale["for"]), ("page", "1h"))
        self.assertNotIn("keep_firing_for", stale)
        self.assertEqual(stale["annotations"]["runbook_url"],
                         "https://wiki.example/telnyx#telnyxdatastale")
        self.assertTrue(stale["annotations"]["dashboard_url"].startswith("https://grafana.example/d/telnyx-connection-detail?"))

    def test_native_histograms_are_a_parameter(self):
        def completed(own):
            [rule] = [rule for group in own["groups"] for rule in group["rules"]
                      if rule.get("record") == "connection:telnyx_calls_completed:rate5m"]
            return rule["expr"]
        native = completed(self.own_rules("{native_histograms: true}"))
        self.assertIn("(rate(telnyx_completed_call_duration_seconds_count[5m]) or "
                      "histogram_count(rate(telnyx_completed_call_duration_seconds[5m])))", native)
        # vmalert does not know this function and refuses every rule of the file.
        self.assertNotIn("histogram_count", read(RULES))
        template = read(os.path.join(CHART, "templates", "prometheusrule.yaml"))
        template = template[template.index("spec:"):template.rindex("{{- end }}")]
        values = load(os.path.join(CHART, "values.yaml"))["prometheusRule"] | {"native_histograms": True}
        self.assertEqual(completed(yaml.safe_load(rendered(template, values))["spec"]), native)

    def test_each_threshold_is_used(self):
        thresholds = jsonnet("(import 'mixin.libsonnet')._config.thresholds")
        own = jsonnet("((import 'mixin.libsonnet') + {_config+:: {thresholds: %s}}).groups"
                      % json.dumps({name: f"@{name}@" for name in thresholds}))
        self.assertEqual([name for name in thresholds if f"@{name}@" not in str(own)], [])

    def test_routing_labels_are_on_alerts(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "rules.yml")
            with open(path, "w", encoding="utf-8") as file:
                yaml.safe_dump(self.own_rules("{connection_labels: ['team']}"), file)
            expected = {"account": "main", "connection_id": "1", "connection_name": "support",
                        "team": "voice"}
            labels = ",".join(f'{name}="{value}"' for name, value in expected.items())
            series = 'telnyx_active_calls_peak{instance="a:1",%s}' % labels
            limit = 'telnyx_connection_channel_limit{direction="configured",%s}' % labels
            self.assertEqual(run_case({
                "interval": "1m",
                "input_series": [{"series": series, "values": "99x30"},
                                 {"series": limit, "values": "100x30"}],
                "alert_rule_test": [{"eval_time": "20m", "alertname": "TelnyxChannelsExhausted",
                                     "exp_alerts": [{"exp_labels": expected}]}]}, path, "1m")[0], "")

    def test_the_template_of_the_chart_gives_the_same_rules(self):
        # By Helm's rules for the few constructs that the template has.
        values = load(os.path.join(CHART, "values.yaml"))["prometheusRule"]
        text = read(os.path.join(CHART, "templates", "prometheusrule.yaml"))
        text = text[text.index("spec:"):text.rindex("{{- end }}")]
        self.assertEqual(yaml.safe_load(rendered(text, values))["spec"], load(RULES))

    def test_the_values_of_the_chart_are_the_parameters(self):
        values = load(os.path.join(CHART, "values.yaml"))["prometheusRule"]
        config = jsonnet("(import 'mixin.libsonnet')._config")
        for name in ("target_labels", "connection_labels", "job", "runbook_url", "dashboard_url",
                     "native_histograms", "disabled_alerts", "thresholds"):
            self.assertEqual(values[name], config[name])
        expected = copy.deepcopy(config["alerts"])
        for settings in expected.values():
            settings.setdefault("keep_firing_for", "")
        self.assertEqual(values["alerts"], expected)
        chart_values = os.path.join(CHART, "values.yaml")
        if os.path.exists(chart_values):
            whole = load(chart_values)["prometheusRule"]
            for name in ("thresholds", "alerts", "target_labels", "connection_labels", "job"):
                self.assertEqual(whole[name], values[name])


def rendered(text, values):
    """What Helm makes of the template: values, `range` over a list, `join`, `if`, raw strings."""
    def value(path):
        result = values
        for name in path.split("."):
            result = result[name]
        return str(result)

    lines, shown = [], [True]
    for line in text.split("\n"):
        condition = re.fullmatch(
            r"\s*\{\{- if (not )?(?:\(has \"(\w+)\" \$rule.disabled_alerts\)|\$rule\.([\w.]+)) \}\}",
            line)
        if condition:
            negated, alert, path = condition.groups()
            holds = alert in values["disabled_alerts"] if alert else bool(value(path))
            shown.append(shown[-1] and holds != bool(negated))
        elif re.fullmatch(r"\s*\{\{- end \}\}", line):
            shown.pop()
        elif shown[-1]:
            lines.append(line)
    text = "\n".join(lines)
    raw = []

    def keep(match):
        raw.append(match.group(1))
        return f"\0{len(raw) - 1}\0"
    text = re.sub(r"\{\{`(.*?)`\}\}", keep, text, flags=re.DOTALL)
    # Folding may have broken lines inside of an action.
    text = re.sub(r"\{\{.*?\}\}", lambda m: re.sub(r"\s+", " ", m.group()), text, flags=re.DOTALL)
    text = re.sub(r"\{\{ range \$rule\.(\w+) \}\}(.*?)\{\{ end \}\}",
                  lambda m: "".join(m.group(2).replace("{{ . }}", item)
                                    for item in values[m.group(1)]), text)
    text = re.sub(r"\{\{ if \$rule\.(\w+) \}\}(.*?)\{\{ end \}\}",
                  lambda m: m.group(2) if values[m.group(1)] else "", text)
    text = re.sub(r'\{\{ join ", " \$rule\.(\w+) \}\}',
                  lambda m: ", ".join(values[m.group(1)]), text)
    text = re.sub(r"\{\{ (?:int64 )?\$rule\.([\w.]+) \}\}", lambda m: value(m.group(1)), text)
    return re.sub("\0(\\d+)\0", lambda m: raw[int(m.group(1))], text)


if __name__ == "__main__":
    unittest.main()
