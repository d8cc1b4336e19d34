"""The rules for Prometheus: valid, tried with promtool, explained in the runbook."""

import os
import re
import subprocess
import unittest

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROMETHEUS = os.path.join(ROOT, "deploy", "prometheus")
RULES = os.path.join(PROMETHEUS, "telnyx_exporter.rules.yml")
CASES = [os.path.join(HERE, name) for name in ("rules_cases.yml", "rules_week_cases.yml")]
RUNBOOK = os.path.join(ROOT, "docs", "runbook.md")
OPERATIONS = os.path.join(ROOT, "docs", "operations.md")
METRICS = os.path.join(ROOT, "docs", "metrics.md")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def load(path):
    return yaml.safe_load(read(path))


def rules(kind):
    return [rule for group in load(RULES)["groups"] for rule in group["rules"] if kind in rule]


def cases(key):
    return [case for path in CASES for test in load(path)["tests"] for case in test.get(key, [])]


class RulesTest(unittest.TestCase):
    def run_tool(self, *command):
        run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROMETHEUS)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_promtool_accepts_rules_and_configuration(self):
        self.run_tool("promtool", "check", "rules", "--lint=all", "--lint-fatal", RULES)
        self.run_tool("promtool", "check", "config", "prometheus.yml")

    def test_the_rules_find_the_job_of_the_example(self):
        [scrape] = load(os.path.join(PROMETHEUS, "prometheus.yml"))["scrape_configs"]
        patterns = set(re.findall(r'job=~"([^"]+)"', read(RULES)))
        self.assertEqual(len(patterns), 1)
        self.assertRegex(scrape["job_name"], f"^(?:{patterns.pop()})$")

    def test_amtool_accepts_the_configuration(self):
        self.run_tool("amtool", "check-config", "alertmanager.yml")

    def test_cases(self):
        self.run_tool("promtool", "test", "rules", *CASES)

    def test_each_alert_has_a_case_where_it_fires_and_one_where_it_does_not(self):
        alerts = {rule["alert"] for rule in rules("alert")}
        tried = cases("alert_rule_test")
        self.assertEqual({case["alertname"] for case in tried if case["exp_alerts"]}, alerts)
        self.assertEqual({case["alertname"] for case in tried if not case["exp_alerts"]}, alerts)

    def test_each_recording_rule_has_a_case(self):
        # Those that the cases do not ask for are used by alerts, which have cases of their own.
        asked = " ".join(case["expr"] for case in cases("promql_expr_test"))
        asked += " ".join(rule["expr"] for rule in rules("alert"))
        self.assertEqual([r["record"] for r in rules("record") if r["record"] not in asked], [])

    def test_each_alert_says_what_people_need(self):
        for rule in rules("alert"):
            with self.subTest(rule["alert"]):
                self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
                self.assertEqual(set(rule["annotations"]),
                                 {"summary", "description", "runbook_url"})
                self.assertTrue(rule["annotations"]["runbook_url"].endswith(
                    "/docs/runbook.md#" + rule["alert"].lower()))

    def test_the_runbook_has_each_alert_and_no_other(self):
        sections = re.findall(r"^## (.*)$", read(RUNBOOK), re.MULTILINE)
        self.assertEqual(sorted(sections), sorted(rule["alert"] for rule in rules("alert")))

    def test_the_documentation_lists_each_alert_with_its_severity(self):
        listed = re.findall(r"^\| (Telnyx\w+) \| (\w+) \|", read(OPERATIONS), re.MULTILINE)
        self.assertEqual(sorted(listed), sorted((rule["alert"], rule["labels"]["severity"])
                                                for rule in rules("alert")))

    def test_only_documented_metrics_are_used(self):
        documented = set(re.findall(r"^\| `(\w+)` \|", read(METRICS), re.MULTILINE))
        for rule in rules("expr"):
            # Names of recorded series hold colons and are no metrics.
            for name in re.findall(r"(?<![\w:])telnyx_[a-z_]+(?=[\s({\[)]|$)", rule["expr"]):
                self.assertIn(re.sub(r"_(bucket|count)$", "", name), documented)

    def test_inhibitions_name_alerts_that_exist(self):
        alerts = {rule["alert"] for rule in rules("alert")}
        named = set(re.findall(r"Telnyx\w+", read(os.path.join(PROMETHEUS, "alertmanager.yml"))))
        self.assertLessEqual(named, alerts)
        self.assertGreater(len(named), 5)


if __name__ == "__main__":
    unittest.main()
