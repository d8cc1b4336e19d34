"""Polls and scrapes for a while at an accelerated pace, while faults come and go at random, and
tells whether the exporter ended where it began. scripts/soak.sh builds the programs and runs this.

    soak.py [DURATION] [SEED]      30m and 1 when left out

Before and after the soak, after the same storm of faults and when every connection is up again,
its memory, open files and threads are looked at. Exit code 1 when they have grown past the
tolerances below, when a scrape failed or showed what cannot be true, when a connection did not
recover, or when clients that ask for /metrics and never read made it large at the end.
"""

import collections
import gzip
import os
import random
import re
import resource
import socket
import sys
import tempfile
import time

from harness import Exporter, Simulator, fetch, parse_text
from real_parts import own_loopback_address

ACCOUNTS, CONNECTIONS_OF_AN_ACCOUNT = 4, 50
CALLS = 600  # of a connection, on average
PAGE_LIMIT = 200
MAX_CONCURRENT_REQUESTS = 64
# A walk that lacks a page would show less; by chance no connection comes so low.
FEWEST_CALLS = 450
TIME_SCALE = 30
# Before each look, on all connections: what makes as many and as large requests as there can be at
# once, so that whatever is kept for later use is at its size.
STORM = ["blackhole", "slow_body", "ignored_limit", "truncated_gzip", "huge_body", "gzip_bomb"]
SECONDS_OF_A_STORM = 4
WARM_UP = 30        # seconds
MOST_FAULTS = 15    # at once
LONGEST_FAULT = 15  # seconds
RECOVERY_PATIENCE = 400  # a refused key is tried again after 5 minutes at the latest
LOOKS = 10
SILENT_CLIENTS = 1000          # which do not read what they asked for
SILENT_PEERS = 10              # addresses that they come from: one may have 256 clients
MOST_MEMORY_WITH_THEM = 150 * 1024  # KiB

# How much more than at the start is no growth.
MEMORY, FILES = "resident memory, KiB", "open files"
CONNECTIONS, THREADS = "connections to the API", "threads"
TOLERANCES = {MEMORY: lambda start: start * 0.10 + 2048,
              FILES: lambda start: 2,  # connections to the API not counted
              # As many as there were at once are kept for later, up to what is configured.
              CONNECTIONS: lambda start: MAX_CONCURRENT_REQUESTS - start,
              THREADS: lambda start: 0}


def parse_duration(text):
    match = re.fullmatch(r"(\d+)([smh])", text)
    if not match:
        sys.exit(f'"{text}" is not a duration: write it as in 90s, 30m or 1h')
    return int(match.group(1)) * {"s": 1, "m": 60, "h": 3600}[match.group(2)]


class Weather:
    """Faults that come and go as the seed has it."""

    def __init__(self, start_simulator, connections, seed):
        self._start_simulator = start_simulator
        self._connections = connections
        self._random = random.Random(seed)
        self._ends = {}  # when which rule is switched off
        self._away_until = None
        self.simulator = start_simulator()
        self._names = [fault["name"] for fault in self.simulator.faults()["faults"]]
        self.count = collections.Counter()

    def change(self, now):
        if self._away_until:
            if now >= self._away_until:
                self._come_back()
            return
        for rule in [rule for rule, end in self._ends.items() if end <= now]:
            self.simulator.faults("DELETE", rule)
            del self._ends[rule]
        if self._random.random() < 0.002:
            self._go_away(now)
        elif len(self._ends) < MOST_FAULTS and self._random.random() < 0.3:
            self._break(now)

    def clear(self):
        if self._away_until:
            self._come_back()
        self.simulator.faults("DELETE")
        self._ends = {}

    def stop(self):
        if not self._away_until:
            self.simulator.stop()

    def _break(self, now):
        choose = self._random
        name = choose.choice(self._names)
        probability = choose.choice(["", ":0.5", ":0.1"])
        scope = choose.choice(["", ":later"])
        # Now and then every connection is met, but not by what takes the key's right away.
        if choose.random() > 0.05 or name == "status_401":
            scope += "@" + choose.choice(self._connections)
        if name + scope in self._ends:  # the simulator would take it for the same rule
            return
        self.simulator.faults("POST", name + probability + scope)
        self._ends[name + scope] = now + choose.uniform(1, LONGEST_FAULT)
        self.count["faults"] += 1

    def _go_away(self, now):
        self.simulator.stop()
        self._ends = {}
        self._away_until = now + self._random.uniform(2, 5)
        self.count["outages"] += 1

    def _come_back(self):
        self._away_until = None
        self.simulator = self._start_simulator()


