"""Runs cases for rules with `promtool test rules`, each case in a process of its own with the rules that it needs.

The files are what promtool reads, but an expected alert has its labels only, without `severity`. Its texts are compared with the
golden file rules_texts.yml."""

import concurrent.futures
import os
import re
import subprocess
import tempfile

import yaml

PROMTOOL = os.environ.get("PROMTOOL", "promtool")


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def recorded(text):
    return set(re.findall(r"\w+:\w+:\w+", text))


def needed_groups(test, rules):
    """The groups of the rules with nothing in them that the test does not ask for."""
    groups = load(rules)["groups"]
    alerts = {case["alertname"] for case in test.get("alert_rule_test", [])}
    names = recorded(" ".join(case["expr"] for case in test.get("promql_expr_test", [])))
    wanted = [rule for group in groups for rule in group["rules"] if rule.get("alert") in alerts]
    while True:
        names |= {name for rule in wanted for name in recorded(str(rule))}
        more = [rule for group in groups for rule in group["rules"]
                if rule.get("record") in names and rule not in wanted]
        if not more:
            break
        wanted += more
    kept = [{**group, "rules": [rule for rule in group["rules"] if rule in wanted]} for group in groups]
    return [group for group in kept if group["rules"]]


def labels_text(labels):
    return "{%s}" % ", ".join(f'{name}="{value}"' for name, value in labels.items())


def as_question(case, severities):
    """Which alerts fire, as a question about the series ALERTS: promtool wants the texts of alerts, too."""
    name = case["alertname"]
    return {
        "expr": f'ALERTS{{alertname="{name}",alertstate="firing"}}',
        "eval_time": case["eval_time"],
        "exp_samples": [
            {"labels": "ALERTS" + labels_text({"alertname": name, "alertstate": "firing", "severity": severities.get(name, ""),
                                               **alert["exp_labels"]}), "value": 1}
            for alert in case["exp_alerts"]]}


def run_promtool(test, groups, interval):
    with tempfile.TemporaryDirectory() as directory:
        rules, cases = (os.path.join(directory, name) for name in ("rules.yml", "cases.yml"))
        with open(rules, "w", encoding="utf-8") as file:
            yaml.safe_dump({"groups": groups}, file, width=10000)
        with open(cases, "w", encoding="utf-8") as file:
            yaml.safe_dump({"rule_files": [rules], "evaluation_interval": interval, "tests": [test],
                            "group_eval_order": [group["name"] for group in groups]}, file, width=10000)
        return subprocess.run([PROMTOOL, "test", "rules", cases], capture_output=True, text=True, check=False)


def run_case(test, rules, interval):
    """What promtool finds wrong; empty if nothing."""
    groups = needed_groups(test, rules)
    severities = {rule["alert"]: rule["labels"]["severity"] for group in groups for rule in group["rules"] if "alert" in rule}
    questions = test.get("promql_expr_test", []) + [as_question(case, severities) for case in test.get("alert_rule_test", [])]
    run = run_promtool({"interval": test["interval"], "input_series": test["input_series"], "promql_expr_test": questions},
                       groups, interval)
    return "" if run.returncode == 0 else run.stdout + run.stderr


def texts_of_case(test, rules, interval):
    """The texts of the alerts that the case expects, as promtool renders them: it is told to expect none and says what it got."""
    alerts = [{**case, "exp_alerts": []} for case in test.get("alert_rule_test", []) if case["exp_alerts"]]
    if not alerts:
        return []
    run = run_promtool({"interval": test["interval"], "input_series": test["input_series"], "alert_rule_test": alerts},
                       needed_groups(test, rules), interval)
    found = re.findall(r"Annotations:\{(.*)\}", run.stdout + run.stderr)
    return [dict((key, value.replace('\\"', '"')) for key, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', text))
            for text in found if text]


def for_each_case(paths, function, rules):
    """(file, name, result) of each case, two at a time."""
    cases = [(path, test, load(path)["evaluation_interval"]) for path in paths for test in load(path)["tests"]]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda case: function(case[1], rules, case[2]), cases)
        return [(os.path.basename(path), test["name"], result) for (path, test, _), result in zip(cases, results, strict=True)]
