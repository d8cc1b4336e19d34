"""The rows of the table of bench/run.py, each with its goal.

A poll's cost is that of the bare walk (bare_walk.cpp) several times over: both read the same pages with the same curl
options in turn, in several rounds. CPU is the kernel's clock of the process. Each round's ratio counts, and the median of
the rounds is compared with the goal.
"""

import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
import zlib
from typing import NamedTuple

from harness import (KEY, TEXT, DelayingProxy, Program, bare_walk, cpu_of, cpu_seconds, fetch, free_port, shape_name,
                     start_exporter, sum_of, write_config, write_discovering_config, write_lists, write_pages)

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
DELAY_MS = 30
MIB = 1 << 20


class Result(NamedTuple):
    what: str
    values: list  # of the rounds
    limit: float | None  # None: shown without a goal
    at_least: bool = False
    unit: str = ""
    note: str = ""

    def line(self):
        middle = statistics.median(self.values)
        measured = f"{self.number(middle)}{self.unit}"
        if len(self.values) > 1:
            measured += f" ({self.number(min(self.values))} to {self.number(max(self.values))})"
        if self.note:
            measured += f"; {self.note}"
        if self.limit is None:
            return f"| {self.what} | {measured} | | |"
        reached = middle >= self.limit if self.at_least else middle <= self.limit
        return (f"| {self.what} | {measured} | {'≥' if self.at_least else '≤'} {self.number(self.limit)}{self.unit} | "
                f"{'reached' if reached else '**not reached**'} |")

    @staticmethod
    def number(value):
        return f"{value:,.2f}" if abs(value) < 20 and value != int(value) else f"{value:,.0f}"


class Bench:
    """What all rows need. `quick` makes everything tiny, so that the numbers mean nothing but all code runs."""

    def __init__(self, build, work, nginx, rounds, quick):
        self.build, self.work, self.nginx = build, work, nginx
        self.rounds = 1 if quick else rounds
        self.quick = quick

    def seconds(self, seconds):
        return 1 if self.quick else seconds

    def polls(self, polls):
        return 1 if self.quick else polls

    def go_peer(self):
        """The program, built; None where Go is missing, which only `quick` accepts."""
        program = os.path.join(self.work, "go_peer")
        if self.quick and not shutil.which("go"):
            return None
        if not os.path.exists(program):
            environment = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode",
                               GOCACHE=os.path.join(self.work, "go-cache"))
            subprocess.run(["go", "build", "-o", program, os.path.join(PEERS, "peer.go")], env=environment, check=True)
        return program

    @contextlib.contextmanager
    def shape(self, connections, calls, compressed=False):
        """A Shape whose pages nginx serves."""
        if self.quick:
            connections, calls = min(connections, 3), min(calls, 300)
        directory = write_pages(self.work, connections, calls, compressed)
        write_lists(directory, connections)
        try:
            yield Shape(connections, calls)
        finally:
            shutil.rmtree(directory)

    @contextlib.contextmanager
    def delayed(self):
        """(address, CA file) of nginx over TLS with HTTP/2 and gzip, each answer later by DELAY_MS."""
        proxy = DelayingProxy(self.build, self.nginx.tls_gzip_port, 2 if self.quick else DELAY_MS)
        try:
            yield f"https://127.0.0.1:{proxy.port}", self.nginx.ca_file
        finally:
            proxy.stop()

    def tls(self):
        return contextlib.nullcontext((self.nginx.tls_url, self.nginx.ca_file))

    def plain(self):
        return contextlib.nullcontext((self.nginx.url, ""))

    def gzip(self):
        return contextlib.nullcontext((self.nginx.gzip_url, ""))


class Shape(NamedTuple):
    connections: int
    calls: int  # of each connection

    def path(self):
        return f"/{shape_name(*self)}/v2"

    def total(self):
        return self.connections * self.calls

    def __str__(self):
        return f"{self.connections:,} × {self.calls:,}"


def check_polls(exposition, shape, accounts=1):
    counted = sum_of("telnyx_active_calls", exposition)
    if counted != shape.total() * accounts:
        raise SystemExit(f"counted {counted} calls of {shape.total() * accounts}")
    if sum_of("telnyx_account_poll_failures_total", exposition):
        raise SystemExit("polls failed")


def cpu_of_polls(program, connections, interval, polls):
    """Seconds for one poll of all connections. The polls of many are spread over the interval."""
    if connections == 1:
        program.wait_until_quiet()
    cpu = -program.cpu_seconds()
    time.sleep(polls * interval)
    return (cpu + program.cpu_seconds()) / polls


