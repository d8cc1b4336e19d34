"""Starts the real programs for the end-to-end tests and always stops them again.

The paths of the programs come from the environment: TELNYX_EXPORTER and TELNYX_SIMULATOR.
"""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

EXPORTER = os.environ["TELNYX_EXPORTER"]
SIMULATOR = os.environ["TELNYX_SIMULATOR"]
API_KEY = "KEY_FOR_END_TO_END_TESTS"
SANITIZED = bool(os.environ.get("TELNYX_EXPORTER_SANITIZER"))  # memory and time are then those of the sanitizer
PATIENCE = 60  # seconds until something that has to happen counts as never happening
BUCKETS = [5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400]

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url, method="GET", headers=None, data=None):
    """Returns (status, headers, body) whatever the status is."""
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=data)
    try:
        with _opener.open(request, timeout=PATIENCE) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def fetch_json(url, method="GET", headers=None):
    status, _, body = fetch(url, method, headers)
    if status != 200:
        raise AssertionError(f"{method} {url} answered {status}: {body!r}")
    return json.loads(body)


def eventually(what, condition):
    """Asks again until the condition gives something true, and returns that."""
    deadline = time.monotonic() + PATIENCE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {PATIENCE} s: {what}")
        time.sleep(0.05)


def free_port():
    """A port that was free a moment ago, for programs that cannot take port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


_SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


def parse_text(exposition):
    """{(name, frozenset of labels): value} of a text exposition."""
    samples = {}
    for line in exposition.splitlines():
        if not line or line.startswith("#"):
            continue
        name, labels, value = _SAMPLE.match(line).groups()
        samples[name, frozenset(_LABEL.findall(labels or ""))] = float(value)
    return samples


class Process:
    """A running program whose output goes to a file."""

    def __init__(self, arguments, directory, name, environment=None, pass_fds=()):
        self.log_path = os.path.join(directory, f"{name}.log")
        self._log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            arguments, stdout=self._log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env=dict(os.environ, **(environment or {})), pass_fds=pass_fds)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def find_in_log(self, pattern):
        def look():
            found = re.search(pattern, self.log())
            if not found and self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.log()}")
            return found
        try:
            return eventually(f"{pattern} in the log", look)
        except AssertionError:
            self.stop()
            raise

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not stop on SIGTERM: {self.log()}") from None
        finally:
            self._log.close()


class Simulator(Process):
    """With `scenario`, the path of a file, instead of one account that the key API_KEY opens."""

    def __init__(self, directory, *flags, name="simulator", listen="127.0.0.1:0", scenario=None):
        whose = f"--scenario={scenario}" if scenario else f"--api-key={API_KEY}"
        super().__init__([SIMULATOR, f"--web.listen-address={listen}", whose, *flags],
                         directory, name)
        self.api = self.find_in_log(r"listening on (http://\S+)").group(1)
        self.control = self.api.removesuffix("/v2") + "/simulator"

    def freeze(self):
        fetch(self.control + "/freeze", "POST")

    def advance(self, seconds):
        """Moves the frozen time on."""
        fetch(f"{self.control}/advance?seconds={seconds}", "POST")

    def faults(self, method="GET", fault=None):
        """What is switched on, as rules; POST switches one on, DELETE one or all off."""
        query = "" if fault is None else "?fault=" + urllib.parse.quote(fault)
        return fetch_json(f"{self.control}/faults{query}", method)

    def truth(self):
        bounds = ",".join(map(str, BUCKETS))
        return fetch_json(f"{self.control}/truth?buckets={bounds}")["connections"]


class Exporter(Process):
    def __init__(self, directory, config, *flags, name="exporter", environment=None, prefix=()):
        """`prefix` is a command that runs the exporter given as its arguments."""
        super().__init__([*prefix, EXPORTER, f"--config.file={config}",
                          "--web.listen-address=127.0.0.1:0", *flags], directory, name,
                         {"TELNYX_API_KEY": API_KEY, **(environment or {})})
        self.url = "http://" + self.find_in_log(r"listening.*?address\W+([0-9.]+:\d+)").group(1)

    def metrics(self):
        return parse_text(fetch(self.url + "/metrics")[2].decode())

    def wait_until_ready(self):
        eventually("ready", lambda: fetch(self.url + "/-/ready")[0] == 200)


class EndToEndTest(unittest.TestCase):
    """Gives each test a directory and stops what the test started."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="telnyx_exporter_e2e_")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def keep(self, process):
        self.addCleanup(process.stop)
        return process

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def write_config(self, api, connections, poll="interval: 1s", account="", name="config.yml"):
        lines = "".join(f"      - {{id: \"{c['id']}\", name: \"{c['name']}\"}}\n"
                        for c in connections)
        return self.write(name, f"poll: {{{poll}}}\naccounts:\n  - base_url: {api}\n"
                                f"    rate_limit: {{requests_per_second: 1000, burst: 10000}}\n"
                                f"{account}    connections:\n{lines}")

    def start_simulator(self, *flags, **options):
        return self.keep(Simulator(self.directory, *flags, **options))

    def start_exporter(self, config, *flags, **options):
        return self.keep(Exporter(self.directory, config, *flags, **options))


def connection_labels(connection, **more):
    return frozenset({"account": "default", "connection_id": connection["id"],
                      "connection_name": connection["name"], **more}.items())
