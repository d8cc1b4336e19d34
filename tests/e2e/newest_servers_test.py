"""The newest Prometheus and VictoriaMetrics that Debian has, those of Debian unstable, in a chroot: they scrape the
exporter in every format without an error, keep the values that it shows, accept our rules and evaluate them."""

import json
import os
import re
import tempfile
import unittest

import yaml

from bare_debian import Chroot, make_bare_debian
from harness import EndToEndTest, eventually, fetch
from prometheus_server import Prometheus, QueryServer, expected_quantile
from promtool_cases import load, run_cases
from real_parts import HttpServer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TESTS = os.path.join(ROOT, "tests")
DEPLOY = os.path.join(ROOT, "deploy", "prometheus")
RULES = os.path.join(DEPLOY, "telnyx_exporter.rules.yml")
CASES = [os.path.join(TESTS, "deploy", f"rules_{name}.yml") for name in ("cases", "truth_cases", "week_cases")]
SCRAPERS = os.path.join(TESTS, "exposition", "scrapers.yml")

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
FORMAT_NAMES = {TEXT: "text", OPENMETRICS: "openmetrics", PROTOBUF: "protobuf"}

DURATION = "telnyx_active_call_duration_seconds"
# What does not change while the simulator's time stands still, in every format under the same name.
STILL = re.compile(r"telnyx_(active_call.*|longest_.*|reported_.*|poll_item_mismatches_total|completed_call_duration_.*|"
                   r"connection_(info|up|failure_info|poll_pages|interval_seconds)|calls_started_.*|"
                   r"account_(connections|api_key_readable)|discovered_connections)")
NATIVE = "--enable-feature=native-histograms"  # before 3.9
START_TIMES = "--enable-feature=created-timestamp-zero-ingestion"

# name, what is set, what the answer's Content-Type must be.
JOBS = [
    ("default", {}, OPENMETRICS + "; escaping=allow-utf-8"),
    ("proto", {"scrape_protocols": ["PrometheusProto"]}, PROTOBUF),
    ("openmetrics_1", {"scrape_protocols": ["OpenMetricsText1.0.0"]}, OPENMETRICS + "; escaping=allow-utf-8"),
    ("openmetrics_0", {"scrape_protocols": ["OpenMetricsText0.0.1"]}, TEXT),
    ("text_1", {"scrape_protocols": ["PrometheusText1.0.0"]}, TEXT),
    ("text_0", {"scrape_protocols": ["PrometheusText0.0.4"]}, TEXT),
    ("underscores", {"metric_name_escaping_scheme": "underscores"}, OPENMETRICS + "; escaping=underscores"),
    ("values", {"metric_name_escaping_scheme": "values"}, OPENMETRICS + "; escaping=values"),
    ("dots", {"metric_name_escaping_scheme": "dots"}, OPENMETRICS + "; escaping=underscores"),
    ("legacy", {"metric_name_validation_scheme": "legacy", "metric_name_escaping_scheme": "underscores"},
     OPENMETRICS + "; escaping=underscores"),
]
debian = None
version = None  # of Prometheus, as (3, 5)


def setUpModule():
    global debian, version
    if os.geteuid():
        raise unittest.SkipTest("only root can make a Debian and enter it")
    directory = tempfile.TemporaryDirectory(prefix="telnyx_exporter_sid_")
    unittest.addModuleCleanup(directory.cleanup)
    root = os.environ.get("NEWEST_DEBIAN")  # made before, while somebody works on this file
    if not root:
        root = os.path.join(directory.name, "root")
        make_bare_debian(root, ["prometheus", "prometheus-alertmanager", "victoria-metrics"], release="sid")
    debian = Chroot(root)
    said = debian.run("prometheus", "--version")
    version = tuple(map(int, re.search(r"version (\d+)\.(\d+)", said.stdout + said.stderr).groups()))


def native(settings):
    """With native histograms: before 3.8 a flag switches them on for every job, and then the job itself."""
    return {**settings, "scrape_native_histograms": True} if version >= (3, 8) else settings