def exporter_polls(bench, base_url, shape, ca_file, interval, polls):
    config = write_config(bench.work, base_url, shape.connections,
                          f"interval: {interval}s, stale_after: 1h, timeout: 10s, max_pages: 1000000", ca_file)
    with start_exporter(bench.build, config) as exporter:
        cpu = cpu_of_polls(exporter, shape.connections, interval, polls)
        exposition = exporter.exposition()
    check_polls(exposition, shape)
    if sum_of("telnyx_account_polls_skipped_total", exposition):
        raise SystemExit("polls were skipped")
    return cpu


def peer_polls(command, base_url, shape, ca_file, interval, polls):
    port = free_port()
    command = [*command, base_url, str(shape.connections), str(interval), str(port), *([ca_file] if ca_file else [])]
    with Program(command, port, lambda self: self.sum_of("active_calls") == shape.total()) as peer:
        peer.wait_until_quiet()
        return cpu_of_polls(peer, shape.connections, interval, polls)


def compare_polls(bench, shape, address, ca_file, interval, polls, peers=False):
    """{program: [CPU seconds of one poll of all, for each round]}, the programs in turn."""
    base_url = address + shape.path()
    ways = {"bare walk": lambda: statistics.mean(
                bare_walk(bench.build, base_url, shape.connections, polls + 1, interval, ca_file)[1:]),
            "exporter": lambda: exporter_polls(bench, base_url, shape, ca_file, interval, polls)}
    if peers:
        commands = {"Go": [bench.go_peer()], "Python": [sys.executable, os.path.join(PEERS, "peer.py")]}
        for name, command in commands.items():
            if command[0]:
                ways[name] = lambda command=command: peer_polls(command, base_url, shape, ca_file, interval, polls)
    seconds = {name: [] for name in ways}
    for _ in range(bench.rounds):
        for name, measure in ways.items():
            seconds[name].append(measure())
    return seconds


def ratios(seconds, name, base):
    return [a / b for a, b in zip(seconds[name], seconds[base], strict=True)]


def poll_row(shape, served, interval, polls, limit, title, peers=False, compressed=False, ahead_of_go=10):
    """A row that compares polls; `served` is a method of Bench."""
    def measure(bench):
        every, count = bench.seconds(interval), bench.polls(polls)
        with bench.shape(*shape, compressed) as made, served(bench) as (address, ca_file):
            seconds = compare_polls(bench, made, address, ca_file, every, count, peers)
        what = f"{made}, {title}"
        middle = {name: statistics.median(values) * 1000 for name, values in seconds.items()}
        yield Result(f"{what}: exporter / bare walk", ratios(seconds, "exporter", "bare walk"), limit,
                     note=f"{middle['exporter']:.1f} / {middle['bare walk']:.1f} ms a poll of all")
        for name, goal in (("Go", ahead_of_go), ("Python", None)):
            if name not in seconds:
                continue
            yield Result(f"{what}: {name} / exporter", ratios(seconds, name, "exporter"), goal, at_least=True,
                         note=f"{middle[name]:.1f} ms; {middle[name] / middle['bare walk']:.1f} bare walks")
    return measure


def measure_start(bench):
    with bench.shape(300, 50, compressed=True) as shape, bench.delayed() as (address, ca_file):
        base_url = address + shape.path()
        config = write_config(bench.work, base_url, shape.connections, "interval: 1h, stale_after: 1h, timeout: 10m",
                              ca_file)
        walk = [f"{bench.build}/bare_walk", base_url, str(shape.connections), "1", "0", ca_file]
        once = [f"{bench.build}/telnyx_exporter", f"--config.file={config}", "--once"]
        seconds = {"bare walk": [], "exporter": []}
        for turn in range(1 + 5 * bench.rounds):
            walked, (polled, exposition) = cpu_of(walk)[0], cpu_of(once, dict(os.environ, **KEY))
            check_polls(exposition, shape)
            if turn > 0:  # the first one warms the file cache
                seconds["bare walk"].append(walked)
                seconds["exporter"].append(polled)
    middle = {name: statistics.median(values) * 1000 for name, values in seconds.items()}
    yield Result(f"start to the first complete poll of {shape}, whole process: exporter / bare walk",
                 ratios(seconds, "exporter", "bare walk"), 1.3,
                 note=f"{middle['exporter']:.1f} / {middle['bare walk']:.1f} ms")


