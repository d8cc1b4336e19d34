"""The dashboards: generated, valid, every query answered and drawn from what the exporter shows.
What queries answer in particular cases is in queries_test.py.

PICTURES=../../../docs/images python3 dashboards_test.py DrawnTest.test_pictures draws those of the
documentation from hours of simulated calls, in about four minutes; pngquant makes them small.
"""

import glob
import json
import math
import os
import re
import shutil
import subprocess
import time
import unittest

import yaml
from dashboard import (ALL, END, GRAFANA, HOUR, PATHS, ROOT, WEEK, Past, each,
                       import_history, read)
from harness import EndToEndTest, eventually, fetch
from npm_packages import install
from prometheus_server import Prometheus

HERE = os.path.dirname(os.path.abspath(__file__))
GENERATOR = os.path.join(GRAFANA, "generator")
METRICS = os.path.join(ROOT, "docs", "metrics.md")
RUNBOOK = os.path.join(ROOT, "docs", "runbook.md")
# Those whose alerts have links.
RULES = os.path.join(ROOT, "deploy", "compose", "telnyx_exporter.rules.yml")
INSTALLED = os.environ["NPM_DIR"]
DEMO = os.path.join(ROOT, "config", "scenarios", "demo.yml")
SUPPORT, KUNDENDIENST = "1293384261075731461", "1293384261075731471"


class GeneratedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        programs = [os.path.basename(path) for path in glob.glob(GENERATOR + "/*.mjs")]
        cls.generator = install(GENERATOR, os.path.join(INSTALLED, "generator"), *programs)

    def test_the_committed_dashboards_are_what_the_generator_writes(self):
        written = os.path.join(self.generator, "written")
        shutil.rmtree(written, ignore_errors=True)
        subprocess.run(["node", "generate.mjs", written], cwd=self.generator, check=True)
        self.assertEqual(sorted(os.listdir(written)), [os.path.basename(p) for p in PATHS])
        for path in PATHS:
            self.assertEqual(read(path), read(os.path.join(written, os.path.basename(path))),
                             "run: cd deploy/grafana/generator && npm ci && npm run generate")


