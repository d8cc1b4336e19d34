"""Text, OpenMetrics and protobuf say the same, to Prometheus itself and to Python's client library."""

import json
import math
import os
import re
import subprocess
import unittest
import urllib.parse

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_prometheus

from harness import API_KEY, BUCKETS, PATIENCE, EndToEndTest, eventually, fetch
from prometheus_server import Prometheus, expected_quantile
from real_parts import HttpServer

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROTOBUF = ("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
            "encoding=delimited")
DURATION = "telnyx_active_call_duration_seconds"
COMPLETED = "telnyx_completed_call_duration_seconds"
# What does not change while the simulator's time stands still; but not the duration histogram, whose series
# are named after the format.
CONNECTION_SERIES = ('{__name__=~"telnyx_(active_calls|active_call_sessions|longest_.*|reported_.*|'
                     'connection_info|connection_up|connection_failure_info|connection_poll_pages|'
                     'poll_item_mismatches_total)"}')
HARD_NAME = "Büro \"1\" \\ 2 €"
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NATIVE_GROWTH = 2 ** (1 / 8)


class Relay(HttpServer):
    """Stands between Prometheus and the exporter: notes what was answered, and asks for another format
    where it was given one."""

    def __init__(self, test, exporter, accept=None):
        self.content_types = set()
        self._exporter = exporter
        self._accept = accept
        super().__init__(self._relay)
        test.addCleanup(self.stop)

    def _relay(self, handler):
        headers = {name: handler.headers[name] for name in ("Accept", "Accept-Encoding")}
        if self._accept:
            headers["Accept"] = self._accept
        status, answered, body = fetch(self._exporter.url + handler.path, headers=headers)
        self.content_types.add(answered["Content-Type"])
        handler.send_response(status)
        for name in ("Content-Type", "Content-Encoding"):
            if answered[name]:
                handler.send_header(name, answered[name])
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


def active_calls(simulator, connection_id):
    """{leg id: how long it has lasted}, read page by page from the API."""
    durations, cursor = {}, None
    while True:
        query = {"page[limit]": 250, **({"page[after]": cursor} if cursor else {})}
        _, _, body = fetch(f"{simulator.api}/connections/{connection_id}/active_calls?"
                           + urllib.parse.urlencode(query),
                           headers={"Authorization": f"Bearer {API_KEY}"})
        page = json.loads(body)
        for row in page["data"]:
            leg = row["call_leg_id"]
            durations[leg] = max(durations.get(leg, 0), row["call_duration"])
        cursor = page["meta"]["cursors"]["after"]
        if not cursor:
            return durations


def native_bucket(duration):
    """The bounds of the native bucket that a duration is in."""
    if duration == 0:
        return 0, 2 ** -128
    upper = NATIVE_GROWTH ** math.ceil(math.log2(duration) * 8 - 1e-9)
    return upper / NATIVE_GROWTH, upper


def series_by_labels(result):
    """{labels: value} of a query's result, without the labels of the scrape."""
    return {frozenset((n, v) for n, v in series["metric"].items() if n not in ("instance", "job")):
            series["value"][1] for series in result}


class FormatsTest(EndToEndTest):
    def start(self, *simulator_flags):
        self.simulator = self.start_simulator("--connections=3", *simulator_flags)
        self.simulator.freeze()
        self.truth = self.simulator.truth()
        # One more that does not exist, so that a failure is there too.
        self.names = dict(zip([c["id"] for c in self.truth] + ["404"],
                              [HARD_NAME, "support", "sales", "missing"], strict=True))
        connections = "".join(
            f"      - {{id: \"{id}\", name: {json.dumps(name, ensure_ascii=False)}}}\n"
            for id, name in self.names.items())
        config = self.write("config.yml", f"""
poll: {{interval: 1s, stale_after: 1m}}
accounts:
  - base_url: {self.simulator.api}
    rate_limit: {{requests_per_second: 1000, burst: 10000}}
    connections:
{connections}""")
        self.exporter = self.start_exporter(config)
        self.exporter.wait_until_ready()

    def page(self, accept, content_type):
        status, headers, body = fetch(self.exporter.url + "/metrics", headers={"Accept": accept})
        self.assertEqual((status, headers["Content-Type"]), (200, content_type))
        self.assertEqual(headers["Vary"], "Accept, Accept-Encoding")
        return body