class Peak:
    """The most private memory of a program while the block runs."""

    def __init__(self, program):
        self.program, self.mib = program, 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.sample)

    def sample(self):
        while not self.over.wait(0.01):
            self.mib = max(self.mib, self.program.private_mib())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def scrape_every(program, interval, times):
    for _ in range(times):
        time.sleep(interval)
        fetch(f"{program.url}/metrics", encoding="gzip")


def measure_memory(bench):
    interval = bench.seconds(15)
    for connections, calls, limit in ((200, 500, 4), (1, 250_000, 16), (10_000, 20, 90)):
        with bench.shape(connections, calls) as shape, bench.tls() as (address, ca_file):
            config = write_config(bench.work, address + shape.path(), shape.connections,
                                  f"interval: {interval}s, stale_after: 1h, timeout: 10s", ca_file)
            with start_exporter(bench.build, config) as exporter:
                with Peak(exporter) as peak:
                    scrape_every(exporter, interval, bench.polls(3))
                check_polls(exporter.exposition(), shape)
        yield Result(f"private memory, {shape}, polled over TLS and scraped", [peak.mib], limit, unit=" MiB")


def compression_ms(exposition):
    """What zlib alone takes for it, at the exporter's level."""
    began = time.thread_time()
    compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
    compressor.compress(exposition)
    compressor.flush()
    return (time.thread_time() - began) * 1000


def measure_scrapes(bench):
    interval = bench.seconds(15)
    for connections, limit in ((300, 1.5), (10_000, 45)):
        with bench.shape(connections, 20) as shape, bench.tls() as (address, ca_file):
            config = write_config(bench.work, address + shape.path(), shape.connections,
                                  f"interval: {interval}s, stale_after: 1h, timeout: 10s", ca_file)
            with start_exporter(bench.build, config) as exporter:
                scrape_every(exporter, interval, 1)
                took = []
                for _ in range(bench.polls(4)):
                    time.sleep(interval)
                    before = exporter.web_cpu_seconds()
                    fetch(f"{exporter.url}/metrics", encoding="gzip")
                    time.sleep(0.05)  # until the threads sleep: a running one's clock lags
                    took.append((exporter.web_cpu_seconds() - before) * 1000)
                exposition = exporter.exposition()
        check_polls(exposition, shape)
        compressing = statistics.median(compression_ms(exposition.encode()) for _ in range(5))
        yield Result(f"one scrape of {shape.connections:,} connections every 15 s, text with gzip, CPU", took,
                     limit + compressing, unit=" ms",
                     note=f"zlib alone takes {compressing:.1f} ms for these {len(exposition) / 1e6:.1f} MB")


def load(url, encoding, seconds, pid):
    """(requests a second, CPU seconds that one takes of the process)"""
    cpu = -cpu_seconds(pid)
    output = subprocess.run(["wrk", "-t1", "-c4", f"-d{seconds}s", "--timeout", "10s", "-H", f"Accept: {TEXT}",
                             "-H", f"Accept-Encoding: {encoding}", url], capture_output=True, text=True, check=True).stdout
    cpu += cpu_seconds(pid)
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(output)
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    return float(re.search(r"Requests/sec:\s+(\S+)", output).group(1)), cpu / max(requests, 1)


def measure_hammered(bench):
    """What is compressed nginx gets ready made (gzip_static) and need only send: the most that any server can do."""
    for connections in (300, 10_000):
        with bench.shape(connections, 20) as shape, bench.plain() as (address, _):
            config = write_config(bench.work, address + shape.path(), shape.connections,
                                  "interval: 15s, stale_after: 1h, timeout: 10s" if not bench.quick
                                  else "interval: 1s, stale_after: 1h, timeout: 1s")
            with start_exporter(bench.build, config) as exporter:
                for encoding, title in (("identity", "text"), ("gzip", "text with gzip")):
                    name = save_static(bench, exporter, encoding)
                    yield hammer(bench, exporter, shape, encoding, title, f"{bench.nginx.url}/static/{name}")


def save_static(bench, exporter, encoding):
    directory = os.path.join(bench.work, "static")
    os.makedirs(directory, exist_ok=True)
    name = f"metrics-{free_port()}"  # never one that nginx still has open
    for coding, suffix in (("identity", ""), ("gzip", ".gz")):
        with open(os.path.join(directory, name + suffix), "wb") as file:
            file.write(fetch(f"{exporter.url}/metrics", encoding=coding))
    return name


