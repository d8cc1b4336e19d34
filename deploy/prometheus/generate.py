#!/usr/bin/env python3
"""Writes what is made from mixin.libsonnet: rule files, PrometheusRule, the chart's template and values.

    deploy/prometheus/generate.py                writes all of them
    deploy/prometheus/generate.py --check        fails when one differs from what it would write
    deploy/prometheus/generate.py --rules FILE   prints the rule file of your own parameters

Needs `jsonnet` (Debian's package). The YAML is written here and not by jsonnet, so that expressions
stay readable. docs/alerts.md says more."""

import argparse
import json
import os
import re
import subprocess
import sys
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
DEPLOY = os.path.dirname(HERE)
CHART = os.path.join(DEPLOY, "helm", "telnyx-exporter")
CHART_VALUES = os.path.join(CHART, "values.yaml")
WIDTH = 120

RULES_HEAD = """\
# Recording and alerting rules for telnyx_exporter. Made by generate.py from mixin.libsonnet: change that.
# docs/alerts.md says how to change thresholds and labels, docs/runbook.md what to do about each alert.
#
# A connection is its account and its id; its name is joined on last. Replicas that poll the same
# connections show each number twice; the rules take one of them, so that nothing is counted or announced
# twice and one replica is enough. With shards each connection is in one of them only, which changes nothing
# here.
"""
COMPOSE_URL = "http://localhost:3000"
COMPOSE_HEAD = """\
# The rules of deploy/prometheus/telnyx_exporter.rules.yml, whose alerts link to the dashboards of this Compose project's Grafana.
# Made by deploy/prometheus/generate.py from mixin.libsonnet: change that.
"""
OPERATOR_HEAD = """\
# Made by deploy/prometheus/generate.py from mixin.libsonnet: change that.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: telnyx-exporter
  labels:
    app.kubernetes.io/name: telnyx-exporter
spec:
"""
CHART_HEAD = """\
{{- /* Made by deploy/prometheus/generate.py from mixin.libsonnet: change that. */ -}}
{{- $rule := .Values.prometheusRule -}}
{{- if $rule.enabled }}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {{ include "telnyx-exporter.fullname" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
  labels:
    app.kubernetes.io/name: telnyx-exporter
    app.kubernetes.io/instance: {{ .Release.Name | quote }}
    {{- with $rule.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
"""
VALUES_BEGIN = "# BEGIN made by deploy/prometheus/generate.py from mixin.libsonnet: change that.\n"
VALUES_END = "# END\n"
VALUES_HEAD = """\
prometheusRule:
  enabled: false
  # Labels that the operator selects rules by, for example {release: kube-prometheus-stack}.
  labels: {}
"""
VALUES_COMMENTS = {
    "dashboard_url": ["# Where Grafana is, for example https://grafana.example: each alert then has a link to its dashboard."],
    "native_histograms": ["# Set it where Prometheus keeps native histograms only. vmalert refuses the rules then."],
}


def jsonnet(code):
    run = subprocess.run(["jsonnet", "-J", HERE, "-e", code], capture_output=True, text=True,
                         check=False)
    if run.returncode != 0:
        sys.exit(run.stderr)
    return json.loads(run.stdout)


def comment(text):
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH - 8)]


def scalar(text):
    """One line: plain where YAML reads it as a string, else quoted."""
    if re.fullmatch(r"\d+[smhdwy]", text):
        return text
    plain = (re.fullmatch(r"[A-Za-z(][^#\n]*(?:(?<! )#[^#\n]*)?", text) and ": " not in text
             and not text.endswith(":"))
    return text if plain else json.dumps(text, ensure_ascii=False)


