"""A dashboard's JSON, and its queries as Grafana asks them: for the tests."""

import glob
import json
import os
import re
import subprocess

from prometheus_server import Prometheus

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
GRAFANA = os.path.join(ROOT, "deploy", "grafana")
PATHS = sorted(glob.glob(os.path.join(GRAFANA, "dashboards", "*.json")))
ALL = {name: ".*" for name in
       ("cluster", "namespace", "job", "account", "connection", "instance")}

HOUR, WEEK = 3600, 7 * 24 * 3600
END = 1_800_000_000  # of a made-up past


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def with_named_groups(expression):
    """A regular expression of JavaScript, /…/g, for Python."""
    return re.compile(re.sub(r"\(\?<(\w+)>", r"(?P<\1>", expression[1:expression.rindex("/")]))


def import_history(test, name, lines):
    """The path of a Prometheus's storage with samples in OpenMetrics."""
    path = test.write(f"{name}.openmetrics", "".join(line + "\n" for line in lines) + "# EOF\n")
    storage = os.path.join(test.directory, name)
    run = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", path, storage],
                         capture_output=True, text=True, check=False)
    test.assertEqual(run.returncode, 0, run.stdout + run.stderr)
    return storage


class Dashboard:
    def __init__(self, name):
        self.name = name
        self.path = os.path.join(GRAFANA, "dashboards", name + ".json")
        self.json = json.loads(read(self.path))

    def panels(self, *types):
        return [panel for panel in self.json["panels"] if panel["type"] != "row"
                and (not types or panel["type"] in types)]

    def panel(self, title, *types):
        """The first panel with that title."""
        found = [panel for panel in self.panels(*types) if panel["title"] == title]
        if not found:
            raise AssertionError(f"{self.name} has no panel {title!r}")
        return found[0]

    def variables(self):
        return [variable["name"] for variable in self.json["templating"]["list"]]

    def variable(self, name):
        return next(v for v in self.json["templating"]["list"] if v["name"] == name)

    def annotation(self, name):
        return next(a for a in self.json["annotations"]["list"] if a["name"] == name)

    def link_targets(self):
        return [link["url"] for panel in [self.json, *self.panels()]
                for link in panel.get("links", []) if link["type"] == "link"]


def each():
    return [Dashboard(os.path.basename(path)[:-len(".json")]) for path in PATHS]


def legend(target, labels):
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""),
                  target.get("legendFormat", ""))


class View:
    """What somebody looks at: a Prometheus, a range of time, and values of variables."""

    def __init__(self, prometheus, end, seconds=3600, step=60, scrape_interval=15, **variables):
        self.prometheus, self.end, self.seconds, self.step = prometheus, end, seconds, step
        self.values = ALL | variables | {
            "__rate_interval": f"{max(step + scrape_interval, 4 * scrape_interval)}s",
            "__interval": f"{step}s", "__interval_ms": f"{step * 1000}", "__range": f"{seconds}s"}

    def interpolate(self, expression):
        """Grafana leaves alone what is no variable, such as $1."""
        return re.sub(r"\$([a-z_]+)", lambda match: self.values[match[1]], expression)

    def instant(self, expression):
        return self.prometheus.ask("query", query=self.interpolate(expression), time=self.end)[
            "result"]

    def over_time(self, expression):
        return self.prometheus.ask(
            "query_range", query=self.interpolate(expression), start=self.end - self.seconds,
            end=self.end, step=self.step)["result"]

    def results(self, panel):
        """The results of each of a panel's queries."""
        return [self.instant(target["expr"]) if target.get("instant")
                else self.over_time(target["expr"]) for target in panel.get("targets", [])]

    def series(self, panel):
        """What is drawn: legend to {time: value}. Equal legends are an error."""
        found = {}
        for target, result in zip(panel["targets"], self.results(panel), strict=True):
            for each_series in result:
                name = legend(target, each_series["metric"])
                if name in found:
                    raise AssertionError(f"two series are called {name!r}")
                points = each_series.get("values") or [each_series["value"]]
                found[name] = {time: float(value) for time, value in points}
        return found

    def newest(self, panel):
        """What a panel says at the end: legend to value."""
        return {name: points[max(points)] for name, points in self.series(panel).items()}

    def rows(self, panel):
        """The rows of a table by account and id: {column: text or value}, as "merge" makes them."""
        columns = panel["transformations"][1]["options"]
        rows = {}
        for target, result in zip(panel["targets"], self.results(panel), strict=True):
            value = f"Value #{target['refId']}" if len(panel["targets"]) > 1 else "Value"
            for sample in result:
                labels = sample["metric"]
                key = tuple(labels.get(label) for label in (
                    "cluster", "account", "connection_id", "profile_id", "instance", "alertname"))
                rows.setdefault(key, {}).update(labels | {value: float(sample["value"][1])})
        return [{columns["renameByName"].get(key, key): value for key, value in row.items()
                 if not columns["excludeByName"].get(key)} for row in rows.values()]

    def options(self, variable):
        """What can be chosen of a variable that asks query_result(): value to text."""
        query = re.fullmatch(r"query_result\((.+)\)", variable["query"]["query"])[1]
        regex = with_named_groups(variable["regex"])
        found = {}
        for sample in self.instant(query):
            labels = ",".join(f'{name}="{value}"' for name, value in sample["metric"].items())
            text = f"{{{labels}}} {sample['value'][1]} {sample['value'][0] * 1000:.0f}"
            groups = {}
            for match in regex.finditer(text):
                for name, value in match.groupdict().items():
                    if value is not None:
                        groups.setdefault(name, value)
            if groups:
                found.setdefault(groups["value"], groups["text"])
        return found


class Past:
    """Series with a value each minute."""

    def __init__(self):
        self.lines = []

    def prometheus(self, test, *flags):
        """A server that knows this past and scrapes nothing."""
        return Prometheus(test, "127.0.0.1:1", "--storage.tsdb.retention.time=99y", *flags,
                          storage=import_history(test, "past", self.lines))

    def add(self, name, labels, value, start=END - HOUR, end=END, step=60):
        """`value`: a number, or a function of the time; where it gives None there is a gap."""
        text = ",".join(f'{label}="{text}"' for label, text in labels.items())
        for at in range(start, end + 1, step):
            number = value(at) if callable(value) else value
            if number is not None:
                self.lines.append(f"{name}{{{text}}} {number} {at}")

    def connection(self, name, value, up=1, start=END - HOUR, end=END, instance="a", **labels):
        labels = {"job": "telnyx", "instance": instance, "account": "main",
                  "connection_name": name, **labels}
        labels.setdefault("connection_id", name)
        for metric in ("telnyx_active_calls", "telnyx_active_calls_peak",
                       "telnyx_active_call_sessions"):
            self.add(metric, labels, value, start, end)
        self.add("telnyx_connection_up", labels, up, start, end)

    def of_target(self, name, value, instance="a", **labels):
        self.add(name, {"job": "telnyx", "instance": instance, **labels}, value)
