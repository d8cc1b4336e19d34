"""What the benchmarks share: made-up pages, nginx that serves them, and the processes that are measured."""

import gzip
import os
import re
import signal
import socket
import statistics
import subprocess
import time
import urllib.request

ROWS_PER_PAGE = 250
TEXT = "text/plain;version=0.0.4"
KEY = {"TELNYX_API_KEY": "KEY_BENCH"}


def row(number):
    leg = f"{number:08x}-f9e0-11ea-b68e-02420a0f7768"
    # Two legs a session, as a call that is passed on has.
    session = f"{number // 2 * 2:08x}-f9e0-11ea-bc5a-02420a0f7768"
    return (f'{{"call_control_id":"v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE{number:08x}",'
            f'"call_leg_id":"{leg}","call_session_id":"{session}","client_state":null,'
            f'"record_type":"call","call_duration":{number * 7919 % 7200}}}')


def shape_name(connections, calls):
    return f"{connections}x{calls}"


def write_pages(work, connections, calls, compressed=False):
    """Each connection's chain of pages; the cursor names the next page's file."""
    directory = os.path.join(work, shape_name(connections, calls))
    os.makedirs(directory, exist_ok=True)
    for connection in range(connections):
        pages = -(-calls // ROWS_PER_PAGE)
        for page in range(pages):
            first = connection * calls + page * ROWS_PER_PAGE
            rows = ",".join(row(n) for n in range(first, min(first + ROWS_PER_PAGE,
                                                             (connection + 1) * calls)))
            after = f'"c{page + 1}"' if page + 1 < pages else "null"
            body = (f'{{"data":[{rows}],"meta":{{"cursors":{{"after":{after},"before":null}},'
                    f'"total_items":{calls}}}}}').encode()
            path = os.path.join(directory, f"{connection}-" + ("first" if page == 0 else f"c{page}"))
            with open(path, "wb") as file:
                file.write(body)
            if compressed:
                with open(path + ".gz", "wb") as file:
                    file.write(gzip.compress(body, 6))
    return directory


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
    """Serves what is in `work` three times: plain, compressed ahead where the client takes it, and over TLS with HTTP/2."""

    def __init__(self, work):
        self.ca_file = os.path.join(work, "ca.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", f"{work}/key.pem", "-out", self.ca_file, "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        ports = {name: free_port() for name in ("plain", "gzip", "tls")}
        self.url = f"http://127.0.0.1:{ports['plain']}"
        self.gzip_url = f"http://127.0.0.1:{ports['gzip']}"
        self.tls_url = f"https://127.0.0.1:{ports['tls']}"
        locations = f"""
    default_type application/json;
    location ~ ^/(?<shape>[0-9x]+)/v2/connections/(?<chain>[0-9]+)/active_calls$ {{
      alias {work}/$shape/$chain-$page;
    }}
    location ~ ^/(?<shape>[0-9x]+)/v2/connections$ {{
      alias {work}/$shape/list-$list;
    }}"""
        temp = "".join(f"  {kind}_temp_path {work}/{kind};\n" for kind in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = os.path.join(work, "nginx.conf")
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
    listen 127.0.0.1:{ports['plain']};{locations}
    location /static/ {{
      alias {work}/static/;
      gzip_static on;
    }}
  }}
  server {{
    listen 127.0.0.1:{ports['gzip']};
    gzip_static on;{locations}
  }}
  server {{
    listen 127.0.0.1:{ports['tls']} ssl http2;
    ssl_certificate {self.ca_file};
    ssl_certificate_key {work}/key.pem;{locations}
  }}
}}
""")
        self.process = subprocess.Popen(["nginx", "-c", config])
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", ports["plain"]), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("nginx did not start")

    def worker(self):
        """The process that answers."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return int(file.read().split()[0])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def cpu_seconds(pid):
    """The kernel's clock of a process's CPU time."""
    return time.clock_gettime((~pid << 3) | 2)


def write_config(work, base_url, connections, poll, ca_file=""):
    path = os.path.join(work, "config.yml")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"poll: {{{poll}}}\n"
                   f"accounts:\n  - base_url: {base_url}\n    tls: {{ca_file: \"{ca_file}\"}}\n"
                   f"    rate_limit: {{requests_per_second: 1000, burst: 10000}}\n    connections:\n")
        for connection in range(connections):
            file.write(f"      - {{id: {connection}, name: connection-{connection}}}\n")
    return path


def write_discovering_config(work, base_url, interval):
    path = os.path.join(work, "discovering.yml")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"poll: {{interval: {interval}, stale_after: 1h, timeout: 10s}}\n"
                   f"accounts:\n  - base_url: {base_url}\n"
                   f"    rate_limit: {{requests_per_second: 1000, burst: 10000}}\n"
                   f"    discovery: {{enabled: true, refresh_interval: 1h}}\n")
    return path


def bare_walk(build, base_url, connections, rounds, interval, options=()):
    """CPU seconds of each round."""
    output = subprocess.run([f"{build}/bare_walk", base_url, str(connections), str(rounds), str(interval), *options],
                            capture_output=True, text=True, check=True).stdout
    return [float(seconds) for seconds in re.findall(r"cpu_seconds (\S+)", output)]


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


def fetch(url, accept=TEXT, encoding="identity", method="GET"):
    request = urllib.request.Request(url, method=method, headers={"Accept": accept, "Accept-Encoding": encoding})
    with urllib.request.urlopen(request) as response:
        return response.read()


def sum_of(metric, page):
    return sum(float(value) for value in re.findall(rf"^{metric}\{{.*\}} (\S+)$", page, re.MULTILINE))


class Exporter:
    """A running exporter; ready when every connection was polled once."""

    def __init__(self, build, config, log_level="error", log=None):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [f"{build}/telnyx_exporter", f"--config.file={config}",
             f"--web.listen-address=127.0.0.1:{port}", f"--log.level={log_level}"],
            env=dict(os.environ, **KEY), stderr=log)
        while self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/-/ready").close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the exporter did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def memory_mib(self, field):
        """VmRSS: now; VmHWM: the most so far."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"{field}:\s+(\d+) kB", file.read()).group(1)) / 1024

    def page(self):
        return fetch(f"{self.url}/metrics").decode()

    def sum_of(self, metric):
        return sum_of(metric, self.page())

    def wait_until_quiet(self):
        """Until it has done nothing for a while: between two polls, if there is such a time."""
        for _ in range(40):
            before = self.cpu_seconds()
            time.sleep(0.15)
            if self.cpu_seconds() - before < 0.0005:
                return


def spread(values):
    return f"{min(values):.2f} / {statistics.median(values):.2f} / {max(values):.2f}"


def print_header(*columns):
    print("\n| " + " | ".join(columns) + " |\n|" + "---|" * len(columns), flush=True)