class PrometheusTest(FormatsTest):
    def scrape(self, name, content_type, *flags, accept=None):
        relay = Relay(self, self.exporter, accept)
        prometheus = Prometheus(self, relay.address, *flags, name=name)
        eventually(f"{name} scraped", lambda: prometheus.query('up{job="telnyx"} == 1'))
        # Prometheus 3 asks for an escaping of names, too.
        self.assertEqual({re.sub("; escaping=[a-z0-9-]+$", "", sent) for sent in relay.content_types}, {content_type})
        return prometheus

    def scrape_all_formats(self):
        """Prometheus 2.42 asks for OpenMetrics by itself, and for protobuf with native histograms."""
        return (self.scrape("text", TEXT, accept="text/plain;version=0.0.4"),
                self.scrape("openmetrics", OPENMETRICS),
                self.scrape("protobuf", PROTOBUF, "--enable-feature=native-histograms"))

    def test_every_format_gives_the_same_answers(self):
        self.start("--active-calls=2000")
        text, openmetrics, protobuf = self.scrape_all_formats()
        legs = sum(c["legs"] for c in self.truth)
        expected = series_by_labels(text.query(CONNECTION_SERIES))
        # Eight series of each connection that answers, four of the one that is missing.
        self.assertEqual(len(expected), 3 * 8 + 4)
        for prometheus in (text, openmetrics, protobuf):
            self.assertEqual(prometheus.query_value("sum(telnyx_active_calls)"), legs)
            self.assertEqual(series_by_labels(prometheus.query(CONNECTION_SERIES)), expected)
            info = prometheus.query('telnyx_connection_info{connection_id="%s"}'
                                    % self.truth[0]["id"])
            self.assertEqual(info[0]["metric"]["connection_name"], HARD_NAME)

        quantile = f"histogram_quantile(0.9, sum by (le) ({DURATION}_bucket))"
        for prometheus in (text, openmetrics):
            self.assertAlmostEqual(prometheus.query_value(quantile),
                                   expected_quantile(0.9, self.truth), places=6)
        # The sum and the count are named after the format.
        seconds = sum(c["total_seconds"] for c in self.truth)
        self.assertEqual(text.query_value(f"sum({DURATION}_count)"), legs)
        self.assertEqual(text.query_value(f"sum({DURATION}_sum)"), seconds)
        self.assertEqual(openmetrics.query_value(f"sum({DURATION}_gcount)"), legs)
        self.assertEqual(openmetrics.query_value(f"sum({DURATION}_gsum)"), seconds)
        self.assertEqual(protobuf.query_value(f"histogram_count(sum({DURATION}))"), legs)
        self.assertEqual(protobuf.query_value(f"histogram_sum(sum({DURATION}))"), seconds)
        # Prometheus 2.42 keeps of a histogram that is both only the native one.
        self.assertEqual(protobuf.query(f"{DURATION}_bucket"), [])
        # Histograms that have classic buckets only stay what they are.
        self.assertTrue(protobuf.query('telnyx_api_request_duration_seconds_bucket{le="+Inf"} > 0'))

        self.check_metadata(text, "histogram", "")
        self.check_metadata(openmetrics, "gaugehistogram", "seconds")
        # Prometheus 2 does not read the unit.
        self.check_metadata(protobuf, "gaugehistogram", "", "seconds")

    def check_metadata(self, prometheus, kind, *units):
        (metadata,) = prometheus.ask("metadata", metric=DURATION)[DURATION]
        self.assertEqual(metadata["type"], kind)
        self.assertIn(metadata["unit"], units)
        self.assertIn("so never use rate() on it", metadata["help"])

    def test_native_quantiles_are_as_exact_as_their_buckets(self):
        self.start("--active-calls=2000")
        prometheus = self.scrape("protobuf", PROTOBUF, "--enable-feature=native-histograms")
        durations = {c["id"]: list(active_calls(self.simulator, c["id"]).values())
                     for c in self.truth}
        self.assertEqual([len(durations[c["id"]]) for c in self.truth],
                         [c["legs"] for c in self.truth])
        for quantile in (0.01, 0.25, 0.5, 0.9, 0.99, 1):
            self.check_quantile(prometheus, quantile, f"sum({DURATION})",
                                [d for each in durations.values() for d in each])
            for id, each in durations.items():
                self.check_quantile(prometheus, quantile, f'{DURATION}{{connection_id="{id}"}}', each)

    def check_quantile(self, prometheus, quantile, histogram, durations):
        exact = sorted(durations)[math.ceil(quantile * len(durations)) - 1]
        lower, upper = native_bucket(exact)
        value = prometheus.query_value(f"histogram_quantile({quantile}, {histogram})")
        self.assertGreaterEqual(value, lower * (1 - 1e-9), (quantile, histogram, exact))
        self.assertLessEqual(value, upper * (1 + 1e-9), (quantile, histogram, exact))

    def test_a_connection_without_calls_has_an_empty_native_histogram(self):
        self.start("--active-calls=0")
        prometheus = self.scrape("protobuf", PROTOBUF, "--enable-feature=native-histograms")
        self.assertEqual(prometheus.query_value(f"count(histogram_count({DURATION}) == 0)"), 3)


    def test_exemplars_lead_to_calls_that_have_ended(self):
        self.start("--active-calls=2000")
        calls = {leg: duration for c in self.truth
                 for leg, duration in active_calls(self.simulator, c["id"]).items()}
        # Every connection has a complete poll of these calls, which the next ones are compared with.
        eventually("calls to compare with",
                   lambda: len(self.completed(self.exporter.metrics())) == len(self.truth))
        self.simulator.advance(20)
        ended = set(calls) - {leg for c in self.truth for leg in active_calls(self.simulator, c["id"])}
        eventually("every end is counted",
                   lambda: sum(self.completed(self.exporter.metrics())) == len(ended))

        openmetrics = self.scrape("openmetrics", OPENMETRICS, "--enable-feature=exemplar-storage")
        protobuf = self.scrape("protobuf", PROTOBUF,
                               "--enable-feature=exemplar-storage,native-histograms")
        self.assertEqual(openmetrics.query_value(f"sum({COMPLETED}_count)"), len(ended))
        self.assertEqual(protobuf.query_value(f"histogram_count(sum({COMPLETED}))"), len(ended))
        for prometheus, series in ((openmetrics, COMPLETED + "_bucket"), (protobuf, COMPLETED)):
            exemplars = eventually("exemplars", lambda p=prometheus, s=series: p.exemplars(s))
            for exemplar in exemplars:
                leg = exemplar["labels"]["call_leg_id"]
                self.assertIn(leg, ended)
                # Between the poll that saw it last and the one that missed it.
                self.assertGreaterEqual(float(exemplar["value"]), calls[leg])
                self.assertLessEqual(float(exemplar["value"]), calls[leg] + PATIENCE)

    @staticmethod
    def completed(samples):
        """How many ended calls each connection has counted."""
        return [v for (name, _), v in samples.items() if name == COMPLETED + "_count"]


