#!/usr/bin/env python3
"""Measures what polling, many connections and serving cost, and prints each as a Markdown table.

    cmake --preset release && cmake --build --preset release
    bench/run.py [--rounds 7] [--only polling|connections|serving] [--build-dir build/release]

Polling: nginx serves static pages of 250 made-up calls on loopback. The bare walk (bare_walk.cpp) and
`telnyx_exporter --once` read them in turn. CPU is the kernel's accounting of the whole process, start and end
included, for the walk as for the exporter; so small shapes tell about the start, large ones about the calls.

Connections: 10,000 of them are found by discovery, in one refresh, and polled every 15 s in one process. CPU is that of
a minute without scrapes, by the number of polls in it; a scrape before and one behind it count the polls and tell what
a page adds to the memory.

Serving: /metrics of 200 and of 5,000 connections, every one polled every 15 s meanwhile, against nginx serving the
same bytes as a file. What is compressed nginx gets ready made (gzip_static) and need only send: the most that any
server can do, and what the exporter comes near to if it compresses a page once and not for each request.

Needs: nginx, wrk and GNU time (Debian packages nginx-light, wrk and time).
"""

import argparse
import datetime
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROWS_PER_PAGE = 250
SHAPES = [(1, 10_000), (200, 500), (1, 250_000)]  # connections × calls
RSS_GOALS = {(200, 500): 24, (1, 250_000): 48}  # MiB
CPU_GOAL = 3.0
MANY = [(1000, 20), (10_000, 20)]  # connections × calls
MEASURED_SECONDS = 60
SERVED = [(200, 500), (5000, 20)]  # connections × calls
TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
PROTOBUF = ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            "encoding=delimited")
# What is asked for, as a scraper does, and the least share of nginx's requests/s that it should reach.
SCRAPES = [("text", TEXT, "identity", 1), ("text, gzip", TEXT, "gzip", 0.5),
           ("OpenMetrics, gzip", OPENMETRICS, "gzip", 0.5), ("protobuf, gzip", PROTOBUF, "gzip", 0.5)]


def row(number):
    leg = f"{number:08x}-f9e0-11ea-b68e-02420a0f7768"
    session = f"{number // 10 * 10:08x}-f9e0-11ea-bc5a-02420a0f7768"
    return (f'{{"call_control_id":"v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE{number:08x}",'
            f'"call_leg_id":"{leg}","call_session_id":"{session}","client_state":null,'
            f'"record_type":"call","call_duration":{number * 7919 % 7200}}}')