class ContentTest(unittest.TestCase):
    """What is in the files, without running anything."""

    def each_panel(self, *types):
        for dashboard in each():
            for panel in dashboard.panels(*types):
                with self.subTest(dashboard.name + ": " + panel["title"]):
                    yield panel

    def test_every_panel_has_a_description_a_unit_and_thresholds(self):
        for panel in self.each_panel():
            self.assertRegex(panel["description"], r"^[A-Z].*\.$")
            if panel["type"] == "alertlist":
                continue
            defaults = panel["fieldConfig"]["defaults"]
            self.assertTrue(defaults["thresholds"]["steps"])
            if panel["type"] != "table":
                self.assertTrue(defaults["unit"])

    def test_panels_do_not_overlap(self):
        for dashboard in each():
            taken = set()
            for panel in dashboard.json["panels"]:
                place = panel["gridPos"]
                cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                         for y in range(place["y"], place["y"] + place["h"])}
                self.assertFalse(cells & taken, panel["title"])
                self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
                taken |= cells

    def test_ids_are_unique(self):
        uids = [dashboard.json["uid"] for dashboard in each()]
        self.assertEqual(len(set(uids)), len(uids))
        for dashboard in each():
            ids = [panel["id"] for panel in dashboard.json["panels"]]
            self.assertEqual(len(set(ids)), len(ids))

    def test_the_data_source_is_a_variable_everywhere(self):
        for dashboard in each():
            self.assertEqual(dashboard.variables()[:5],
                             ["datasource", "cluster", "namespace", "job", "account"])
            for place in (*dashboard.panels(), *dashboard.json["annotations"]["list"],
                          *(t for panel in dashboard.panels() for t in panel.get("targets", []))):
                self.assertEqual(place["datasource"],
                                 {"type": "prometheus", "uid": "${datasource}"})

    def test_only_documented_metrics_are_used(self):
        documented = set(re.findall(r"^\| `(\w+)` \|", read(METRICS), re.MULTILINE))
        for dashboard in each():
            for name in re.findall(r"\b((?:telnyx|process)_[a-z_]+)[{\[]", read(dashboard.path)):
                self.assertIn(re.sub(r"_(bucket|count)$", "", name), documented)

    def test_a_connection_is_selected_and_grouped_by_its_id(self):
        for panel in self.each_panel():
            for target in panel.get("targets", []):
                self.assertNotIn('connection_name="', target["expr"])
                self.assertNotIn("without", target["expr"])
                for labels in re.findall(r"by \(([^)]*connection_name[^)]*)\)", target["expr"]):
                    self.assertIn("connection_id", labels)

    def test_sums_of_calls_say_what_they_cover(self):
        """As a series, as a column, or in words. One connection has no share."""
        of_one_each = {"Channel utilization", "Connections"}
        checked = 0
        for dashboard in each():
            for panel in dashboard.panels():
                if (dashboard.name == "connection_detail" or panel["title"] in of_one_each
                        or not any("sum" in target["expr"] and re.search(
                            r"telnyx_(active_call|calls_|completed)", target["expr"])
                            for target in panel.get("targets", []))):
                    continue
                with self.subTest(panel["title"]):
                    names = [target.get("legendFormat") for target in panel["targets"]]
                    self.assertTrue({"known", "connections known"} & set(names)
                                    or "Known" in str(panel.get("transformations"))
                                    or "shows which share of the connections"
                                    in panel["description"])
                    checked += 1
        self.assertGreater(checked, 10)

    def test_what_the_dashboards_must_show_is_there(self):
        titles = {dashboard.name: {panel["title"] for panel in dashboard.panels()}
                  for dashboard in each()}
        self.assertLessEqual({"Coverage", "Peak", "Account channel limits", "Firing alerts",
                              "Outbound voice profile limits"}, titles["calls_overview"])
        self.assertLessEqual({"Request budget", "Coverage", "Throttling", "Retries", "CPU",
                              "Alerts", "Discovery failures"}, titles["exporter_health"])
        for dashboard in each():
            self.assertEqual([a["name"] for a in dashboard.json["annotations"]["list"]],
                             ["Restarts", "Reloads", "Failed reloads", "Firing alerts"])

    def test_titles_are_short_and_in_the_words_of_the_field(self):
        for panel in self.each_panel():
            self.assertLessEqual(len(panel["title"].split()), 5)
            self.assertNotRegex(panel["title"], r"(?i)\b(how|own|sent again|readings|processor|"
                                                r"waiting|present|otherwise)\b")

    def test_panels_say_for_which_intervals_their_window_is_long_enough(self):
        """Four polls: docs/metrics.md."""
        for panel in self.each_panel():
            limited = any("[15m]" in target["expr"] for target in panel.get("targets", []))
            self.assertEqual("for intervals up to 4 minutes" in panel["description"].lower(), limited)

    def test_tables_are_paged(self):
        for panel in self.each_panel("table"):
            self.assertTrue(panel["options"]["enablePagination"])

    def test_links_lead_to_dashboards_and_variables_that_exist(self):
        """Those within the dashboards, and those of the alerts."""
        dashboards = {dashboard.json["uid"]: set(dashboard.variables()) for dashboard in each()}
        links = [link for dashboard in each() for link in
                 re.findall(r'"(/d/[^"]+)"', read(dashboard.path))]
        self.assertTrue(links)
        alerts = [rule["annotations"]["dashboard_url"]
                  for group in yaml.safe_load(read(RULES))["groups"] for rule in group["rules"]
                  if "alert" in rule]
        self.assertTrue(alerts)
        for link in links + alerts:
            uid = re.search(r"/d/([\w-]+)", link)[1]
            self.assertIn(uid, dashboards)
            self.assertLessEqual(set(re.findall(r"var-(\w+)", link)), dashboards[uid], link)
            self.assertLessEqual(set(re.findall(r"\$\{(\w+):queryparam", link)),
                                 dashboards[uid], link)
            if "var-connection" in link:
                self.assertRegex(link, r"var-connection=(\{\{ \$labels.connection_id|"
                                       r"\$\{__data.fields.Id:|\$\{__field.labels.connection_id:)")

    def test_dashboards_lead_to_the_runbook(self):
        [address] = {rule["annotations"]["runbook_url"].split("#")[0]
                     for group in yaml.safe_load(read(RULES))["groups"] for rule in group["rules"]
                     if "alert" in rule}
        sections = set(re.findall(r"^## (\w+)$", read(RUNBOOK).lower(), re.MULTILINE))
        for dashboard in each():
            links = dashboard.link_targets()
            self.assertIn(address, links)
            self.assertGreater(len(links), 3)
            for link in links:
                page, _, section = link.partition("#")
                self.assertEqual(page, address)
                self.assertTrue(not section or section in sections, section)

    def test_the_files_can_be_imported(self):
        for dashboard in each():
            text, data = read(dashboard.path), dashboard.json
            [source] = data["__inputs"]
            self.assertEqual((source["type"], source["pluginId"]), ("datasource", "prometheus"))
            variable = dashboard.variable("datasource")
            self.assertEqual(variable["current"]["value"], "${" + source["name"] + "}")
            self.assertEqual(set(re.findall(r"\$\{(DS_\w+)\}", text)), {source["name"]})
            requires = {(needed["type"], needed["id"]) for needed in data["__requires"]}
            types = {("panel", panel["type"]) for panel in dashboard.panels()}
            self.assertEqual(requires,
                             {("grafana", "grafana"), ("datasource", "prometheus")} | types)
            for key in ("id", "version"):
                self.assertNotIn(key, data)

    def test_nothing_is_left_over_from_the_generators_library(self):
        for dashboard in each():
            links = [link for panel in dashboard.panels() for link in panel.get("links", [])]
            for place in (*dashboard.json["links"], *dashboard.json["annotations"]["list"], *links):
                self.assertNotIn("placement", place)
            for variable in dashboard.json["templating"]["list"]:
                self.assertFalse({"auto", "auto_count", "auto_min"} & set(variable))
            for panel in dashboard.panels("table"):
                self.assertNotIn("footer", panel["options"])

    def test_provisioning(self):
        provisioning = os.path.join(GRAFANA, "provisioning")
        source = yaml.safe_load(read(provisioning + "/datasources/prometheus.yml"))
        self.assertEqual(source["datasources"][0]["type"], "prometheus")
        provider = yaml.safe_load(read(provisioning + "/dashboards/telnyx.yml"))["providers"][0]
        self.assertEqual(provider["type"], "file")
        self.assertTrue(provider["options"]["path"])


