"""Real parts of a network for the end-to-end tests: nginx with TLS and HTTP/2, a name
server, a listener that writes down who asks, a program with a resolver of its own."""

import http.server
import os
import random
import shutil
import signal
import socket
import subprocess
import threading

from harness import Process, eventually


def own_loopback_address():
    """An address that no other program listens on, so that its ports are ours to take again."""
    return f"127.{random.randint(64, 250)}.{random.randint(1, 250)}.{random.randint(1, 250)}"


class NginxServer:
    """What one of nginx's servers is to do; changed between reloads."""

    def __init__(self, certificate):
        self.address = own_loopback_address() + ":8443"
        self.certificate = certificate  # its name at the authority
        self.requests_per_connection = 1000

    def config(self, directory, upstream):
        return f"""
  server {{
    listen {self.address} ssl http2;
    access_log {directory}/{self.address}.log walk;
    keepalive_requests {self.requests_per_connection};
    ssl_certificate {directory}/{self.certificate}.pem;
    ssl_certificate_key {directory}/{self.certificate}.key;
    location / {{ proxy_pass http://{upstream}; }}
  }}
"""


class Nginx(Process):
    """TLS and HTTP/2 in front of the API; each server has an address of its own."""

    def __init__(self, directory, upstream, servers):
        self._directory = directory
        self._upstream = upstream
        self._servers = servers
        self._write_config()
        super().__init__(["nginx", "-c", f"{directory}/nginx.conf"], directory, "nginx")
        # Without a worker it listens already, but forgets signals.
        eventually("nginx has a worker or ends", lambda: self.process.poll() is not None or
                   self._has_worker())
        if self.process.poll() is not None:
            raise AssertionError(f"nginx did not start: {self.log()}")

    def _has_worker(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            return bool(children.read())

    def reload(self):
        """Connections that are open are ended in an orderly way: the servers have changed."""
        self._write_config()
        self.process.send_signal(signal.SIGHUP)

    def walks(self, server):
        """The server's requests as (connection, how many it had before, path and query)."""
        with open(f"{self._directory}/{server.address}.log", encoding="utf-8") as log:
            return [(int(connection), int(count) - 1, uri)
                    for connection, count, uri in (line.split() for line in log)]

    def _write_config(self):
        directory = self._directory
        temp = "".join(f"  {kind}_temp_path {directory}/{kind};\n" for kind in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        servers = "".join(s.config(directory, self._upstream) for s in self._servers)
        with open(f"{directory}/nginx.conf", "w", encoding="ascii") as file:
            file.write(f"""
daemon off;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{}}
http {{
  log_format walk '$connection $connection_requests $request_uri';
{temp}{servers}}}
""")


class NameServer:
    """A DNS server for made-up names; it needs port 53 of a loopback address."""

    NO_SUCH_NAME, SILENT, LOOPBACK = "no such name", "silent", "127.0.0.1"

    def __init__(self):
        self.address = own_loopback_address()
        self.names = {}  # to what becomes of a question; read by the thread
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 53))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self):
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while True:
            query, client = self._socket.recvfrom(512)
            if not query:  # from stop()
                return
            answer = self._answer(query)
            if answer:
                self._socket.sendto(answer, client)

    def _answer(self, query):
        name, end = [], 12
        while query[end]:
            name.append(query[end + 1:end + 1 + query[end]].decode("ascii").lower())
            end += 1 + query[end]
        question, kind = query[12:end + 5], query[end + 1:end + 3]
        state = self.names.get(".".join(name), self.NO_SUCH_NAME)
        if state == self.SILENT:
            return None
        found = state == self.LOOPBACK
        has_address = found and kind == b"\0\1"
        record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton("127.0.0.1")
        flags = b"\x85\x80" if found else b"\x85\x83"
        return (query[:2] + flags + b"\0\1" + (b"\0\1" if has_address else b"\0\0") + b"\0\0\0\0" +
                question + (record if has_address else b""))


def resolver_prefix(directory, name_server):
    """A command that runs a program with that name server alone, or None where the system does not
    let us: it needs a mount namespace, in which other files lie over /etc/resolv.conf and
    /etc/nsswitch.conf."""
    files = {"resolv.conf": f"nameserver {name_server}\n", "nsswitch.conf": "hosts: files dns\n"}
    mounts = []
    for name, text in files.items():
        path = os.path.join(directory, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        if os.path.exists(f"/etc/{name}"):
            mounts.append(f"mount --bind {path} /etc/{name}")
    prefix = ["unshare", "--mount", "sh", "-c", " && ".join([*mounts, 'exec "$@"']), "sh"]
    if not shutil.which("unshare"):
        return None
    return prefix if subprocess.run([*prefix, "true"], capture_output=True,
                                    check=False).returncode == 0 else None


class HttpServer:
    """The one fake HTTP server of the tests, on a free port: `answer(handler)` answers each GET."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answer(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = "{}:{}".format(*self._server.server_address)
        self.url = f"http://{self.address}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Eavesdropper(HttpServer):
    """Notes every request that reaches it, as its method, path and headers."""

    def __init__(self):
        self.requests = []
        super().__init__(self._note)

    def _note(self, handler):
        self.requests.append((handler.command, handler.path, dict(handler.headers)))
        handler.send_response(404)
        handler.end_headers()
