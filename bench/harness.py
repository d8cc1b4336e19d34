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
READY_SECONDS = 180  # the longest that a program may take to poll all connections once


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
    """Serves what is in `work` four times: plain, and over TLS with HTTP/2; each also compressed ahead where the client takes it."""

    def __init__(self, work):
        self.ca_file = os.path.join(work, "ca.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", f"{work}/key.pem", "-out", self.ca_file, "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        ports = {name: free_port() for name in ("plain", "gzip", "tls", "tls_gzip")}
        self.url = f"http://127.0.0.1:{ports['plain']}"
        self.gzip_url = f"http://127.0.0.1:{ports['gzip']}"
        self.tls_url = f"https://127.0.0.1:{ports['tls']}"
        self.tls_gzip_port = ports["tls_gzip"]
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
  ssl_certificate {self.ca_file};
  ssl_certificate_key {work}/key.pem;
  server {{
    listen 127.0.0.1:{ports['tls']} ssl http2;{locations}
  }}
  server {{
    listen 127.0.0.1:{ports['tls_gzip']} ssl http2;
    gzip_static on;{locations}
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
        end(self.process)


def end(process):
    """Asks it to end, and makes it when it does not."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cpu_seconds(pid):
    """The kernel's clock of a process's CPU time."""
    return time.clock_gettime((~pid << 3) | 2)


class DelayingProxy:
    """Makes the server on a port seem so many milliseconds away (delaying_proxy.cpp)."""

    def __init__(self, build, port, milliseconds):
        self.process = subprocess.Popen([f"{build}/delaying_proxy", str(port), str(milliseconds)],
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def write_config(work, base_url, connections, poll, ca_file=""):
    path = os.path.join(work, "config.yml")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"poll: {{{poll}}}\n"
                   f"accounts:\n  - base_url: {base_url}\n    tls: {{ca_file: \"{ca_file}\"}}\n"
                   f"    rate_limit: {{requests_per_second: 1000, burst: 10000}}\n    connections:\n")
        for connection in range(connections):
            file.write(f"      - {{id: {connection}, name: connection-{connection}}}\n")
    return path


def write_discovering_config(work, base_url, accounts, poll, ca_file=""):
    """Accounts that find the same connections."""
    path = os.path.join(work, "discovering.yml")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"poll: {{{poll}}}\naccounts:\n")
        for account in range(accounts):
            file.write(f"  - name: account-{account}\n    base_url: {base_url}\n    tls: {{ca_file: \"{ca_file}\"}}\n"
                       f"    rate_limit: {{requests_per_second: 1000, burst: 10000}}\n"
                       f"    discovery: {{enabled: true, refresh_interval: 1h, max_connections: 1000000}}\n")
    return path


def bare_walk(build, base_url, connections, rounds, interval, ca_file=""):
    """CPU seconds of each round."""
    output = subprocess.run([f"{build}/bare_walk", base_url, str(connections), str(rounds), str(interval),
                             *([ca_file] if ca_file else [])],
                            capture_output=True, text=True, check=True).stdout
    return [float(seconds) for seconds in re.findall(r"cpu_seconds (\S+)", output)]


def cpu_of(arguments, environment=None):
    """(CPU seconds, standard output) of a whole process."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment)
    with process.stdout as pipe:
        output = pipe.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{arguments[0]} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, output.decode()


def fetch(url, accept=TEXT, encoding="identity", method="GET"):
    request = urllib.request.Request(url, method=method, headers={"Accept": accept, "Accept-Encoding": encoding})
    with urllib.request.urlopen(request, timeout=READY_SECONDS) as response:
        return response.read()


def sum_of(metric, exposition):
    """Over all label values."""
    return sum(float(value) for value in re.findall(rf"^{metric}(?:\{{.*\}})? (\S+)$", exposition, re.MULTILINE))


class Program:
    """A running program that serves /metrics."""

    def __init__(self, command, port, ready, environment=None):
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(command, env=dict(os.environ, **KEY, **(environment or {})))
        deadline = time.monotonic() + READY_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if ready(self):
                    return
            except OSError:
                pass
            time.sleep(0.1)
        self.process.kill()
        raise SystemExit(f"{command[0]} did not become ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def exposition(self):
        return gzip.decompress(fetch(f"{self.url}/metrics", encoding="gzip")).decode()

    def lines_of(self, *names):
        """(the samples of these names, bytes of the whole exposition), which is too large to search in Python."""
        body = fetch(f"{self.url}/metrics", encoding="gzip")
        lines = subprocess.run(f"gzip -dc | grep -E '^({'|'.join(names)})[{{ ]'", shell=True, input=body,
                               stdout=subprocess.PIPE, check=True).stdout.decode()
        return lines, int.from_bytes(body[-4:], "little")

    def sum_of(self, metric):
        return sum_of(metric, self.exposition())

    def private_mib(self):
        """Memory that no other process can share (RssAnon)."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"RssAnon:\s+(\d+) kB", file.read()).group(1)) / 1024

    def web_cpu_seconds(self):
        """CPU time of all threads but the polling one, by the scheduler's clock."""
        total = 0
        for task in os.scandir(f"/proc/{self.process.pid}/task"):
            with open(f"{task.path}/comm", encoding="ascii") as file:
                if file.read().strip() == "polling":
                    continue
            with open(f"{task.path}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        return total / 1e9

    def wait_until_quiet(self):
        """Until it has done nothing for a while: between two polls, if there is such a time."""
        for _ in range(40):
            before = self.cpu_seconds()
            time.sleep(0.15)
            if self.cpu_seconds() - before < 0.0005:
                return


def start_exporter(build, config):
    """Ready when every connection was polled once."""
    port = free_port()
    return Program([f"{build}/telnyx_exporter", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}",
                    "--log.level=error"], port, lambda self: fetch(f"{self.url}/-/ready"))


def print_header(*columns):
    print("\n| " + " | ".join(columns) + " |\n|" + "---|" * len(columns), flush=True)
