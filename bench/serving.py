"""What serving /metrics costs, beside nginx that serves the same bytes as a file."""

import os
import re
import shutil
import statistics
import subprocess

from harness import TEXT, Exporter, cpu_seconds, fetch, print_header, shape_name, spread, write_config, write_pages

SERVED = [(200, 500), (5000, 20)]  # connections × calls
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
PROTOBUF = ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            "encoding=delimited")
# What is asked for, as a scraper does, and the least share of nginx's requests/s that it should reach.
SCRAPES = [("text", TEXT, "identity", 1), ("text, gzip", TEXT, "gzip", 0.5),
           ("OpenMetrics, gzip", OPENMETRICS, "gzip", 0.5), ("protobuf, gzip", PROTOBUF, "gzip", 0.5)]


def load(url, accept, encoding, pid):
    """(requests a second, seconds of CPU that one takes of the process)"""
    cpu = -cpu_seconds(pid)
    output = subprocess.run(["wrk", "-t1", "-c4", "-d3s", "-H", f"Accept: {accept}",
                             "-H", f"Accept-Encoding: {encoding}", url],
                            capture_output=True, text=True, check=True).stdout
    cpu += cpu_seconds(pid)
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(output)
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    return float(re.search(r"Requests/sec:\s+(\S+)", output).group(1)), cpu / requests


def save_static(work, name, exporter, accept):
    """The page as a file, and its compressed form beside it as gzip_static wants it."""
    directory = os.path.join(work, "static")
    os.makedirs(directory, exist_ok=True)
    for encoding, suffix in (("identity", ""), ("gzip", ".gz")):
        with open(os.path.join(directory, name + suffix), "wb") as file:
            file.write(fetch(f"{exporter.url}/metrics", accept, encoding))


def measure_scrapes(work, nginx, exporter, rounds, connections):
    for number, (what, accept, encoding, goal) in enumerate(SCRAPES):
        name = f"metrics-{connections}-{number}"
        save_static(work, name, exporter, accept)
        static = f"{nginx.url}/static/{name}"
        size = len(fetch(static, accept, encoding))
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(load(f"{exporter.url}/metrics", accept, encoding, exporter.process.pid))
            theirs.append(load(static, accept, encoding, nginx.worker()))
        ratios = [o[0] / t[0] for o, t in zip(ours, theirs, strict=True)]
        rates = [statistics.median(rate for rate, _ in loads) for loads in (ours, theirs)]
        cpus = [min(cpu for _, cpu in loads) * 1e6 for loads in (ours, theirs)]
        print(f"| {connections:,} | {what} | {size:,} | {rates[0]:,.0f} / {rates[1]:,.0f} | {spread(ratios)} | "
              f"≥ {goal} | {cpus[0]:,.0f} / {cpus[1]:,.0f} |", flush=True)


def measure_serving(build, work, nginx, rounds):
    print_header("connections", "/metrics", "bytes", "requests/s, exporter / nginx", "ratio min / median / max", "goal",
                 "µs CPU a request, exporter / nginx")
    for connections, calls in SERVED:
        directory = write_pages(work, connections, calls)
        config = write_config(work, f"{nginx.url}/{shape_name(connections, calls)}/v2", connections,
                              "interval: 15s, stale_after: 1h, timeout: 10s")
        with Exporter(build, config) as exporter:
            measure_scrapes(work, nginx, exporter, rounds, connections)
        shutil.rmtree(directory)