class PythonClientTest(FormatsTest):
    @staticmethod
    def samples(families, skip):
        """{(name, labels): value} as the text format names them."""
        samples = {}
        for family in families:
            for sample in family.samples:
                name = sample.name.replace("_gcount", "_count").replace("_gsum", "_sum")
                labels = {n: str(float(v)) if n == "le" else v for n, v in sample.labels.items()}
                if not name.startswith(skip):
                    samples[name, frozenset(labels.items())] = sample.value
        return samples

    def test_reads_text_and_openmetrics_and_sees_the_same(self):
        self.start("--active-calls=2000")
        text = list(parse_prometheus(self.page("text/plain", TEXT).decode()))
        openmetrics = list(parse_openmetrics(
            self.page("application/openmetrics-text", OPENMETRICS).decode()))
        # What goes on from one scrape to the next.
        moving = ("process_", "telnyx_exporter_", "telnyx_api_", "telnyx_account_", "telnyx_poll",
                  "telnyx_connection_last_success_", "telnyx_connection_poll_duration_")
        self.assertEqual(self.samples(text, moving), self.samples(openmetrics, moving))
        self.assertEqual([f.type for f in openmetrics if f.name == DURATION], ["gaugehistogram"])
        values = self.samples(openmetrics, moving)
        labels = {"account": "default", "connection_id": self.truth[0]["id"],
                  "connection_name": HARD_NAME}
        self.assertEqual(values["telnyx_active_calls", frozenset(labels.items())],
                         self.truth[0]["legs"])
        for bound, count in zip(BUCKETS, self.truth[0]["buckets"], strict=True):
            bucket = frozenset({**labels, "le": str(float(bound))}.items())
            self.assertEqual(values[DURATION + "_bucket", bucket], count)

    def test_reads_every_kind_of_metric(self):
        golden = {}
        for parse, name in ((parse_prometheus, "all.prom"), (parse_openmetrics, "all.openmetrics")):
            with open(f"{GOLDEN}/exposition/golden/{name}", encoding="utf-8", newline="") as file:
                golden[name] = list(parse(file.read()))
        skip = "example_numbers"  # NaN is not equal to itself
        self.assertEqual(self.samples(golden["all.prom"], skip),
                         self.samples(golden["all.openmetrics"], skip))
        exemplars = [(s.exemplar.labels, s.exemplar.value, s.exemplar.timestamp and
                      float(s.exemplar.timestamp))
                     for f in golden["all.openmetrics"] for s in f.samples if s.exemplar]
        self.assertEqual(exemplars, [
            ({"call_leg_id": "428c31b6-7af4-4bcb-b7f5-5013ef9657c1"}, 54.5, 1700000000.25),
            ({"call_leg_id": 'quote " and \\ slash', "line": "a\nb"}, 61, None),
            ({}, 2e6, 1700000000)])
        values = {s.labels["kind"]: s.labels["value"]
                  for f in golden["all.openmetrics"] if f.name == "example_labels" for s in f.samples}
        self.assertEqual(values, {
            "quote": 'a"b', "backslash": "a\\b\\", "line end": "a\nb", "backslash and n": "a\\nb",
            "UTF-8": "Büro € 📞", "brackets": '{a="b",c="d"} 1 # EOF', "empty": ""})

    def test_promtool_finds_nothing_to_say_about_golden_text(self):
        for name in ("exposition/golden/all.prom", "metrics/golden/exposition.prom"):
            with open(f"{GOLDEN}/{name}", "rb") as file:
                check = subprocess.run(["promtool", "check", "metrics"], stdin=file,
                                       capture_output=True, check=False)
            self.assertEqual((check.returncode, check.stdout, check.stderr), (0, b"", b""), name)


class ContentTypeTest(FormatsTest):
    def test_names_the_escaping_that_was_asked_for(self):
        self.start("--active-calls=10")
        self.page("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.2",
                  OPENMETRICS + "; escaping=allow-utf-8")

    def test_answers_oddities_with_text(self):
        self.start("--active-calls=10")
        for accept in ("*/*", "", "application/json", "application/openmetrics-text;q=nonsense"):
            self.page(accept, TEXT)


if __name__ == "__main__":
    unittest.main()