def write_pages(directory, connections, calls):
    """Each connection's chain of pages; the cursor names the next page's file."""
    for connection in range(connections):
        pages = -(-calls // ROWS_PER_PAGE)
        for page in range(pages):
            first = connection * calls + page * ROWS_PER_PAGE
            rows = ",".join(row(n) for n in range(first, min(first + ROWS_PER_PAGE,
                                                             (connection + 1) * calls)))
            after = f'"c{page + 1}"' if page + 1 < pages else "null"
            name = f"{connection}-" + ("first" if page == 0 else f"c{page}")
            with open(os.path.join(directory, name), "w", encoding="ascii") as file:
                file.write(f'{{"data":[{rows}],"meta":{{"cursors":{{"after":{after},"before":null}},'
                           f'"total_items":{calls}}}}}')


def write_lists(directory, connections):
    """The account's list of connections, a file for each page."""
    pages = -(-connections // ROWS_PER_PAGE)
    for page in range(1, pages + 1):
        numbers = range((page - 1) * ROWS_PER_PAGE, min(page * ROWS_PER_PAGE, connections))
        rows = ",".join(f'{{"id":"{n}","record_type":"call_control_application","active":true,'
                        f'"connection_name":"connection-{n}","webhook_event_url":"https://example.com/",'
                        f'"outbound_voice_profile_id":null,"tags":["production"]}}' for n in numbers)
        with open(os.path.join(directory, f"list-{page}"), "w", encoding="ascii") as file:
            file.write(f'{{"data":[{rows}],"meta":{{"page_number":{page},"page_size":{ROWS_PER_PAGE},'
                       f'"total_pages":{pages},"total_results":{connections}}}}}')


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    def __init__(self, work):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = os.path.join(work, "nginx.conf")
        temp = "".join(f"  {kind}_temp_path {work}/{kind};\n" for kind in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(config, "w", encoding="ascii") as file:
            file.write(f"""
daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {work}/nginx.pid;
error_log {work}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  open_file_cache max=10000;
{temp}
  map $args $page {{
    default first;
    "~page%5Bafter%5D=(?<cursor>[a-z0-9]+)" $cursor;
  }}
  map $args $list {{
    "~page%5Bnumber%5D=(?<number>[0-9]+)" $number;
  }}
  server {{
    listen 127.0.0.1:{self.port};
    default_type application/json;
    location ~ ^/(?<shape>[0-9x]+)/v2/connections/(?<chain>[0-9]+)/active_calls$ {{
      alias {work}/$shape/$chain-$page;
    }}
    location ~ ^/(?<shape>[0-9x]+)/v2/connections$ {{
      alias {work}/$shape/list-$list;
    }}
    location /static/ {{
      alias {work}/static/;
      gzip_static on;
    }}
  }}
}}
""")
        self.process = subprocess.Popen(["nginx", "-c", config])
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("nginx did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def cpu_of(work, arguments, environment=None):
    """(CPU seconds, peak RSS in MiB, standard output) of a whole process.

    GNU time stands between: the kernel counts a process's peak from its fork on, and this interpreter is
    larger than what is measured.
    """
    peak_file = os.path.join(work, "peak")
    reader, writer = os.pipe()
    process = subprocess.Popen(["/usr/bin/time", "-f", "%M", "-o", peak_file, *arguments],
                               stdout=writer, env=environment)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        output = pipe.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{arguments[0]} ended with {process.returncode}")
    with open(peak_file, encoding="ascii") as file:
        peak = int(file.read())
    return usage.ru_utime + usage.ru_stime, peak / 1024, output.decode()


def write_config(work, base_url, connections,
                 poll="interval: 1h, stale_after: 1h, timeout: 10m, max_pages: 1000000"):
    path = os.path.join(work, "config.yml")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"poll: {{{poll}}}\n"
                   f"accounts:\n  - base_url: {base_url}\n"
                   f"    rate_limit: {{requests_per_second: 1000, burst: 10000}}\n    connections:\n")
        for connection in range(connections):
            file.write(f"      - {{id: {connection}, name: connection-{connection}}}\n")
    return path


def write_discovering_config(work, base_url):
    path = os.path.join(work, "discovering.yml")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"poll: {{interval: 15s, stale_after: 1h, timeout: 10s}}\n"
                   f"accounts:\n  - base_url: {base_url}\n"
                   f"    rate_limit: {{requests_per_second: 1000, burst: 10000}}\n"
                   f"    discovery: {{enabled: true, refresh_interval: 1h}}\n")
    return path


def spread(values):
    return f"{min(values):.2f} / {statistics.median(values):.2f} / {max(values):.2f}"


def measure_polling(build, work, nginx, rounds):
    print("| connections × calls | bare walk, ms CPU | exporter, ms CPU | ns per call | "
          "ratio min / median / max | goal | peak RSS, MiB | goal |")
    print("|---|---|---|---|---|---|---|---|")
    environment = dict(os.environ, TELNYX_API_KEY="KEY_BENCH")
    for connections, calls in SHAPES:
        directory = os.path.join(work, f"{connections}x{calls}")
        os.mkdir(directory)
        write_pages(directory, connections, calls)
        base_url = f"{nginx.url}/{connections}x{calls}/v2"
        config = write_config(work, base_url, connections)
        bare, exporter, rss = [], [], 0
        for turn in range(rounds + 1):
            bare_cpu = cpu_of(work, [f"{build}/bare_walk", base_url, str(connections), "1"])[0]
            cpu, peak, output = cpu_of(work, [f"{build}/telnyx_exporter",
                                              f"--config.file={config}", "--once"], environment)
            counted = sum(float(v) for v in re.findall(r"^telnyx_active_calls\{.*\} (\S+)$", output,
                                                       re.MULTILINE))
            if counted != connections * calls:
                raise SystemExit(f"counted {counted} calls of {connections * calls}")
            if turn > 0:  # the first turn warms the file cache
                bare.append(bare_cpu)
                exporter.append(cpu)
                rss = max(rss, peak)
        ratios = [e / b for e, b in zip(exporter, bare, strict=True)]
        rss_goal = RSS_GOALS.get((connections, calls), "")
        print(f"| {connections} × {calls:,} | {min(bare) * 1000:.1f} | {min(exporter) * 1000:.1f} | "
              f"{min(exporter) / connections / calls * 1e9:.0f} | {spread(ratios)} | ≤ {CPU_GOAL} | "
              f"{rss:.1f} | {f'< {rss_goal}' if rss_goal else ''} |")
        shutil.rmtree(directory)


def requests_per_second(url, accept, encoding):
    output = subprocess.run(["wrk", "-t1", "-c4", "-d3s", "-H", f"Accept: {accept}",
                             "-H", f"Accept-Encoding: {encoding}", url],
                            capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(output)
    return float(re.search(r"Requests/sec:\s+(\S+)", output).group(1))


def fetch(url, accept, encoding):
    request = urllib.request.Request(url, headers={"Accept": accept, "Accept-Encoding": encoding})
    with urllib.request.urlopen(request) as response:
        return response.read()


class Exporter:
    """Polls what nginx serves every 15 s; started when every connection was polled once."""

    def __init__(self, build, config, log_level="error", log=None):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [f"{build}/telnyx_exporter", f"--config.file={config}",
             f"--web.listen-address=127.0.0.1:{port}", f"--log.level={log_level}"],
            env=dict(os.environ, TELNYX_API_KEY="KEY_BENCH"), stderr=log)
        while self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/-/ready").close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the exporter did not start")

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) / 1024

    def sum_of(self, metric):
        page = fetch(f"{self.url}/metrics", TEXT, "identity").decode()
        return sum(float(value) for value in re.findall(rf"^{metric}\{{.*\}} (\S+)$", page, re.MULTILINE))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def seconds_between(log, first, second):
    """Between the first lines of a log that have these messages."""
    times = [datetime.datetime.fromisoformat(
        re.search(rf'^ts=(\S+) .*msg="?{message}', log, re.MULTILINE).group(1))
             for message in (first, second)]
    return (times[1] - times[0]).total_seconds()