class DrawnTest(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        cls.programs = install(HERE, os.path.join(INSTALLED, "drawing"), "draw.mjs", "nothing.mjs",
                               "page.css", "page.jsx", "tsconfig.json", "validate.mjs")

    def run_node(self, *arguments):
        return subprocess.run(["node", *arguments], cwd=self.programs, capture_output=True,
                              text=True, check=False, env=dict(os.environ, no_proxy="127.0.0.1"))

    def validate(self, *paths):
        return self.run_node("validate.mjs", *paths)

    def test_grafanas_own_types_accept_the_dashboards(self):
        run = self.validate(*PATHS)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))

    def test_grafanas_own_types_refuse_mistakes(self):
        dashboard = each()[0].json
        dashboard["schemaVersion"] = "42"
        dashboard["links"][0]["where"] = "top"
        dashboard["annotations"]["list"][0]["query"] = "up"
        stat = next(panel for panel in dashboard["panels"] if panel["type"] == "stat")
        table = next(panel for panel in dashboard["panels"] if panel["type"] == "table")
        table["options"]["footer"] = {"show": False}
        table["fieldConfig"]["overrides"][0]["properties"].append({"id": "custom.wide", "value": 1})
        stat["options"]["graphMode"] = "bars"
        stat["fieldConfig"]["defaults"]["units"] = "short"
        stat["targets"][0]["expression"] = "up"
        run = self.validate(self.write("wrong.json", json.dumps(dashboard)))
        self.assertEqual(run.returncode, 1)
        for mistake in ("/schemaVersion", "/graphMode", '"units"', '"expression"', '"where"',
                        '"query"', '"footer"', '"wide"'):
            self.assertIn(mistake, run.stdout)

    def start(self, peak_window="1m"):
        """Two accounts whose connections are found with their limits, and one that is not there."""
        self.simulator = self.start_simulator("--rate-limit=1000", scenario=DEMO)
        accounts = "".join(f"""
  - name: {name}
    base_url: {self.simulator.api}
    api_key: {key}
    rate_limit: {{requests_per_second: 1000, burst: 1000}}
    discovery: {{enabled: true, refresh_interval: 10s, channel_limits: true}}
    connections: [{connections}]""" for name, key, connections in (
            ("main", "KEY_MAIN", f"{{id: '{SUPPORT}', name: support, channel_limit: 320}}, "
                                 "{id: '404', name: closed}"),
            ("europe", "KEY_EUROPE", "")))
        self.config = self.write(
            "config.yml", f"poll: {{interval: 1s, stale_after: 10m, peak_window: {peak_window}}}\n"
                          f"accounts:{accounts}\n")
        exporter = self.start_exporter(self.config)
        exporter.wait_until_ready()
        return exporter

    def draw(self, prometheus, end, seconds, step, scrape_interval, pictures, suffix="",
             paths=PATHS):
        one = ALL | {"connection": SUPPORT}
        run = self.run_node("draw.mjs", json.dumps({
            "prometheus": prometheus.url, "end": end, "seconds": seconds, "step": step,
            "scrapeInterval": scrape_interval,
            "dashboards": [{
                "file": path,
                "variables": self.shown(path, one if suffix and "detail" in path else ALL),
                "picture": os.path.join(pictures, os.path.basename(path)
                                        .replace(".json", suffix + ".png")),
            } for path in paths]}))
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout)

    def shown(self, path, values):
        """Those that the dashboard has."""
        names = [v["name"] for v in json.loads(read(path))["templating"]["list"]]
        return {name: values[name] for name in names if name in values}

    def test_every_query_has_data_and_every_panel_is_drawn(self):
        exporter = self.start()
        replica = self.start_exporter(self.config, name="replica")
        replica.wait_until_ready()
        now = time.time()
        known = [(name, dict(labels), value) for (name, labels), value in exporter.metrics().items()
                 if name == "telnyx_active_calls"]
        storage = import_history(self, "storage", [
            f'{name}{{account="{labels["account"]}",connection_id="{labels["connection_id"]}",'
            f'connection_name="{labels["connection_name"]}",job="telnyx",'
            f'instance="{exporter.url[7:]}"}} {value * 0.9:.0f} {now - WEEK + seconds:.0f}'
            for seconds in range(-600, 600, 15) for name, labels, value in known])
        prometheus = Prometheus(self, [exporter.url.removeprefix("http://"),
                                       replica.url.removeprefix("http://")], storage=storage,
                                rules=self.write("rules.yml", json.dumps({"groups": [{
                                    "name": "test", "rules": [{
                                        "alert": "TelnyxTest", "expr": "telnyx_connection_up == 0",
                                        "labels": {"severity": "warning"}}]}]})))
        # Rates need some scrapes, and calls that have ended.
        eventually("calls have ended", lambda: prometheus.query(
            "sum(rate(telnyx_completed_call_duration_seconds_count[4s])) > 0"))
        eventually("discovery has looked again", lambda: prometheus.query(
            "changes(telnyx_discovery_last_success_timestamp_seconds[1m]) > 0"))
        # From now on both replicas show the same; a sum of both would be twice as high.
        self.simulator.freeze()
        frozen = time.time()
        calls = f'sum(telnyx_active_calls{{instance="{exporter.url[7:]}"}})'
        eventually("every connection was polled since", lambda: prometheus.query(
            f"min(telnyx_connection_last_success_timestamp_seconds) > {frozen}"))
        eventually("the replicas agree", lambda: prometheus.query(
            "max(max by (connection_id) (telnyx_active_calls)"
            " - min by (connection_id) (telnyx_active_calls)) == 0"))
        calls = prometheus.query_value(calls)
        self.simulator.faults("POST", f"status_503@{KUNDENDIENST}")
        eventually("both replicas fail", lambda: prometheus.query(
            f'max(telnyx_connection_up{{connection_id="{KUNDENDIENST}"}}) == 0 and on () '
            'sum(rate(telnyx_account_poll_failures_total{reason="server_error"}[4s])) > 0'))

        # From before the freeze, so that there are ended calls, however long it took since.
        end = math.ceil(time.time())
        found = self.draw(prometheus, end, end - int(frozen) + 15, 1, 1, self.directory)
        self.assertEqual(len(found), 3)
        for dashboard in found:
            with self.subTest(os.path.basename(dashboard["file"])):
                self.assertEqual(dashboard["errors"], [])
                self.assertEqual([query for query in dashboard["empty"]
                                  if "all others" not in query], [])
                for panel in dashboard["panels"]:
                    self.assert_is_drawn(panel)
        panels = {(os.path.basename(dashboard["file"])[:-5], panel["type"], panel["title"]): panel
                  for dashboard in found for panel in dashboard["panels"]}
        self.assert_says(panels, calls)
        self.assert_charts(panels, calls)

    def assert_is_drawn(self, panel):
        self.assertGreater(panel["drawn"], 0, panel["title"])
        self.assertNotIn("No data", panel["text"], panel["title"])
        self.assertTrue(panel["fits"], panel["title"])
        if panel["type"] == "timeseries":
            for series in panel["plot"]["series"]:
                self.assertGreater(series["points"], 0, (panel["title"], series))
                self.assertIn(series["label"], panel["text"])
        if panel["type"] == "table":
            for column in panel["fields"]:
                self.assertIn(column, panel["text"])

    def assert_says(self, panels, calls):
        """Some of what people must be able to read there, in the right colours."""
        green, orange, red = "rgb(115, 191, 105)", "rgb(255, 152, 48)", "rgb(242, 73, 92)"

        def text(*key):
            return re.sub(r"\s+", " ", panels[key]["text"])
        self.assertEqual(text("calls_overview", "stat", "Active calls"),
                         f"calls {calls:,.0f} known 86%")
        self.assertEqual(text("calls_overview", "stat", "Coverage"), "known 86% unknown 1")
        self.assertLessEqual({orange, red},
                             set(panels["calls_overview", "stat", "Coverage"]["colors"]))
        self.assertEqual(text("exporter_health", "stat", "Configuration"), "In force")
        self.assertIn(green, panels["exporter_health", "stat", "Configuration"]["colors"])
        self.assertEqual(text("exporter_health", "stat", "Failing connections"), "2")
        limits = text("calls_overview", "bargauge", "Channel utilization")
        self.assertIn("main / support", limits)  # as configured
        self.assertIn("europe / trunk-berlin", limits)  # as the API says
        self.assertNotIn("main / ivr", limits)  # of which only inbound calls are limited
        self.assertRegex(limits, r"\d+%")
        self.assertRegex(text("calls_overview", "bargauge", "Longest calls"), r"\d\d:\d\d:\d\d")
        table = text("calls_overview", "table", "Connections")
        self.assertRegex(table, r"main closed 404 not_found Failing")
        self.assertRegex(table, r"main support \d+ Up \d+")
        self.assertIn("1 - 7 of 7 rows", table)
        failing = text("exporter_health", "table", "Failing connections")
        self.assertRegex(failing, r"europe kundendienst \d+ server_error \d\d:\d\d:\d\d")
        self.assertRegex(text("calls_overview", "table", "Account channel limits"),
                         r"main [\d,]+ 80% 1,000 \d+%")
        self.assertRegex(text("calls_overview", "table", "Firing alerts"),
                         "warning TelnyxTest main")

    def assert_charts(self, panels, calls):
        """What Grafana makes of overrides, units and stacks."""
        chart = panels["calls_overview", "timeseries", "Active calls"]["plot"]
        known = next(s for s in chart["series"] if s["label"] == "connections known")
        [curve] = [s for s in chart["series"] if s is not known]
        self.assertNotEqual(known["scale"], curve["scale"])
        self.assertEqual((known["dash"], curve["last"]), ([0, 6], calls))
        right = next(axis for axis in chart["axes"] if axis["scale"] == known["scale"])
        self.assertEqual((right["side"], right["values"][0], right["values"][-1]),
                         (1, "0%", "100%"))
        stack = panels["calls_overview", "timeseries", "Active calls by connection"]["plot"]
        self.assertEqual(max(s["last"] for s in stack["series"]), calls)
        self.assertEqual(len({s["stroke"] for s in stack["series"]}), len(stack["series"]))
        latency = panels["exporter_health", "timeseries", "Latency"]["plot"]
        self.assertRegex(" ".join(map(str, latency["axes"][0]["values"])), r"\d ms")

    def test_300_connections_are_paged_and_ranked(self):
        past = Past()
        for index in range(300):
            past.connection(f"{index:03}", index + 1)
            past.add("telnyx_longest_active_call_duration_seconds", {
                "job": "telnyx", "instance": "a", "account": "main", "connection_id": f"{index:03}",
                "connection_name": f"{index:03}"}, index + 1)
        [overview] = self.draw(past.prometheus(self), END, HOUR, 60, 15, self.directory,
                               paths=[path for path in PATHS if "calls_overview" in path])
        self.assertEqual(overview["errors"], [])
        panels = {(panel["type"], panel["title"]): panel for panel in overview["panels"]}
        self.assertRegex(panels["table", "Connections"]["text"], r"1 - \d+ of 300 rows")
        stack = panels["timeseries", "Active calls by connection"]["plot"]["series"]
        self.assertEqual(len(stack), 16)
        self.assertEqual(max(s["last"] for s in stack), 300 * 301 / 2)
        self.assertEqual({s["label"] for s in stack},
                         {f"main / {index}" for index in range(285, 300)} | {"all others"})
        bars = panels["bargauge", "Longest calls"]
        self.assertEqual(len(re.findall("main / ", bars["text"])), 15)
        self.assertTrue(bars["fits"])

    @unittest.skipUnless("PICTURES" in os.environ, "only for new pictures in the README")
    def test_pictures(self):
        exporter = self.start(peak_window="1s")
        step, count = 120, 180
        self.simulator.freeze()
        scraped = []
        for index in range(count):
            if index == count - 25:
                self.simulator.faults("POST", f"status_503@{KUNDENDIENST}")
            self.simulator.advance(step)
            advanced = time.time()
            eventually("another poll of all that can be polled",
                       lambda: self.all_polled_since(exporter, advanced))  # noqa: B023
            text = fetch(exporter.url + "/metrics", headers={
                "Accept": "application/openmetrics-text;version=1.0.0"})[2].decode()
            scraped.append((time.time(), text))
        end = time.time()
        lines, estimates = [], {}
        for index, (real, text) in enumerate(scraped):
            at = end - (count - 1 - index) * step
            lines += self.estimate(list(self.at_another_time(text, at, real, end - count * step)),
                                   estimates, step)
            lines += [self.a_week_before(line, index) for line in lines[-3000:]
                      if line.startswith("telnyx_active_calls{") and line.endswith(f" {at:.3f}")]
            if index >= count - 24:
                lines += self.alert(at, end - 24 * step)
        storage = import_history(self, "pictures", lines)
        prometheus = Prometheus(self, "127.0.0.1:1", storage=storage)
        os.makedirs(os.environ["PICTURES"], exist_ok=True)
        self.draw(prometheus, end, (count - 8) * step, step, step,
                  os.path.abspath(os.environ["PICTURES"]), "_dashboard")

    def estimate(self, lines, totals, step):
        """The estimate of started calls depends on the time between polls, which was shorter than the
        one that is shown. So it is made from the calls younger than 5 s, and never below what was seen."""
        young, seen = {}, {}
        for line in lines:
            series, value, at = line.rsplit(" ", 2)
            key = re.search(r'account="\w+",connection_id="\d+"', series)
            if series.startswith("telnyx_active_call_duration_seconds_bucket") and 'le="5.0"' in series:
                young[key[0]] = float(value) / 5 * step
            elif series.startswith("telnyx_calls_started_total"):
                seen[key[0]] = float(value)
        for line in lines:
            series, value, at = line.rsplit(" ", 2)
            if not series.startswith("telnyx_calls_started_estimated_total"):
                yield line
                continue
            key = re.search(r'account="\w+",connection_id="\d+"', series)[0]
            before, total = totals.get(key, (seen[key], 0))
            totals[key] = seen[key], total + max(seen[key] - before, young.get(key, 0))
            yield f"{series} {totals[key][1]} {at}"

    def alert(self, at, since):
        labels = ('alertname="TelnyxConnectionFailing",severity="warning",job="telnyx_exporter",'
                  f'account="europe",connection_id="{KUNDENDIENST}",connection_name="kundendienst"')
        return [f'ALERTS{{{labels},alertstate="firing"}} 1 {at:.3f}',
                f"ALERTS_FOR_STATE{{{labels}}} {since:.0f} {at:.3f}"]

    def all_polled_since(self, exporter, since):
        metrics = exporter.metrics()
        return all(
            metrics["telnyx_connection_last_success_timestamp_seconds", labels] > since
            for (name, labels), value in metrics.items()
            if name == "telnyx_connection_up" and value == 1)

    def at_another_time(self, text, at, real, start):
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, value = line.split(" # ")[0].rsplit(" ", 1)
            if "last_success" in name:
                value = f"{float(value) + at - real:.3f}"
            elif re.match("process_start_time|telnyx_exporter_config_last_reload_success_t", name):
                value = f"{start:.3f}"
            name = re.sub(r"^(\w+)\{?", r'\1{job="telnyx_exporter",instance="exporter-0:10035",',
                          name, count=1)
            yield f"{name if name.endswith('}') else name[:-1] + '}'} {value} {at:.3f}"

    def a_week_before(self, line, index):
        name, value, at = line.rsplit(" ", 2)
        usual = float(value) * (1.04 + 0.06 * math.sin(index / 17) + 0.02 * math.sin(index / 3))
        return f"{name} {usual:.0f} {float(at) - WEEK:.3f}"


if __name__ == "__main__":
    unittest.main()
