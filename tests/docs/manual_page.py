"""Executes one page of the manual: its commands run, its configurations are written to files and checked, its queries are
parsed by promtool, and what it shows as output is compared, with every number counting as the same.

What is fenced is executed according to its language: `sh` runs, `console` runs and is compared, `yaml` whose first line is
`# NAME` is written to NAME, `promql` is parsed. `text` shows something and is not executed. Comments before a fence say more:

    <!-- server PORT -->       the commands run in the background until the page ends or says <!-- stop -->
    <!-- meanwhile PORT: COMMAND -->   a server that the page does not show
    <!-- elsewhere: FILE -->   another test executes them
    <!-- until: COMMAND -->    waits until the command succeeds

Run by manual_test.py in a network and a mount namespace of its own, as root of it.
"""

import dataclasses
import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from certificates import Authority

PROJECT = Path(__file__).resolve().parents[2]
KINDS = {"sh", "console", "yaml", "promql", "text", "jsonnet", "server", "stop", "until"}
EXECUTED = KINDS - {"text", "stop", "until"}
STEP = re.compile(r"^<!-- (stop) -->$|^<!-- (until): (.*?) -->$"
                  r"|^<!-- meanwhile (\d+): (.*?) -->$"
                  r"|^(?:<!-- (?:server (\d+)|elsewhere: (\S+)) -->\n)?^```(\w*)\n(.*?)^```$",
                  re.MULTILINE | re.DOTALL)
KEY = "KEY_SIMULATOR"
PROTOCOLS = {"PrometheusProto", "OpenMetricsText0.0.1", "OpenMetricsText1.0.0", "PrometheusText0.0.4", "PrometheusText1.0.0"}
PATIENCE = 120
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@dataclasses.dataclass
class Step:
    kind: str
    text: str = ""
    port: int = 0
    elsewhere: str = ""

    @property
    def is_executed(self):
        return self.kind in EXECUTED and not self.elsewhere


def steps_of(page):
    steps = []
    for stop, until, condition, hidden_port, hidden, port, elsewhere, language, text in STEP.findall(page):
        if hidden:
            steps.append(Step("server", hidden, int(hidden_port)))
        elif stop or until:
            steps.append(Step(stop or until, condition))
        else:
            steps.append(Step("server" if port else language, text, int(port or 0), elsewhere))
    return steps


def fail(step, why):
    sys.exit(f"{why}\nin\n{step.text}")