def field(key, text):
    if "\n" in text:
        lines = text.rstrip("\n").split("\n")
        return [f"{key}: |"] + ["  " + line if line else "" for line in lines]
    # Links must not be folded, other long strings may.
    if len(key) + 2 + len(text) > WIDTH - 8 and key in ("summary", "description"):
        lines = textwrap.wrap(text, WIDTH - 10, break_long_words=False, break_on_hyphens=False)
        if " ".join(lines) == text:
            return [f"{key}: >-"] + ["  " + line for line in lines]
    return [f"{key}: {scalar(text)}"]


def indented(lines, spaces):
    return [" " * spaces + line if line else "" for line in lines]


def rule_lines(rule):
    fields = []
    for key in ("record", "alert", "expr", "for", "keep_firing_for"):
        if key in rule:
            fields += field(key, rule[key])
    for key in ("labels", "annotations"):
        if key in rule:
            fields.append(key + ":")
            for name in ("severity", "summary", "description", "dashboard_url", "runbook_url"):
                if name in rule[key]:
                    fields += indented(field(name, rule[key][name]), 2)
    return comment(rule["comment"]) + ["- " + fields[0]] + indented(fields[1:], 2)


def groups_lines(groups, lines_of_rule=rule_lines):
    lines = ["groups:"]
    for group in groups:
        lines.append(f"  - name: {group['name']}")
        if "interval" in group:
            lines.append(f"    interval: {group['interval']}")
        lines.append("    rules:")
        for index, rule in enumerate(group["rules"]):
            lines += ([""] if index else []) + indented(lines_of_rule(rule), 6)
        lines.append("")
    return lines[:-1]


def text_of(lines):
    return "\n".join(lines) + "\n"


# ---- The chart: parameters become values. jsonnet puts @@NAME@@ where one belongs.

def chart_parameters(config):
    return {
        **{key: f"@@{key}@@" for key in ("job", "runbook_url", "dashboard_url")},
        "thresholds": {name: f"@@thresholds.{name}@@" for name in config["thresholds"]},
        "alerts": {name: {key: f"@@alerts.{name}.{key}@@"
                          for key in ("severity", "for", "keep_firing_for")}
                   for name in config["alerts"]},
    }


CHART_TEXTS = {
    "targets": '{{ join ", " $rule.target_labels }}',
    "targets_and": "{{ range $rule.target_labels }}{{ . }}, {{ end }}",
    "and_labels": "{{ range $rule.connection_labels }}, {{ . }}{{ end }}",
    "selector": "{{ range $rule.target_labels }},{{ . }}=%q{{ end }}",
    "selector_values": "{{ range $rule.target_labels }} $labels.{{ . }}{{ end }}",
    "dashboard_variables": "{{ range $rule.target_labels }}"
                           "{{`{{ with $labels.`}}{{ . }}{{` }}&var-`}}{{ . }}{{`={{ . | urlquery }}{{ end }}`}}{{ end }}",
    "or_native_completed": "{{ if $rule.native_histograms }}"
                           " or histogram_count(rate(telnyx_completed_call_duration_seconds[5m])){{ end }}",
}
# Inside a string of Prometheus' own template language, that string must be closed and opened again around the chart's.
INSIDE = ("selector", "selector_values")


def chart_text(text, config):
    text = re.sub(r"\{\{.*?\}\}", lambda match: "{{`" + match.group() + "`}}", text,
                  flags=re.DOTALL)

    def value(match):
        name = match.group(1)
        if name in CHART_TEXTS:
            return ("`}}" + CHART_TEXTS[name] + "{{`") if name in INSIDE else CHART_TEXTS[name]
        threshold = config["thresholds"].get(name.removeprefix("thresholds."))
        # Helm would write a large integer with an exponent, which is no label's value.
        large = isinstance(threshold, int) and threshold >= 1000
        return ("{{ int64 $rule.%s }}" if large else "{{ $rule.%s }}") % name
    return re.sub(r"@@([\w.]+)@@", value, text)


