"""Runs cases for rules with promtool, each in a process of its own with the rules that it needs.

The files are what promtool reads, but an expected alert has its labels only, without `severity`. Its
texts are compared with the golden file rules_texts.yml."""

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
    kept = [{**group, "rules": [rule for rule in group["rules"] if rule in wanted]}
            for group in groups]
    return [group for group in kept if group["rules"]]


def labels_text(labels):
    return "{%s}" % ", ".join(f'{name}="{value}"' for name, value in labels.items())


def as_question(case, severities):
    """Which alerts fire, as a query of ALERTS: of alerts themselves promtool wants the texts, too."""
    name = case["alertname"]
    return {
        "expr": f'ALERTS{{alertname="{name}",alertstate="firing"}}',
        "eval_time": case["eval_time"],
        "exp_samples": [
            {"labels": "ALERTS" + labels_text({
                "alertname": name, "alertstate": "firing", "severity": severities.get(name, ""),
                **alert["exp_labels"]}), "value": 1}
            for alert in case["exp_alerts"]]}


def run_promtool(test, groups, interval, promtool, directory):
    with tempfile.TemporaryDirectory(dir=directory) as directory:
        rules, cases = (os.path.join(directory, name) for name in ("rules.yml", "cases.yml"))
        with open(rules, "w", encoding="utf-8") as file:
            yaml.safe_dump({"groups": groups}, file, width=10000)
        with open(cases, "w", encoding="utf-8") as file:
            yaml.safe_dump({"rule_files": [rules], "evaluation_interval": interval, "tests": [test],
                            "group_eval_order": [group["name"] for group in groups]},
                           file, width=10000)
        return subprocess.run([*promtool, "test", "rules", cases], capture_output=True, text=True,
                              check=False)


def run_case(test, rules, interval, promtool=(PROMTOOL,), directory=None):
    """What promtool finds wrong, empty if nothing; and the texts of the expected alerts.

    `promtool` is the command that runs it; its files are written below `directory`.
    promtool is told to expect none of these and says, with their texts, what it got instead."""
    groups = needed_groups(test, rules)
    severities = {rule["alert"]: rule["labels"]["severity"]
                  for group in groups for rule in group["rules"] if "alert" in rule}
    alerts = test.get("alert_rule_test", [])
    run = run_promtool(
        {"interval": test["interval"], "input_series": test["input_series"],
         "promql_expr_test": test.get("promql_expr_test", []) + [as_question(case, severities)
                                                                 for case in alerts],
         "alert_rule_test": [{**case, "exp_alerts": []} for case in alerts if case["exp_alerts"]]},
        groups, interval, promtool, directory)
    output = run.stdout + run.stderr
    found = [{key: value.replace('\\"', '"')
              for key, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', text)}
             for text in re.findall(r"Annotations:\{(.+)\}", output)]
    wrong = re.findall(r"^ *expr: .*(?:\n {8,}.*)*", output, re.MULTILINE)
    if run.returncode != 0 and not wrong and not found:
        wrong = [output]
    return "\n".join(wrong), found


def run_cases(paths, rules, **options):
    """(file, name, what is wrong, texts) of each case, two at a time; `options` as of run_case()."""
    cases = [(path, test, document["evaluation_interval"])
             for path, document in ((path, load(path)) for path in paths)
             for test in document["tests"]]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda case: run_case(case[1], rules, case[2], **options), cases)
        return [(os.path.basename(path), test["name"], *result)
                for (path, test, _), result in zip(cases, results, strict=True)]