class Soak:
    def __init__(self, directory, seed):
        self.directory = directory
        self.problems = []
        self.scrapes = 0
        self._starts = 0
        self._address = f"{own_loopback_address()}:8080"
        self.connections = [f"{account}-{i}" for account in range(ACCOUNTS)
                            for i in range(CONNECTIONS_OF_AN_ACCOUNT)]
        self.weather = Weather(self._start_simulator, self.connections, seed)
        try:
            self.exporter = Exporter(directory, self._write_config())
        except BaseException:
            self.weather.stop()
            raise

    def stop(self):
        self.weather.stop()
        self.exporter.stop()

    def _start_simulator(self):
        self._starts += 1
        return Simulator(self.directory, "--even-connections", "--daily-wave=0",
                         "--mean-duration=1800", f"--time-scale={TIME_SCALE}",
                         f"--active-calls={CALLS * len(self.connections)}",
                         *[f"--connection={c}" for c in self.connections],
                         name=f"simulator-{self._starts}", listen=self._address)

    def _write_config(self):
        lines = [f"poll: {{interval: 1s, stale_after: 5s, page_limit: {PAGE_LIMIT}, "
                 f"max_pages: 20, max_concurrent_requests: {MAX_CONCURRENT_REQUESTS}}}\n"
                 "accounts:\n"]
        for account in range(ACCOUNTS):
            lines.append(f"  - name: account-{account}\n    base_url: http://{self._address}/v2\n"
                         "    rate_limit: {requests_per_second: 1000, burst: 2000}\n"
                         "    connections:\n")
            lines += [f"      - id: \"{c}\"\n" for c in self.connections
                      if c.startswith(f"{account}-")]
        path = os.path.join(self.directory, "soak.yml")
        with open(path, "w", encoding="ascii") as file:
            file.write("".join(lines))
        return path

    def scrape(self):
        """One scrape, every other one compressed; notes what cannot be true."""
        self.scrapes += 1
        compressed = self.scrapes % 2 == 0
        status, _, body = fetch(self.exporter.url + "/metrics",
                                headers={"Accept-Encoding": "gzip"} if compressed else {})
        if status != 200:
            self.problems.append(f"a scrape was answered with {status}")
            return {}
        samples = parse_text((gzip.decompress(body) if compressed else body).decode())
        for (name, labels), value in samples.items():
            if name == "telnyx_active_calls" and value < FEWEST_CALLS:
                self.problems.append(f"{value} calls shown for {dict(labels)}")
        return samples

    def run_for(self, seconds):
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            self.weather.change(now)
            self.scrape()
            time.sleep(0.1)

    def storm(self):
        self.weather.clear()
        for fault in STORM:
            self.weather.simulator.faults("POST", fault)
            end = time.monotonic() + SECONDS_OF_A_STORM
            while time.monotonic() < end:
                self.scrape()
                time.sleep(0.1)
            self.weather.simulator.faults("DELETE", fault)

    def settle(self):
        """All faults off and every connection up."""
        self.weather.clear()
        end = time.monotonic() + RECOVERY_PATIENCE
        while True:
            down = [dict(labels)["connection_id"] for (name, labels), value in
                    self.scrape().items() if name == "telnyx_connection_up" and value != 1]
            if not down:
                return
            if time.monotonic() > end:
                self.problems.append(f"not up again: {', '.join(down)}")
                return
            time.sleep(0.5)

    def look_after_storm(self):
        """The least of some looks, because polls come and go while it is looked."""
        self.storm()
        self.settle()
        looks = []
        for _ in range(LOOKS):
            looks.append(self._look_once())
            time.sleep(0.5)
        return {name: min(look[name] for look in looks) for name in TOLERANCES}

    def look_with_silent_clients(self):
        """The most resident memory, KiB, while they are there; everyone else is served."""
        host, port = self.exporter.url.removeprefix("http://").split(":")
        clients, highest = [], 0
        try:
            for i in range(SILENT_CLIENTS):
                client = socket.socket()
                clients.append(client)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.bind((f"127.0.9.{1 + i % SILENT_PEERS}", 0))
                client.connect((host, int(port)))
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n")
                if i % 50 == 49:
                    self.scrape()
                    highest = max(highest, int(self._status()["VmRSS"].split()[0]))
        finally:
            for client in clients:
                client.close()
        return highest

    def _status(self):
        with open(f"/proc/{self.exporter.process.pid}/status", encoding="ascii") as file:
            return dict(line.split(":", 1) for line in file)

    def _look_once(self):
        status = self._status()
        files = int(self.scrape()["process_open_fds", frozenset()])
        connections = self._count_connections()
        return {MEMORY: int(status["VmRSS"].split()[0]), FILES: files - connections,
                CONNECTIONS: connections, THREADS: int(status["Threads"])}

    def _count_connections(self):
        """No other process has one. The kernel writes their address as a number of this machine."""
        host, port = self._address.split(":")
        number = int.from_bytes(socket.inet_aton(host), sys.byteorder)
        remote = f"{number:08X}:{int(port):04X}"
        established = "01"
        with open("/proc/net/tcp", encoding="ascii") as file:
            return sum(line.split()[2:4] == [remote, established] for line in file)