def chart_rule_lines(rule, config):
    def translated(item):
        if isinstance(item, dict):
            return {key: translated(value) for key, value in item.items()}
        return chart_text(item, config)
    lines = []
    for line in rule_lines(translated(rule)):
        optional = re.match(r"\s*(keep_firing_for|dashboard_url): ", line)
        if optional:
            name = optional.group(1)
            if name == "keep_firing_for":
                name = f"alerts.{rule['alert']}.{name}"
            lines += ["  {{- if $rule.%s }}" % name, line, "  {{- end }}"]
        else:
            lines.append(line)
    if "alert" not in rule:
        return lines
    wanted = '{{- if not (has "%s" $rule.disabled_alerts) }}' % rule["alert"]
    return [wanted] + lines + ["{{- end }}"]


def chart_template(config):
    groups = jsonnet("((import 'mixin.libsonnet') + {_config+:: %s, _texts:: %s}).groups" % (
        json.dumps(chart_parameters(config)),
        json.dumps({name: f"@@{name}@@" for name in CHART_TEXTS})))
    lines = groups_lines(groups, lambda rule: chart_rule_lines(rule, config))
    return CHART_HEAD + text_of(indented(lines, 2)) + "{{- end }}\n"


def chart_values(config):
    """The chart's values with the part that its rules need made from the mixin."""
    lines = ["# The lists and parameters of the mixin, which explains them."]
    for key in ("target_labels", "connection_labels", "job", "runbook_url", "dashboard_url",
                "native_histograms", "disabled_alerts"):
        lines += VALUES_COMMENTS.get(key, [])
        lines.append(f"{key}: {json.dumps(config[key])}")
    lines.append("thresholds:")
    lines += [f"  {name}: {json.dumps(value)}" for name, value in config["thresholds"].items()]
    lines.append("# Severity of each alert, how long its condition must hold, how long it stays after that.")
    lines.append("alerts:")
    for name, settings in config["alerts"].items():
        settings = {"keep_firing_for": "", **settings}
        lines.append("  %s: {severity: %s, for: %s, keep_firing_for: %s}" % (
            name, settings["severity"], settings["for"], settings["keep_firing_for"] or '""'))
    with open(CHART_VALUES, encoding="utf-8") as file:
        before, rest = file.read().split(VALUES_BEGIN)
    return before + VALUES_BEGIN + VALUES_HEAD + text_of(indented(lines, 2)) + VALUES_END + rest.split(VALUES_END)[1]


def rules_text(groups, head=RULES_HEAD):
    return head + text_of(groups_lines(groups))


def outputs():
    groups = jsonnet("(import 'mixin.libsonnet').groups")
    compose = jsonnet("((import 'mixin.libsonnet') + {_config+:: {dashboard_url: '%s'}}).groups" % COMPOSE_URL)
    config = jsonnet("(import 'mixin.libsonnet')._config")
    return {
        os.path.join(HERE, "telnyx_exporter.rules.yml"): rules_text(groups),
        os.path.join(DEPLOY, "compose", "telnyx_exporter.rules.yml"): rules_text(compose, COMPOSE_HEAD),
        os.path.join(DEPLOY, "kubernetes", "components", "prometheus-operator",
                     "prometheusrule.yaml"):
            OPERATOR_HEAD + text_of(indented(groups_lines(groups), 2)),
        os.path.join(CHART, "templates", "prometheusrule.yaml"): chart_template(config),
        CHART_VALUES: chart_values(config),
    }


def main():
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--rules", metavar="FILE",
                           help="a jsonnet file that gives the mixin with your parameters")
    options = arguments.parse_args()
    if options.rules:
        path = json.dumps(os.path.abspath(options.rules))
        print(rules_text(jsonnet(f"(import {path}).groups")), end="")
        return
    differing = []
    for path, text in outputs().items():
        if options.check:
            if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
                differing.append(os.path.relpath(path))
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    if differing:
        sys.exit("run deploy/prometheus/generate.py: out of date are " + ", ".join(differing))


if __name__ == "__main__":
    main()
