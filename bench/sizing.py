#!/usr/bin/env python3
"""Prints the table of docs/sizing.md: what 100 to 10,000 connections of about 20 calls each cost at the default interval of
15 s, polled from the simulator over loopback without TLS and scraped every 15 s as Prometheus does. Needs nothing but the two programs:

    bench/sizing.py build/release               a directory with telnyx_exporter and telnyx_simulator
    bench/sizing.py build/release 100 300       only these numbers of connections
"""

import argparse
import gzip
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

CONNECTIONS = (100, 300, 1000, 10_000)
CALLS_PER_CONNECTION = 20
DEFAULT_RATE = 10
KEY = "KEY_SIZING"
OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url, headers=None):
    with opener.open(urllib.request.Request(url, headers=headers or {}), timeout=60) as response:
        return response.read()


def first_match(pattern, log, process):
    while True:
        with open(log, encoding="utf-8") as file:
            found = re.search(pattern, file.read())
        if found:
            return found.group(1)
        if process.poll() is not None:
            sys.exit(f"ended with {process.returncode}: see {log}")
        time.sleep(0.1)


class Program:
    def __init__(self, command, log):
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT,
                                            env=dict(os.environ, TELNYX_API_KEY=KEY))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) / 1024


def total(exposition, name):
    return sum(float(value) for value in
               re.findall(rf"^{name}(?:{{.*}})? (\S+)$", exposition, re.MULTILINE))


def measure(build, work, connections, interval, rounds):
    simulator_command = [
        f"{build}/telnyx_simulator", "--web.listen-address=127.0.0.1:0", f"--api-key={KEY}",
        f"--connections={connections}", f"--active-calls={connections * CALLS_PER_CONNECTION}",
        "--even-connections", "--daily-wave=0"]
    with Program(simulator_command, f"{work}/simulator.log") as simulator:
        api = first_match(r"listening on (http://\S+)", simulator.log, simulator.process)
        config = f"{work}/telnyx_exporter.yml"
        with open(config, "w", encoding="ascii") as file:
            file.write(f"poll: {{interval: {interval}s}}\naccounts:\n  - base_url: {api}\n"
                       "    rate_limit: {requests_per_second: 1000, burst: 1000}\n"
                       "    discovery: {enabled: true}\n")
        exporter_command = [f"{build}/telnyx_exporter", f"--config.file={config}",
                            "--web.listen-address=127.0.0.1:0"]
        with Program(exporter_command, f"{work}/exporter.log") as exporter:
            url = "http://" + first_match(r"listening.*?address\W+([0-9.]+:\d+)", exporter.log,
                                          exporter.process)
            return measure_running(exporter, url, connections, interval, rounds)


def measure_running(exporter, url, connections, interval, rounds):
    while True:
        try:
            fetch(f"{url}/-/ready")
            break
        except urllib.error.HTTPError:
            time.sleep(0.5)
    time.sleep(interval)
    begin, cpu = time.monotonic(), exporter.cpu_seconds()
    requests = total(fetch(f"{url}/metrics").decode(), "telnyx_api_requests_total")
    for _ in range(rounds):
        time.sleep(interval)
        compressed = fetch(f"{url}/metrics", OPENMETRICS)
    seconds, cpu = time.monotonic() - begin, exporter.cpu_seconds() - cpu
    exposition = gzip.decompress(compressed).decode()
    requests = total(exposition, "telnyx_api_requests_total") - requests
    failures = total(exposition, "telnyx_account_poll_failures_total")
    if failures or total(exposition, "telnyx_account_connections") != connections:
        sys.exit(f"{failures} polls failed")
    series = sum(not line.startswith("#") for line in exposition.splitlines())
    affordable = max(interval, connections / DEFAULT_RATE)
    return (f"| {connections:,} | {requests / seconds:.1f} | {affordable:,.0f} s | "
            f"{exporter.peak_mib():.0f} MiB | {cpu / seconds * 100:.1f} % | {series:,} | "
            f"{len(exposition) / 1e6:.2f} MB | {len(compressed) / 1e6:.3f} MB |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("connections", nargs="*", type=int, default=CONNECTIONS)
    parser.add_argument("--interval", type=int, default=15, help="seconds between polls, and between scrapes")
    parser.add_argument("--rounds", type=int, default=4, help="scrapes that are measured")
    options = parser.parse_args()
    print("| connections | requests/s | interval at 10 requests/s | memory | CPU, of a core | series | "
          "bytes a scrape | compressed |\n|---|---|---|---|---|---|---|---|", flush=True)
    for connections in options.connections:
        with tempfile.TemporaryDirectory(prefix="telnyx_exporter_sizing_") as work:
            print(measure(options.build, work, connections, options.interval, options.rounds), flush=True)


if __name__ == "__main__":
    main()