def hammer(bench, exporter, shape, encoding, title, static):
    size = len(fetch(static, encoding=encoding))
    ours, theirs = [], []
    for _ in range(bench.rounds):
        ours.append(load(f"{exporter.url}/metrics", encoding, bench.seconds(3), exporter.process.pid))
        theirs.append(load(static, encoding, bench.seconds(3), bench.nginx.worker()))
    rates = [statistics.median(rate for rate, _ in loads) for loads in (ours, theirs)]
    cpus = [statistics.median(cpu for _, cpu in loads) * 1e6 for loads in (ours, theirs)]
    return Result(f"`/metrics` of {shape.connections:,} connections hammered, {title}, {size / 1e6:.2f} MB: requests/s, "
                  "exporter / nginx", [o[0] / t[0] for o, t in zip(ours, theirs, strict=True)], 1, at_least=True,
                  note=f"{rates[0]:,.0f} / {rates[1]:,.0f} requests/s, {cpus[0]:,.0f} / {cpus[1]:,.0f} µs CPU each")


def late_polls(exposition):
    """Polls that began more than a second late, or that were left out because the one before was under way."""
    lags = {le: float(count) for le, count in
            re.findall(r'^telnyx_exporter_poll_lag_seconds_bucket\{le="([^"]+)"\} (\S+)$', exposition, re.MULTILINE)}
    return lags["+Inf"] - lags["1"] + sum_of("telnyx_account_polls_skipped_total", exposition)


def measure_hundred_thousand(bench):
    """Ten accounts, because one may send 1,000 requests a second at most, and first polls come within 15 s. So many need
    more than the default of 32 requests at once."""
    interval, polls, accounts = bench.seconds(60), bench.polls(2), 10
    names = ("telnyx_active_calls", "telnyx_account_poll_failures_total", "telnyx_account_polls_skipped_total",
             "telnyx_exporter_poll_lag_seconds_bucket")
    with bench.shape(10_000, 5) as shape, bench.tls() as (address, ca_file):
        config = write_discovering_config(bench.work, address + shape.path(), accounts,
                                          f"interval: {interval}s, stale_after: 1h, timeout: 10s, "
                                          "max_concurrent_requests: 256", ca_file)
        with start_exporter(bench.build, config) as exporter:
            scrape_every(exporter, interval, 1)
            late = -late_polls(exporter.lines_of(*names)[0])
            with Peak(exporter) as peak:
                cpu, began = -exporter.cpu_seconds(), time.monotonic()
                scrape_every(exporter, interval, polls)
                cpu, took = cpu + exporter.cpu_seconds(), time.monotonic() - began
            samples, size = exporter.lines_of(*names)
    check_polls(samples, shape, accounts)
    what = (f"{shape.connections * accounts:,} connections × {shape.calls} calls in one process, polled over TLS and scraped "
            "every 60 s")
    yield Result(f"{what}: CPU of a core", [cpu / took * 100], 100, unit=" %")
    yield Result(f"{what}: private memory", [peak.mib], 1024, unit=" MiB",
                 note=f"{size / 1e6:.0f} MB of text a scrape")
    yield Result(f"{what}: late polls", [late + late_polls(samples)], 0, note=f"of {shape.connections * accounts * polls:,}")


TLS = "TLS + HTTP/2"
ROWS = {
    "far": poll_row((300, 50), Bench.delayed, 15, 2, 1.1, f"{TLS} + gzip, {DELAY_MS} ms away, every 15 s", True, True,
                    ahead_of_go=None),
    "many": poll_row((10_000, 20), Bench.tls, 15, 2, 1.1, f"{TLS}, every 15 s"),
    "ten-thousand-calls": poll_row((1, 10_000), Bench.tls, 1, 10, 1.2, f"{TLS}, every second", True),
    "large-tls": poll_row((1, 250_000), Bench.tls, 3, 4, 1.2, f"{TLS}, every 3 s"),
    "large-gzip": poll_row((1, 250_000), Bench.gzip, 3, 4, 1.3, "gzip, every 3 s", True, True),
    "large-plain": poll_row((1, 250_000), Bench.plain, 3, 4, 1.6, "plain, every 3 s", True),
    "start": measure_start,
    "memory": measure_memory,
    "scrapes": measure_scrapes,
    "hammered": measure_hammered,
    "hundred-thousand": measure_hundred_thousand,
}


def measure_rows(bench, names):
    """Whether all of them could be measured."""
    print("| row | measured: median (least to most) | goal | |\n|---|---|---|---|", flush=True)
    good = True
    for name in names or ROWS:
        try:
            for result in ROWS[name](bench):
                print(result.line(), flush=True)
        except SystemExit as error:
            good = False
            print(f"| {name} | not measured: {error} | | |", flush=True)
    return good
