"""A real Prometheus that scrapes the exporter, for the tests that ask it questions."""

import json
import time
import urllib.parse

from harness import BUCKETS, Process, eventually, fetch, fetch_json, free_port


def expected_quantile(quantile, connections):
    """What PromQL's histogram_quantile interpolates from the true counts."""
    cumulative = [sum(c["buckets"][i] for c in connections) for i in range(len(BUCKETS))]
    rank = quantile * sum(c["legs"] for c in connections)
    below, lower = 0, 0
    for bound, count in zip(BUCKETS, cumulative, strict=True):
        if count >= rank:
            return lower + (bound - lower) * (rank - below) / (count - below)
        below, lower = count, bound
    return BUCKETS[-1]


class QueryServer:
    """A server at `self.url` that answers PromQL as Prometheus does."""

    def start(self, test, name, command):
        """`command(port)` is the program that is to listen on the port. The process is handed to `keep`, which stops it
        at the end of the test."""
        for _ in range(5):  # another program may take the port first
            port = free_port()
            self.process = Process(command(port), test.directory, f"{name}-{port}")
            test.keep(self.process)
            self.url = f"http://127.0.0.1:{port}"
            eventually(f"{name} is ready or has ended",
                       lambda: self._is_ready() or self.process.process.poll() is not None)
            if self.process.process.poll() is None:
                self.stop = self.process.stop
                return
        raise AssertionError(f"{name} did not start: {self.process.log()}")

    def _is_ready(self):
        try:
            return fetch(self.url + "/-/ready")[0] == 200
        except OSError:
            return False

    def ask(self, path, **parameters):
        return fetch_json(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def query_value(self, expression):
        """The value of a query with one result, which it waits for."""
        result = eventually(expression, lambda: self.query(expression))
        if len(result) != 1:
            raise AssertionError(f"{expression} has {len(result)} results: {result}")
        return float(result[0]["value"][1])


class Prometheus(QueryServer):
    """Scrapes one target or a list of them every second, and sends what the file `rules` finds to `alertmanager`.

    `storage` is a directory that already holds blocks of the past. `scrape` are scrape configurations instead of the one
    of `job`, each without its target; `more` is added to the configuration. `run` turns a program with its arguments into the command that runs it."""

    def __init__(self, test, target, *flags, name="prometheus", job="telnyx", rules=None,
                 alertmanager=None, storage=None, scrape=None, run=list, more=None):
        def static(*addresses):
            return {"static_configs": [{"targets": list(addresses)}]}
        targets = [target] if isinstance(target, str) else target
        config = test.write(f"{name}.yml", json.dumps({  # JSON is YAML too
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [rules] if rules else [],
            "alerting": {"alertmanagers": [static(alertmanager)] if alertmanager else []},
            "scrape_configs": [{**static(*targets), **each}
                               for each in scrape or [{"job_name": job}]], **(more or {})}))
        self.start(test, name, lambda port: run([
            "prometheus", f"--config.file={config}",
            f"--storage.tsdb.path={storage or f'{test.directory}/tsdb-{port}'}",
            f"--web.listen-address=127.0.0.1:{port}", *flags]))

    def exemplars(self, selector):
        """Those of the last hour."""
        now = time.time()
        found = self.ask("query_exemplars", query=selector, start=now - 3600, end=now + 1)
        return [exemplar for series in found for exemplar in series["exemplars"]]
