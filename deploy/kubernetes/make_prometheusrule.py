#!/usr/bin/env python3
"""Writes the PrometheusRule of the operator's component from the rules of deploy/prometheus:

    make_prometheusrule.py > components/prometheus-operator/prometheusrule.yaml
"""

import os

RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "prometheus",
                     "telnyx_exporter.rules.yml")
HEAD = """\
# Made by deploy/kubernetes/make_prometheusrule.py from the rules in deploy/prometheus: change them.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: telnyx-exporter
  labels:
    app.kubernetes.io/name: telnyx-exporter
spec:
"""


def main():
    with open(RULES, encoding="utf-8") as file:
        _, groups = file.read().split("\ngroups:\n")
    print(HEAD + "  groups:")
    for line in groups.splitlines():
        print(f"  {line}" if line else "")


if __name__ == "__main__":
    main()