class Recorder(HttpServer):
    """Stands between the scrapers and the exporter and records what each job asked for and what it was given."""

    def __init__(self, test, exporter):
        self.accept, self.content_type = {}, {}
        self._exporter = exporter
        super().__init__(self._relay)
        test.addCleanup(self.stop)

    def _relay(self, handler):
        job = handler.path.partition("job=")[2]
        headers = {name: handler.headers[name] for name in ("Accept", "Accept-Encoding")}
        status, answered, body = fetch(self._exporter.url + "/metrics", headers=headers)
        self.accept[job] = headers["Accept"]
        self.content_type[job] = answered["Content-Type"]
        handler.send_response(status)
        for name in ("Content-Type", "Content-Encoding"):
            if answered[name]:
                handler.send_header(name, answered[name])
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


def scrape_file(test, name, target, scrape):
    """The path of a file of scrape configurations, for those who read only these from it."""
    return test.write(f"{name}.yml", json.dumps({
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"static_configs": [{"targets": [target]}], **each} for each in scrape]}))


class VictoriaMetrics(QueryServer):
    def __init__(self, test, target, scrape):
        config = scrape_file(test, "victoria-metrics", target, scrape)
        self.start(test, "victoria-metrics", lambda port: debian.command(
            "victoria-metrics", f"-promscrape.config={config}", f"-storageDataPath={test.directory}/vm-{port}",
            f"-httpListenAddr=127.0.0.1:{port}", "-search.latencyOffset=0s", "-search.disableCache",
            shared=(test.directory,)))


def scrape_configs(jobs):
    return [{"job_name": name, "params": {"job": [name]}, **settings} for name, settings, _ in jobs]


def series(result):
    """{(name, labels): value} of a query's result without native histograms, and without the labels of the scrape."""
    return {(each["metric"]["__name__"],
             frozenset((n, v) for n, v in each["metric"].items() if n not in ("__name__", "instance", "job"))):
            float(each["value"][1]) for each in result if "value" in each}


class ServerTest(EndToEndTest):
    def start(self, *exporter_flags, missing=True):
        self.simulator = self.start_simulator("--connections=3", "--active-calls=2000")
        self.simulator.freeze()
        self.truth = self.simulator.truth()
        self.legs = sum(c["legs"] for c in self.truth)
        # One more that does not exist, so that a failure is there too.
        connections = self.truth + [{"id": "404", "name": "missing"}] * missing
        self.exporter = self.start_exporter(
            self.write_config(self.simulator.api, connections, poll="interval: 1s, stale_after: 1m"), *exporter_flags)
        self.exporter.wait_until_ready()
        self.recorder = Recorder(self, self.exporter)

    def prometheus(self, jobs, *flags, **options):
        server = Prometheus(self, self.recorder.address, *flags, scrape=scrape_configs(jobs),
                            run=lambda command: debian.command(*command, shared=(self.directory, DEPLOY)), **options)
        self.wait_for_scrapes(server, jobs)
        return server

    def wait_for_scrapes(self, server, jobs):
        """Two of each job, so that an error that the first one leaves behind is seen."""
        def scraped():
            done = {each["metric"]["job"]: float(each["value"][1])
                    for each in server.query("count_over_time(up[1h])")}
            return all(done.get(name, 0) >= 2 for name, *_ in jobs)
        eventually("every job scraped twice", scraped)

    def check_targets(self, server, jobs):
        targets = {each["labels"]["job"]: (each["health"], each["lastError"])
                   for each in server.ask("targets", state="active")["activeTargets"]}
        self.assertEqual(targets, {name: ("up", "") for name, *_ in jobs})
        self.assertEqual(server.query("min_over_time(up[1h]) < 1"), [])
        for line in server.process.log().splitlines():
            self.assertNotRegex(line, r"level=(WARN|ERROR)|\t(warn|error|fatal|panic)\t")

    def check_content_types(self, jobs):
        for name, _, expected in jobs:
            self.assertEqual(self.recorder.content_type[name], expected, name)

    def check_headers(self, scraper, jobs):
        """What was asked for is in the file that the unit test of the negotiation reads."""
        with open(SCRAPERS, encoding="utf-8") as file:
            known = {(row["scraper"], row["accept"]): row for row in yaml.safe_load(file)}
        for name, *_ in jobs:
            row = known.get((scraper, self.recorder.accept[name]))
            self.assertIsNotNone(row, f"{name} asks for {self.recorder.accept[name]}: a new row for scrapers.yml")
            content_type, _, escaping = self.recorder.content_type[name].partition("; escaping=")
            self.assertEqual((row["format"], row.get("escaping", "")), (FORMAT_NAMES[content_type], escaping), name)

    def check_values(self, server, jobs):
        """Each job has what /metrics shows, but for what moves and for durations, whose names differ by format."""
        expected = {key: value for key, value in self.exporter.metrics().items()
                    if STILL.fullmatch(key[0]) and not re.search("call_duration_seconds_(bucket|count|sum)", key[0])}
        self.assertGreater(len(expected), 40)
        for name, *_ in jobs:
            found = series(server.query('{job="%s"}' % name))
            self.assertEqual({key: found.get(key) for key in expected}, expected, name)


