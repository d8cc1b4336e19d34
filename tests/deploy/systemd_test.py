"""The systemd units: what systemd itself says to them, and whether the program keeps within them."""

import os
import re
import shlex
import subprocess
import tempfile
import unittest

from harness import EXPORTER, PATIENCE, EndToEndTest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = os.path.join(ROOT, "deploy", "systemd")
SERVICE = os.path.join(UNITS, "telnyx_exporter.service")
SOCKET = os.path.join(UNITS, "telnyx_exporter.socket")
PACKAGED_CONFIG = os.path.join(ROOT, "debian", "etc", "telnyx_exporter", "telnyx_exporter.yml")
MOST_EXPOSURE = 1.5


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})


def settings(key):
    return re.findall(rf"^{key}=(.*)$", read(SERVICE), re.MULTILINE)


def system_calls(group):
    """Those of a group as @system-service, with all groups in it."""
    calls = set()
    for line in run("systemd-analyze", "--no-pager", "syscall-filter", group).stdout.splitlines():
        word = line.strip()
        if word.startswith("@") and word != group:
            calls |= system_calls(word)
        elif re.fullmatch(r"[a-z0-9_]+", word):
            calls.add(word)
    return calls


class UnitsTest(unittest.TestCase):
    def test_exposure(self):
        result = run("systemd-analyze", "security", "--offline=true", "--no-pager", SERVICE)
        exposure = float(re.search(r"exposure level for \S+: ([0-9.]+)", result.stdout).group(1))
        print(f"exposure {exposure}")
        self.assertLessEqual(exposure, MOST_EXPOSURE, result.stdout)

    def test_systemd_takes_every_line(self):
        with tempfile.TemporaryDirectory() as directory:
            paths = []
            for name in sorted(os.listdir(UNITS)):
                paths.append(os.path.join(directory, name))
                with open(paths[-1], "w", encoding="utf-8") as file:
                    file.write(read(os.path.join(UNITS, name)).replace("/usr/bin/telnyx_exporter",
                                                                       EXPORTER))
            result = run("systemd-analyze", "verify", "--man=no", *paths)
        complaints = [line for line in result.stderr.splitlines() if directory in line
                      or "telnyx_exporter" in line]
        self.assertEqual(complaints, [])

    def test_the_key_is_where_the_packaged_configuration_looks(self):
        name, _ = settings("LoadCredential")[0].split(":")
        self.assertIn(f"/run/credentials/telnyx_exporter.service/{name}", read(PACKAGED_CONFIG))

    def test_what_the_program_sends_is_what_the_unit_waits_for(self):
        self.assertEqual(settings("Type"), ["notify"])
        self.assertEqual(len(settings("WatchdogSec")), 1)
        self.assertEqual(settings("ExecReload")[-1], "kill -HUP $MAINPID")

    def check_before_a_reload(self, config):
        """The exit code of the reload's first command, without credentials: systemd gives them to ExecStart only."""
        command = settings("ExecReload")[0].replace("/usr/bin/telnyx_exporter", EXPORTER)
        self.assertIn("$ARGS", command)
        return run(*shlex.split(command.replace("$ARGS", f"--config.file={config}"))).returncode

    def test_a_reload_accepts_the_packaged_configuration(self):
        self.assertFalse(os.path.exists("/run/credentials/telnyx_exporter.service"))
        self.assertEqual(self.check_before_a_reload(PACKAGED_CONFIG), 0)

    def test_a_reload_refuses_a_wrong_configuration(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as config:
            config.write("accounts: wrong\n")
            config.flush()
            self.assertEqual(self.check_before_a_reload(config.name), 1)


class SocketTest(unittest.TestCase):
    """systemd refuses to start a socket while its service runs, and the service does not start without the socket."""

    ORDER = ["cp .*/telnyx_exporter.socket /etc/systemd/system/", "systemctl daemon-reload", "systemctl stop telnyx_exporter",
             "systemctl enable --now telnyx_exporter.socket", "systemctl start telnyx_exporter"]

    def assert_in_order(self, commands):
        self.assertEqual(len(commands), len(self.ORDER), commands)
        for command, expected in zip(commands, self.ORDER):
            self.assertRegex(command, f"^{expected}(?: +#.*)?$")

    def test_the_units_head_has_the_steps(self):
        head = read(SOCKET).split("[Unit]")[0]
        self.assertIn("--web.systemd-socket", head)
        self.assert_in_order(re.findall("^#   (.*)$", head, re.MULTILINE))

    def test_the_manual_has_the_steps(self):
        section = read(os.path.join(ROOT, "docs", "install.md")).split("\n## systemd\n")[1].split("\n## ")[0]
        self.assertIn("--web.systemd-socket", section)
        [steps] = re.findall("```sh\n(.*?)```", section, re.DOTALL)
        self.assert_in_order(steps.splitlines())

    def test_the_package_puts_it_where_the_steps_take_it_from(self):
        source, target = re.search(r"^(\S+/telnyx_exporter\.socket) (\S+)$",
                                   read(os.path.join(ROOT, "debian", "telnyx-exporter.install")), re.MULTILINE).groups()
        for file in (SOCKET, os.path.join(ROOT, "docs", "install.md")):
            self.assertIn(f"cp /{target}/{os.path.basename(source)} /etc/systemd/system/", read(file))


class TarballTest(unittest.TestCase):
    """The commands of the tarball's README and of docs/install.md, below a temporary directory."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = os.path.realpath(directory.name)
        for path in ("opt", "etc/systemd/system", "bin"):
            os.makedirs(os.path.join(self.directory, path))
        self.write("bin/systemctl", "#!/bin/sh\n")
        os.chmod(os.path.join(self.directory, "bin", "systemctl"), 0o755)
        self.write("KEYFILE", "KEY")
        blocks = re.findall("```sh\n(.*?)```", read(os.path.join(ROOT, "deploy", "tarball", "README.md")), re.DOTALL)
        self.install, self.upgrade = blocks[-2:]

    def write(self, path, text):
        path = os.path.join(self.directory, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def make_tarball(self, version):
        name = f"telnyx_exporter-{version}-linux-amd64"
        self.write(f"{name}/systemd/telnyx_exporter.service", f"# {version}\n")
        self.write(f"{name}/examples/etc/telnyx_exporter.yml", f"# {version}\n")
        run("tar", "-C", self.directory, "-czf", os.path.join(self.directory, f"{name}.tar.gz"), name)

    def execute(self, commands):
        commands = re.sub(r"(?<=[ ])/(opt|etc)\b", lambda match: f"{self.directory}/{match.group(1)}", commands)
        result = subprocess.run(["bash", "-euc", commands], cwd=self.directory, capture_output=True, text=True,
                                env={"PATH": f"{self.directory}/bin:{os.environ['PATH']}"})
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def follow(self, commands, version):
        self.execute(commands.replace("VERSION", version).replace("ARCHITECTURE", "amd64"))
        self.assertEqual(os.path.realpath(os.path.join(self.directory, "opt", "telnyx_exporter")),
                         os.path.join(self.directory, "opt", f"telnyx_exporter-{version}-linux-amd64"))
        self.assertEqual(read(os.path.join(self.directory, "etc/systemd/system/telnyx_exporter.service")), f"# {version}\n")

    def test_installs_and_upgrades(self):
        config = os.path.join(self.directory, "etc/telnyx_exporter/telnyx_exporter.yml")
        self.make_tarball("1.0.0")
        self.follow(self.install, "1.0.0")
        self.assertEqual(read(config), "# 1.0.0\n")
        self.assertEqual(os.stat(os.path.join(os.path.dirname(config), "api_key")).st_mode & 0o777, 0o600)
        # The old archive and the old directory are still there.
        self.make_tarball("1.1.0")
        self.follow(self.upgrade, "1.1.0")
        self.assertEqual(read(config), "# 1.0.0\n")
        # What has been installed is removed without a rest.
        self.write("etc/default/telnyx_exporter", "ARGS=\n")
        section = read(os.path.join(ROOT, "docs", "install.md")).split("\n## Remove\n")[1]
        [remove] = re.findall("```sh\n(.*?)```", section, re.DOTALL)
        self.execute(remove)
        left = [name for place in ("opt", "etc") for _, directories, files in os.walk(os.path.join(self.directory, place))
                for name in directories + files]
        self.assertEqual(sorted(left), ["default", "system", "systemd"])


class SystemCallsTest(EndToEndTest):
    def test_polling_serving_and_reloading_need_none_that_is_forbidden(self):
        trace = os.path.join(self.directory, "trace")
        simulator = self.start_simulator()
        connections = simulator.truth()
        config = self.write_config(simulator.api, connections)
        exporter = self.start_exporter(
            config, prefix=("strace", "--follow-forks", "--quiet=all", "--summary-only",
                            "--summary-columns=calls,name", f"--output={trace}"))
        exporter.wait_until_ready()
        exporter.metrics()
        subprocess.run(["pkill", "--signal", "HUP", "--parent", str(exporter.process.pid)], check=True)
        exporter.find_in_log("configuration reloaded")
        subprocess.run(["pkill", "--signal", "TERM", "--parent", str(exporter.process.pid)], check=True)
        exporter.process.wait(PATIENCE)

        used = set(re.findall(r"^ *\d+ +(\w+)$", read(trace), re.MULTILINE)) - {"total"}
        self.assertIn("rt_sigtimedwait", used)  # the trace is that of the exporter
        allowed = set()
        for setting in settings("SystemCallFilter"):
            calls = set().union(*map(system_calls, setting.lstrip("~").split()))
            allowed = allowed - calls if setting.startswith("~") else allowed | calls
        # Before the filter is in force, or always let through by systemd.
        self.assertEqual(used - allowed - system_calls("@default"), set())


if __name__ == "__main__":
    unittest.main()