def eventually(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"did not happen within {PATIENCE} s: {what}")
        time.sleep(0.05)


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def start_loopback():
    """ip link set lo up"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"lo", 0x49))  # SIOCSIFFLAGS; up, loopback, running


class World:
    """A directory for the reader, and the Telnyx API at its own address."""

    def __init__(self, hidden):
        self.hidden = Path(hidden)
        self.directory = self.hidden / "reader"
        self.directory.mkdir()
        # The reader has a clone of the project.
        for name in ("config", "deploy"):
            shutil.copytree(PROJECT / name, self.directory / name, ignore=shutil.ignore_patterns("node_modules"))
        self.servers = []
        programs = self.hidden / "bin"
        programs.mkdir()
        for variable in ("TELNYX_EXPORTER", "TELNYX_SIMULATOR"):
            (programs / variable.lower()).symlink_to(os.path.realpath(os.environ[variable]))
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(self.directory), "LANG": "C.UTF-8"}
        start_loopback()
        self.start_api()

    def start_api(self):
        self.bind("/etc/hosts", "127.0.0.1 localhost api.telnyx.com\n")
        authority = Authority(self.hidden)
        authority.issue("api", "DNS:api.telnyx.com")
        self.bind(BUNDLE, Path(authority.pem).read_text(encoding="ascii"))
        temporary = "".join(f"{kind}_temp_path {self.hidden}/{kind}; "
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.hidden / "nginx.conf").write_text(f"""
daemon off; user root; pid {self.hidden}/nginx.pid; error_log {self.hidden}/nginx.log;
events {{}}
http {{
  access_log off; {temporary}
  server {{
    listen 127.0.0.1:443 ssl;
    ssl_certificate {self.hidden}/api.pem; ssl_certificate_key {self.hidden}/api.key;
    location / {{ proxy_pass http://127.0.0.1:20036; }}
  }}
}}
""", encoding="utf-8")
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        self.background([nginx, "-c", f"{self.hidden}/nginx.conf"], "nginx")
        self.background([os.environ["TELNYX_SIMULATOR"], "--web.listen-address=127.0.0.1:20036"], "simulator")
        eventually("the API listens", lambda: listens(443) and listens(20036))

    def bind(self, path, content):
        """Shows `content` at `path`, in here only."""
        replacement = self.hidden / os.path.basename(path)
        replacement.write_text(content, encoding="utf-8")
        subprocess.run(["mount", "--bind", replacement, path], check=True)

    def background(self, command, name):
        with open(self.hidden / f"{name}.log", "ab") as log:
            return subprocess.Popen(command, cwd=self.directory, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                    env=self.environment, start_new_session=True)

    def stop(self):
        for server in self.servers:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(PATIENCE)
        self.servers.clear()


class Reader:
    """Does one step after the other."""

    def __init__(self, world):
        self.world = world

    def follow(self, step):
        step.text = step.text.replace("KEY…", KEY)
        getattr(self, step.kind)(step)

    def shell(self, text):
        """Variables that a command exports are there for the next ones, as in a terminal."""
        script = f"set -euo pipefail\n{text}\nenv -0 > {self.world.hidden}/environment\n"
        result = subprocess.run(["bash", "-c", script], cwd=self.world.directory, env=self.world.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=PATIENCE)
        if result.returncode == 0:
            exported = (self.world.hidden / "environment").read_text(encoding="utf-8").split("\0")
            self.world.environment = dict(line.split("=", 1) for line in exported if line)
        return result

    def sh(self, step):
        result = self.shell(step.text)
        if result.returncode != 0:
            fail(step, f"exit code {result.returncode}: {result.stdout}")

    def console(self, step):
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", step.text, re.MULTILINE):
            result = self.shell(command)
            pattern = re.sub(r"(?:\\?\d)+", r"\\d+", re.escape(expected.rstrip("\n"))).replace("…", ".*")
            if not re.fullmatch(pattern, result.stdout.rstrip("\n")):
                fail(step, f"prints\n{result.stdout}\ninstead of\n{expected}")

    def server(self, step):
        process = self.world.background(["bash", "-euc", step.text], "server")
        self.world.servers.append(process)

        def ready():
            if process.poll() is not None:
                fail(step, f"ended: {(self.world.hidden / 'server.log').read_text(encoding='utf-8')}")
            return listens(step.port) and self.is_polled(step.port)
        eventually(f"port {step.port} answers", ready)

    def is_polled(self, port):
        """An exporter that can be asked has polled everything once."""
        answer = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{port}/-/ready"],
                                capture_output=True, text=True, check=False).stdout
        return answer != "503"

    def stop(self, _):
        self.world.stop()

    def until(self, step):
        eventually(step.text, lambda: self.shell(step.text).returncode == 0)

    def text(self, _):
        pass

    def jsonnet(self, step):
        name = re.match(r"// ([\w.]+)\n", step.text)
        (self.world.directory / name.group(1)).write_text(step.text, encoding="utf-8")

    def promql(self, step):
        rules = [{"record": f"query{number}", "expr": re.sub(r" +#.*", "", line)}
                 for number, line in enumerate(step.text.strip().splitlines())]
        path = self.world.hidden / "queries.yml"
        path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")
        self.check(step, "promtool", "check", "rules", path)

    def yaml(self, step):
        named = re.match(r"# ([\w./-]+\.ya?ml)\n", step.text)
        path = self.world.directory / (named.group(1) if named else "unnamed.yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")
        content = yaml.safe_load(step.text)
        if "begins" in content:  # a scenario: the page runs the simulator with it
            pass
        elif "accounts" in content:
            self.check(step, "telnyx_exporter", "--config.check=syntax", f"--config.file={path}")
        elif "scrape_configs" in content:
            self.check_prometheus(step, path, content)
        elif {"tls_server_config", "basic_auth_users", "rate_limit"} & set(content):
            (self.world.hidden / "one.yml").write_text("accounts: [{connections: [{id: 1}]}]\n", encoding="utf-8")
            self.check(step, "telnyx_exporter", "--config.check=syntax", f"--config.file={self.world.hidden}/one.yml",
                       f"--web.config.file={path}")
        elif "receivers" in content:  # OpenTelemetry Collector: Prometheus's own format in one of its receivers
            self.check_prometheus(step, path, content["receivers"]["prometheus"]["config"])
        elif "route" in content:  # a part of Alertmanager's configuration
            receivers = {"default"} | {route["receiver"] for route in content["route"]["routes"]}
            content["route"].setdefault("receiver", "default")
            content["receivers"] = [{"name": name} for name in sorted(receivers)]
            path.write_text(yaml.safe_dump(content), encoding="utf-8")
            self.check(step, "amtool", "check-config", path)
        elif "groups" in content:
            self.check(step, "promtool", "check", "rules", path)
        elif "instances" not in content:  # Datadog: parsed only
            fail(step, "nothing checks this kind of configuration")

    def check_prometheus(self, step, path, content):
        """Debian 12's promtool is older than scrape_protocols."""
        for job in content["scrape_configs"]:
            for protocol in job.pop("scrape_protocols", []):
                if protocol not in PROTOCOLS:
                    fail(step, f"there is no protocol {protocol}")
        checked = path.with_name("checked.yml")
        checked.write_text(yaml.safe_dump(content), encoding="utf-8")
        self.check(step, "promtool", "check", "config", checked)

    def check(self, step, *command):
        result = subprocess.run(command, cwd=self.world.directory, env=self.world.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if result.returncode != 0:
            fail(step, f"{' '.join(map(str, command))} says\n{result.stdout}")


def main():
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="telnyx_exporter_manual_") as hidden:
        os.chmod(hidden, 0o755)
        world = World(hidden)
        reader = Reader(world)
        for step in steps_of(text):
            if not step.elsewhere:
                reader.follow(step)
        world.stop()


if __name__ == "__main__":
    main()