class PrometheusTest(ServerTest):
    def test_scrapes_every_format_without_an_error(self):
        self.start()
        server = self.prometheus(JOBS)
        self.check_targets(server, JOBS)
        self.check_content_types(JOBS)
        self.check_headers("Prometheus", JOBS)
        self.check_values(server, JOBS)
        quantile = f"histogram_quantile(0.9, sum by (job, le) ({DURATION}_bucket))"
        exact = expected_quantile(0.9, self.truth)
        found = {each["metric"]["job"]: float(each["value"][1]) for each in server.query(quantile)}
        # Without native histograms Prometheus drops from protobuf, before 3.8, what is both native and classic.
        dropped = {"proto"} if version < (3, 8) else set()
        self.assertEqual(set(found), {name for name, *_ in JOBS} - dropped)
        for name, value in found.items():
            self.assertAlmostEqual(value, exact, places=6, msg=name)
        for job in ("openmetrics_1", "text_1"):
            count = "gcount" if job.startswith("openmetrics") else "count"
            self.assertEqual(server.query_value(f'sum({DURATION}_{count}{{job="{job}"}})'), self.legs)
        self.check_metadata(server, JOBS)

    def test_scrapes_native_histograms(self):
        jobs = [("native", native({}), PROTOBUF),
                ("both", native({"always_scrape_classic_histograms": True}), PROTOBUF),
                ("underscores", native({"metric_name_escaping_scheme": "underscores"}), PROTOBUF),
                ("openmetrics_1", {"scrape_protocols": ["OpenMetricsText1.0.0"]}, OPENMETRICS + "; escaping=allow-utf-8")]
        self.start()
        server = self.prometheus(jobs, NATIVE)
        self.check_targets(server, jobs)
        self.check_content_types(jobs)
        self.check_headers("Prometheus", jobs)
        self.check_values(server, jobs)
        seconds = sum(c["total_seconds"] for c in self.truth)
        for job in ("native", "both", "underscores"):
            self.assertEqual(server.query_value(f'histogram_count(sum({DURATION}{{job="{job}"}}))'), self.legs)
            self.assertEqual(server.query_value(f'histogram_sum(sum({DURATION}{{job="{job}"}}))'), seconds)
        self.assertEqual(server.query(f'{DURATION}_bucket{{job="native"}}'), [])
        self.assertAlmostEqual(
            server.query_value(f'histogram_quantile(0.9, sum by (le) ({DURATION}_bucket{{job="both"}}))'),
            expected_quantile(0.9, self.truth), places=6)
        # Histograms that have classic buckets only stay what they are.
        self.assertTrue(server.query('telnyx_api_request_duration_seconds_bucket{job="native",le="+Inf"} > 0'))

    def test_converts_classic_histograms_to_native_ones(self):
        def job(name, protocol, content_type):
            settings = {"convert_classic_histograms_to_nhcb": True, "scrape_protocols": [protocol]}
            return name, native(settings) if protocol == "PrometheusProto" else settings, content_type
        jobs = [job("text", "PrometheusText0.0.4", TEXT), job("proto", "PrometheusProto", PROTOBUF),
                job("openmetrics", "OpenMetricsText1.0.0", OPENMETRICS + "; escaping=allow-utf-8")]
        self.start()
        server = self.prometheus(jobs, NATIVE)
        self.check_targets(server, jobs)
        self.check_content_types(jobs)
        self.check_values(server, jobs)
        for name, *_ in jobs:
            # One series instead of a dozen, with the bounds of the classic histogram.
            self.assertTrue(server.query_value(
                f'histogram_count(sum(telnyx_api_request_duration_seconds{{job="{name}"}}))') > 0, name)
            self.assertEqual(server.query(f'telnyx_api_request_duration_seconds_bucket{{job="{name}"}}'), [])
        exact = expected_quantile(0.9, self.truth)
        self.assertAlmostEqual(server.query_value(f'histogram_quantile(0.9, sum({DURATION}{{job="text"}}))'),
                               exact, places=6)
        # It leaves gauge histograms of OpenMetrics as they are, and what is native already.
        self.assertAlmostEqual(
            server.query_value(f'histogram_quantile(0.9, sum by (le) ({DURATION}_bucket{{job="openmetrics"}}))'),
            exact, places=6)
        self.assertEqual(server.query_value(f'histogram_count(sum({DURATION}{{job="proto"}}))'), self.legs)

    def test_knows_since_when_counters_count(self):
        jobs = [("default", {}, PROTOBUF),
                ("classic", {"always_scrape_classic_histograms": True}, PROTOBUF),
                ("openmetrics_1", {"scrape_protocols": ["OpenMetricsText1.0.0"]},
                 OPENMETRICS + "; escaping=allow-utf-8")]
        self.start("--web.openmetrics-created")
        started = self.exporter.metrics()["process_start_time_seconds", frozenset()]
        server = self.prometheus(jobs, START_TIMES)
        self.check_targets(server, jobs)
        self.check_content_types(jobs)
        self.check_headers("Prometheus", jobs)
        for name, *_ in jobs:
            # A sample of 0 at the start, before the first scrape.
            for counter in ("telnyx_polls_total", "telnyx_api_request_duration_seconds_count", "process_cpu_seconds_total"):
                for each in server.query(f'{counter}{{job="{name}"}}[1h]'):
                    (first, value), (second, _) = each["values"][:2]
                    self.assertEqual(value, "0", (name, counter))
                    self.assertLess(first, second)
                    self.assertAlmostEqual(first, started, delta=10)
        # A start time is no series of its own, and what can shrink has none.
        self.assertEqual(server.query('{__name__=~".+_created"}'), [])
        # This feature alone makes Prometheus ask for protobuf, from which it drops, before 3.8, what is native too.
        if version < (3, 8):
            self.assertEqual(server.query(f'{{__name__=~"{DURATION}.*",job="default"}}'), [])
        self.assertAlmostEqual(
            server.query_value(f'histogram_quantile(0.9, sum by (le) ({DURATION}_bucket{{job="classic"}}))'),
            expected_quantile(0.9, self.truth), places=6)

    def check_metadata(self, server, jobs):
        """Prometheus knows the type and the unit of every family as the exposition says them."""
        for name, *_ in jobs:
            found = {each["metric"]: (each["type"], each["unit"]) for each in server.ask(
                "targets/metadata", match_target='{job="%s"}' % name)}
            expected = self.described(self.recorder.content_type[name])
            self.assertGreater(len(expected), 40)
            self.assertEqual({metric: found.get(metric) for metric in expected}, expected, name)

    def described(self, content_type):
        """{family: (type, unit)} as an answer of this type describes them."""
        text = content_type == TEXT
        body = fetch(self.exporter.url + "/metrics", headers={
            "Accept": "text/plain" if text else "application/openmetrics-text"})[2].decode()
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", body, re.MULTILINE))
        units = dict(re.findall(r"^# UNIT (\S+) (\S+)$", body, re.MULTILINE))
        if content_type == PROTOBUF:  # names counters with their ending, and gives units to names that end in them
            types = {family + "_total" if kind == "counter" else family: kind for family, kind in types.items()}
        return {family: (kind, units.get(family, "")) for family, kind in types.items()}


