#!/usr/bin/env python3
"""Writes the chart's README.md: its table of values is made from values.yaml, where each comment describes the key below it.

    deploy/helm/make_readme.py             writes it
    deploy/helm/make_readme.py --check     fails when it is not what this would write"""

import os
import re
import sys

CHART = os.path.join(os.path.dirname(os.path.abspath(__file__)), "telnyx-exporter")
# Their keys are many and described elsewhere.
SUMMARISED = {"thresholds", "alerts"}

HEAD = """\
# telnyx-exporter

A Helm chart for [telnyx_exporter](../../../README.md). Made by `deploy/helm/make_readme.py` from `values.yaml`: change that.

The cluster pulls the image from a registry. Copy the image of a [release](../../../docs/install.md#files-of-a-release) to yours, here
`images.example`; `VERSION` is the chart's `appVersion`, and `FILE` holds the API key:

```sh
skopeo copy --all oci-archive:telnyx_exporter-VERSION-image.oci.tar docker://images.example/telnyx_exporter:VERSION
kubectl create namespace telnyx
kubectl -n telnyx create secret generic telnyx-api-key --from-file=api_key=FILE
helm install -n telnyx telnyx deploy/helm/telnyx-exporter --set image.repository=images.example/telnyx_exporter
helm test -n telnyx telnyx
```

Where `ghcr.io/telnyx-exporter/telnyx_exporter` has the version, leave out the first command and `--set image.repository`: the release
workflow pushes it there.

The exporter then polls every connection of the account with two replicas. `ci/` has values for other cases: several accounts, shards, the Prometheus
operator, TLS and passwords, client certificates, other scrapers. [`../argocd-application.yaml`](../argocd-application.yaml) is an
example for Argo CD.

**Rates.** `accounts[].rate_limit` is the limit of the whole account. The chart divides it among replicas, each of which polls every
connection, and a rollout never runs an extra pod (`maxSurge: 0`). Shards take their part by themselves.

**Several releases.** Give each its own namespace. Rules and dashboards distinguish exporters by cluster, namespace and job, and every release has
the job `telnyx-exporter`, so two releases in one namespace count as replicas of each other: no alert fires when all pods of one of them
are gone, and totals are too low. For more accounts, one release with several `accounts` is enough. Enable `prometheusRule` and `dashboards` in one
release only: they cover all namespaces.

**Access rules.** With `webConfig.existingSecret` the exporter asks scrapers for a password or a certificate. Probes keep working: they
need no password, and where a client certificate is required they only check that the port is open.

## Values

| key | default | meaning |
|---|---|---|
"""


def rows(lines):
    """Key, default and description of each value, in order."""
    path, indents, description = [], [], []
    skip_deeper_than = None
    for line in lines:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if skip_deeper_than is not None:
            if text and indent > skip_deeper_than:
                continue
            skip_deeper_than = None
        if text.startswith("# BEGIN") or text.startswith("# END") or not text:
            description = []
            continue
        if text.startswith("#"):
            description.append(text[2:])
            continue
        match = re.match(r"([A-Za-z_]+):(.*)", text)
        if not match:
            continue
        while indents and indents[-1] >= indent:
            path.pop()
            indents.pop()
        path.append(match.group(1))
        indents.append(indent)
        default = match.group(2).strip()
        summarised = match.group(1) in SUMMARISED or match.group(1) == "accounts"
        if default or summarised:
            yield ".".join(path), "see `values.yaml`" if summarised else f"`{default}`", " ".join(description)
            if summarised:
                skip_deeper_than = indent
        elif description:
            yield ".".join(path), "", " ".join(description)
        description = []


def readme():
    with open(os.path.join(CHART, "values.yaml"), encoding="utf-8") as file:
        # The first lines are about the file.
        lines = file.read().split("\n\n", 1)[1].splitlines()
    table = "".join(f"| `{key}` | {default} | {text.replace('|', chr(92) + '|')} |\n" for key, default, text in rows(lines))
    return HEAD + table


def main():
    path = os.path.join(CHART, "README.md")
    if "--check" in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            if file.read() != readme():
                sys.exit("run deploy/helm/make_readme.py: README.md is out of date")
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(readme())


if __name__ == "__main__":
    main()
