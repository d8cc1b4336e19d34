"""What scripts/release.sh has made, and roots to try it in. DIST is the directory, `dist` without it."""

import glob
import os
import re
import shutil
import socket
import struct
import subprocess
import tarfile
import tempfile
import threading

from certificates import Authority
from harness import EndToEndTest, Process, eventually, fetch, free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DIST = os.path.abspath(os.environ.get("DIST", os.path.join(ROOT, "dist")))
HOST = "api.telnyx.test"
# Runs a command in a user namespace in which programs for arm64 run under qemu, in other roots, too. Needs Linux 6.7.
EMULATED = ("unshare", "--user", "--map-root-user", "--mount", "bash", "-euc", r"""
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
echo ':arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:'\
'\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F' >/proc/sys/fs/binfmt_misc/register
exec "$@" """, "-")


def version():
    with open(os.path.join(ROOT, "VERSION"), encoding="ascii") as file:
        return file.read().strip()


def run(*command, **options):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if result.returncode:
        raise AssertionError(f"{command} ended with {result.returncode}:\n{result.stdout[-4000:]}")
    return result.stdout


def artefact(pattern):
    found = glob.glob(os.path.join(DIST, pattern))
    if len(found) != 1:
        raise AssertionError(f"{DIST} has {len(found)} files that match {pattern}: run scripts/release.sh")
    return found[0]


def unpack_tarball(architecture, directory):
    """Returns the directory that is in it."""
    with tarfile.open(artefact(f"telnyx_exporter-{version()}-linux-{architecture}.tar.gz")) as tar:
        tar.extractall(directory)
    return os.path.join(directory, f"telnyx_exporter-{version()}-linux-{architecture}")


class NameServer:
    """Answers every question for an IPv4 address with 127.0.0.1, and knows no other. /etc/resolv.conf cannot name a port, so it
    listens on port 53 of a loopback address that no other process uses."""

    ADDRESS = "127.77.0.53"

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.ADDRESS, 53))
        self.names = set()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                query, client = self.socket.recvfrom(512)
            except OSError:
                return
            if not query:
                return
            end = 12
            labels = []
            while query[end]:
                labels.append(query[end + 1:end + 1 + query[end]].decode())
                end += 1 + query[end]
            question = query[12:end + 5]
            kind, = struct.unpack(">H", query[end + 1:end + 3])
            self.names.add(".".join(labels))
            answers = b""
            if kind == 1:
                answers = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes((127, 0, 0, 1))
            self.socket.sendto(query[:2] + struct.pack(">HHHHH", 0x8180, 1, bool(answers), 0, 0) + question + answers, client)

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (self.ADDRESS, 53))
        self.thread.join()
        self.socket.close()


class ArtefactTest(EndToEndTest):
    """Gives each test a directory, and an API behind TLS whose certificate an authority of this test has signed."""

    def start_api(self):
        """The simulator's own program of the machine that tests, behind nginx. Sets self.api and self.authority."""
        self.authority = Authority(self.directory)
        self.authority.issue("api", f"DNS:{HOST}")
        simulator = self.start_simulator("--connections=3", "--active-calls=300")
        upstream = simulator.api.removeprefix("http://").removesuffix("/v2")
        for _ in range(5):  # another program may take the port first
            port = free_port()
            config = self.write("nginx.conf", f"""
daemon off; master_process off; pid {self.directory}/nginx.pid; error_log {self.directory}/error.log; events {{}}
http {{
  access_log off;
  client_body_temp_path {self.directory}/body; proxy_temp_path {self.directory}/proxy;
  fastcgi_temp_path {self.directory}/fastcgi; uwsgi_temp_path {self.directory}/uwsgi; scgi_temp_path {self.directory}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {self.directory}/api.pem; ssl_certificate_key {self.directory}/api.key;
    location / {{ proxy_pass http://{upstream}; }}
  }}
}}
""")
            nginx = self.keep(Process(["nginx", "-c", config], self.directory, f"nginx-{port}"))
            eventually("nginx listens or ends", lambda: nginx.process.poll() is not None or
                       os.path.exists(f"{self.directory}/nginx.pid"))
            if nginx.process.poll() is None:
                break
        self.api = f"https://{HOST}:{port}/v2"

    def start_name_server(self):
        server = NameServer()
        self.addCleanup(server.stop)
        return server

    def prepare_root(self, root, bundle="/etc/ssl/certs/ca-certificates.crt"):
        """CA certificates, /etc/resolv.conf and a configuration."""
        for path, text in (("/etc/resolv.conf", f"nameserver {NameServer.ADDRESS}\n"), ("/config.yml", f"""
poll: {{interval: 1s}}
accounts:
  - base_url: {self.api}
    discovery: {{enabled: true}}
""")):
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            if os.path.lexists(root + path):
                os.remove(root + path)
            with open(root + path, "w", encoding="utf-8") as file:
                file.write(text)
        if bundle:
            os.makedirs(os.path.dirname(root + bundle), exist_ok=True)
            shutil.copy(self.authority.pem, root + bundle)
            os.chmod(root + bundle, 0o644)

    def assert_polls_and_serves(self, command, environment=None):
        """Starts the exporter, waits for numbers and reads all three formats."""
        exporter = self.keep(Process([*command, "--web.listen-address=127.0.0.1:0"], self.directory, "exporter",
                                     environment))
        url = "http://" + exporter.find_in_log(r"listening.*?address\W+([0-9.]+:\d+)").group(1)
        eventually("ready", lambda: fetch(url + "/-/ready")[0] == 200)
        text = fetch(url + "/metrics")[2].decode()
        self.assertEqual(len(re.findall(r"^telnyx_active_calls\{.*\} \d+$", text, re.MULTILINE)), 3, text[:2000])
        self.assertEqual(re.findall(r"^telnyx_connection_up\{.*\} 0$", text, re.MULTILINE), [])
        _, headers, body = fetch(url + "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
        self.assertIn("application/openmetrics-text", headers["Content-Type"])
        self.assertTrue(body.endswith(b"# EOF\n"))
        protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
        _, headers, body = fetch(url + "/metrics", headers={"Accept": protobuf})
        self.assertIn("application/vnd.google.protobuf", headers["Content-Type"])
        self.assertIn(b"telnyx_active_calls", body)
        _, headers, body = fetch(url + "/metrics", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertEqual(fetch(url + "/")[0], 200)
        self.assertEqual(exporter.stop(), 0, exporter.log())
        return text

    @classmethod
    def temporary_directory(cls):
        directory = tempfile.TemporaryDirectory(prefix="telnyx_exporter_release_", dir="/var/tmp")
        cls.addClassCleanup(directory.cleanup)
        return directory.name