class VictoriaMetricsTest(ServerTest):
    JOBS = [("default", {}, TEXT), ("stream", {"stream_parse": True}, TEXT)]

    def test_scrapes_without_an_error(self):
        self.start()
        server = VictoriaMetrics(self, self.recorder.address, scrape_configs(self.JOBS))
        self.wait_for_scrapes(server, self.JOBS)
        self.check_targets(server, self.JOBS)
        self.check_content_types(self.JOBS)
        self.check_headers("VictoriaMetrics", self.JOBS)
        self.check_values(server, self.JOBS)
        for name, *_ in self.JOBS:
            self.assertAlmostEqual(
                server.query_value(f'histogram_quantile(0.9, sum by (le) ({DURATION}_bucket{{job="{name}"}}))'),
                expected_quantile(0.9, self.truth), places=6)

    def test_is_sent_everything_by_vmagent(self):
        self.start()
        jobs = [("agent", {}, TEXT)]
        server = VictoriaMetrics(self, self.recorder.address, [])
        agent = QueryServer()
        config = scrape_file(self, "vmagent", self.recorder.address, scrape_configs(jobs))
        agent.start(self, "vmagent", lambda port: debian.command(
            "vmagent", f"-promscrape.config={config}", f"-remoteWrite.url={server.url}/api/v1/write",
            f"-remoteWrite.tmpDataPath={self.directory}/vmagent-{port}", f"-httpListenAddr=127.0.0.1:{port}",
            shared=(self.directory,)))
        self.wait_for_scrapes(server, jobs)
        self.check_content_types(jobs)
        self.check_headers("vmagent", jobs)
        self.check_values(server, jobs)

    def test_evaluates_the_rules_as_prometheus_does(self):
        jobs = [("telnyx_exporter", {"scrape_protocols": ["PrometheusText0.0.4"]}, TEXT)]
        rules = self.rules_without_intervals()
        self.start(missing=False)
        prometheus = self.prometheus(jobs, rules=rules)
        server = VictoriaMetrics(self, self.recorder.address, scrape_configs([("telnyx_exporter", {}, TEXT)]))
        vmalert = QueryServer()
        vmalert.start(self, "vmalert", lambda port: debian.command(
            "vmalert", f"-rule={rules}", f"-datasource.url={server.url}", f"-remoteWrite.url={server.url}",
            "-remoteWrite.flushInterval=100ms", "-notifier.blackhole", "-evaluationInterval=1s",
            "-group.maxStartDelay=1s", "-rule.evalDelay=0s", f"-httpListenAddr=127.0.0.1:{port}",
            shared=(self.directory,)))
        for evaluator in (prometheus, vmalert):
            eventually("every rule is evaluated", lambda e=evaluator: all(
                not rule["lastEvaluation"].startswith("0001-") for rule in self.rules(e)))
            self.assertEqual([(rule["name"], rule.get("lastError")) for rule in self.rules(evaluator)
                              if rule["health"] != "ok" or rule.get("lastError")], [])
            # VictoriaMetrics finds new series some seconds later.
            eventually("nothing alerts", lambda e=evaluator: not e.ask("alerts")["alerts"])
        for record in sorted({rule["name"] for rule in self.rules(prometheus) if rule["type"] == "recording"}):
            with self.subTest(record):
                eventually(f"{record} has the same series in both", lambda r=record: (
                    self.recorded(prometheus, r) == self.recorded(server, r)))

    def rules_without_intervals(self):
        """The rules with every group evaluated each second."""
        document = load(RULES)
        for group in document["groups"]:
            group.pop("interval", None)
        return self.write("rules.yml", json.dumps(document))

    @staticmethod
    def rules(evaluator):
        return [rule for group in evaluator.ask("rules")["groups"] for rule in group["rules"]]

    @staticmethod
    def recorded(server, record):
        return {frozenset((n, v) for n, v in each["metric"].items() if n != "instance")
                for each in server.query(record)}