def totals(samples):
    """Sums over all connections and accounts."""
    sums = collections.Counter()
    for (name, labels), value in samples.items():
        if name in ("telnyx_polls_total", "telnyx_poll_failures_total", "telnyx_api_retries_total"):
            sums[name] += int(value)
        elif name == "telnyx_account_poll_failures_total":
            sums[f"reason {dict(labels)['reason']}"] += int(value)
    return sums


def report(soak, seconds, start, end, sums, with_silent_clients):
    print(f"\n| after {seconds} s | start | end | at most |\n|---|---|---|---|")
    for name, tolerance in TOLERANCES.items():
        most = start[name] + tolerance(start[name])
        print(f"| {name} | {start[name]} | {end[name]} | {most:.0f} |")
        if end[name] > most:
            soak.problems.append(f"{name} has grown")
    print(f"| {MEMORY}, with {SILENT_CLIENTS:,} clients that do not read | | {with_silent_clients} | "
          f"{MOST_MEMORY_WITH_THEM} |")
    if with_silent_clients > MOST_MEMORY_WITH_THEM:
        soak.problems.append("clients that do not read take too much memory")
    counts = {"polls": sums["telnyx_polls_total"],
              "polls failed": sums["telnyx_poll_failures_total"],
              **{f"- {name.removeprefix('reason ')}": value for name, value in sorted(sums.items())
                 if name.startswith("reason ") and value > 0},
              "retries": sums["telnyx_api_retries_total"],
              "scrapes": soak.scrapes, "faults": soak.weather.count["faults"],
              "outages of the API": soak.weather.count["outages"]}
    print("\n| in all | |\n|---|---|")
    for name, value in counts.items():
        print(f"| {name} | {value} |")
    for problem in soak.problems[:20]:
        print(f"problem: {problem}")
    print("It ended where it began." if not soak.problems else
          f"It did not end well: {len(soak.problems)} problems.")


def main():
    seconds = parse_duration(sys.argv[1] if len(sys.argv) > 1 else "30m")
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    with tempfile.TemporaryDirectory(prefix="telnyx_exporter_soak_") as directory:
        soak = Soak(directory, seed)
        try:
            print(f"{len(soak.connections)} connections with {CALLS} calls each, polled every "
                  f"second for {seconds} s and {WARM_UP} s of warm-up; seed {seed}", flush=True)
            soak.run_for(WARM_UP)
            start = soak.look_after_storm()
            soak.run_for(seconds)
            end = soak.look_after_storm()
            report(soak, seconds, start, end, totals(soak.scrape()),
                   soak.look_with_silent_clients())
        finally:
            soak.stop()
    return 1 if soak.problems else 0


if __name__ == "__main__":
    sys.exit(main())