def measure_connections(build, work, nginx):
    print("\n| connections × calls | discovered after, s | RSS polling, MiB | KiB per connection | RSS with /metrics, MiB | "
          "polls/s | CPU per poll, µs | CPU, % of a core |\n|---|---|---|---|---|---|---|---|")
    log_path = os.path.join(work, "exporter.log")
    for connections, calls in MANY:
        directory = os.path.join(work, f"{connections}x{calls}")
        os.makedirs(directory)
        write_pages(directory, connections, calls)
        write_lists(directory, connections)
        config = write_discovering_config(work, f"{nginx.url}/{connections}x{calls}/v2")
        with open(log_path, "w+", encoding="utf-8") as log:
            exporter = Exporter(build, config, "info", log)
            try:
                resident = exporter.resident_mib()
                counted = exporter.sum_of("telnyx_active_calls")
                if counted != connections * calls:
                    raise SystemExit(f"counted {counted} calls of {connections * calls}")
                before, cpu = exporter.sum_of("telnyx_polls_total"), exporter.cpu_seconds()
                time.sleep(MEASURED_SECONDS)
                cpu = exporter.cpu_seconds() - cpu
                polls = exporter.sum_of("telnyx_polls_total") - before
                failed = exporter.sum_of("telnyx_poll_failures_total")
                if failed:
                    raise SystemExit(f"{failed} polls failed")
                with_page = exporter.resident_mib()
            finally:
                exporter.stop()
            log.seek(0)
            discovered = seconds_between(log.read(), "starting", "connections discovered")
        print(f"| {connections:,} × {calls} | {discovered:.2f} | {resident:.1f} | "
              f"{resident * 1024 / connections:.1f} | {with_page:.1f} | {polls / MEASURED_SECONDS:.0f} | "
              f"{cpu / polls * 1e6:.0f} | {cpu / MEASURED_SECONDS * 100:.1f} |", flush=True)
        shutil.rmtree(directory)


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
            ours.append(requests_per_second(f"{exporter.url}/metrics", accept, encoding))
            theirs.append(requests_per_second(static, accept, encoding))
        ratios = [o / t for o, t in zip(ours, theirs, strict=True)]
        print(f"| {connections:,} | {what} | {size:,} | {statistics.median(ours):.0f} | "
              f"{statistics.median(theirs):.0f} | {spread(ratios)} | ≥ {goal} |", flush=True)


def measure_serving(build, work, nginx, rounds):
    print("\n| connections | /metrics | bytes | exporter, requests/s | nginx, requests/s | "
          "ratio min / median / max | goal |\n|---|---|---|---|---|---|---|")
    for connections, calls in SERVED:
        directory = os.path.join(work, f"{connections}x{calls}")
        os.makedirs(directory, exist_ok=True)
        write_pages(directory, connections, calls)
        config = write_config(work, f"{nginx.url}/{connections}x{calls}/v2", connections,
                              "interval: 15s, stale_after: 1h, timeout: 10s")
        exporter = Exporter(build, config)
        try:
            measure_scrapes(work, nginx, exporter, rounds, connections)
        finally:
            exporter.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build-dir", default=os.path.join(os.path.dirname(__file__), "..", "build",
                                                            "release"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=["polling", "connections", "serving"])
    arguments = parser.parse_args()
    build = os.path.abspath(arguments.build_dir)
    resource.setrlimit(resource.RLIMIT_NOFILE, (20000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory(prefix="telnyx_exporter_bench_") as work:
        os.chmod(work, 0o755)
        nginx = Nginx(work)
        try:
            if arguments.only in (None, "polling"):
                measure_polling(build, work, nginx, arguments.rounds)
            if arguments.only in (None, "connections"):
                measure_connections(build, work, nginx)
            if arguments.only in (None, "serving"):
                measure_serving(build, work, nginx, arguments.rounds)
        finally:
            nginx.stop()


if __name__ == "__main__":
    main()