class RulesTest(EndToEndTest):
    def run_in_debian(self, *command):
        done = debian.run(*command, shared=(DEPLOY, self.directory))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_promtool_accepts_rules_and_configuration(self):
        self.run_in_debian("promtool", "check", "rules", "--lint=all", "--lint-fatal", RULES)
        self.run_in_debian("promtool", "check", "config", os.path.join(DEPLOY, "prometheus.yml"))

    def test_amtool_accepts_the_configuration(self):
        self.run_in_debian("amtool", "check-config", os.path.join(DEPLOY, "alertmanager.yml"))

    def test_vmalert_accepts_the_rules(self):
        self.run_in_debian("vmalert", "-dryRun", f"-rule={RULES}")

    def test_promtool_finds_nothing_to_say_about_text(self):
        for name in ("exposition/golden/all.prom", "metrics/golden/exposition.prom"):
            with open(os.path.join(TESTS, name), encoding="utf-8") as file:
                check = debian.run("promtool", "check", "metrics", stdin=file)
            self.assertEqual((check.returncode, check.stdout, check.stderr), (0, "", ""), name)

    def test_cases(self):
        for path, name, wrong, _ in run_cases(CASES, RULES, directory=self.directory, promtool=debian.command(
                "promtool", shared=(self.directory,))):
            with self.subTest(path, case=name):
                self.assertEqual(wrong, "")


if __name__ == "__main__":
    unittest.main()
