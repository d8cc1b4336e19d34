"""The Debian package: built, looked at by lintian, installed, run, upgraded, removed and purged in a bare Debian."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from bare_debian import make_bare_debian
from harness import EXPORTER, Process, eventually, fetch, parse_text

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONFIG = "/etc/telnyx_exporter/telnyx_exporter.yml"
FLAGS = "/etc/default/telnyx_exporter"
KEY = "/etc/telnyx_exporter/api_key"
# Where dpkg and systemd's helper keep what they know of packages.
BOOKKEEPING = ("/var/lib/dpkg/", "/var/log/", "/var/cache/", "/proc/", "/sys/", "/dev/", "/tmp/",
               "/var/lib/systemd/deb-systemd-helper")


def run(*command, **options):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            **options)
    if result.returncode:
        raise AssertionError(f"{command} ended with {result.returncode}:\n{result.stdout}")
    return result.stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@unittest.skipIf(os.geteuid(), "only root can make a Debian and enter it")
class DebTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="telnyx_exporter_deb_")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = directory.name
        source = os.path.join(cls.directory, "source")
        shutil.copytree(ROOT, source, symlinks=True, ignore=shutil.ignore_patterns(
            ".git", ".cache", "build", "node_modules"))
        # The programs are those that all other tests have tried.
        run("dpkg-buildpackage", "--build=binary", "--no-sign", "--no-check-builddeps", cwd=source,
            env={**os.environ, "BUILT": os.path.dirname(EXPORTER)})
        cls.changes, = (os.path.join(cls.directory, name) for name in os.listdir(cls.directory)
                        if name.endswith(".changes"))
        cls.package, = (os.path.join(cls.directory, name) for name in os.listdir(cls.directory)
                        if name.endswith(".deb"))
        cls.next_package = cls.make_next_package()

    @classmethod
    def make_next_package(cls):
        """A later version whose conffiles have changed."""
        tree = os.path.join(cls.directory, "next")
        run("dpkg-deb", "--raw-extract", cls.package, tree)
        control = os.path.join(tree, "DEBIAN", "control")
        text = re.sub(r"^Version: .*$", "Version: 999", read(control), flags=re.MULTILINE)
        with open(control, "w", encoding="utf-8") as file:
            file.write(text)
        for conffile in (CONFIG, FLAGS):
            with open(tree + conffile, "a", encoding="utf-8") as file:
                file.write("# new\n")
        package = os.path.join(cls.directory, "next.deb")
        run("dpkg-deb", "--root-owner-group", "--build", tree, package)
        return package

    def test_lintian_has_nothing_to_say(self):
        self.assertEqual(run("lintian", "--allow-root", "--fail-on=error,warning",
                             self.changes), "")

    def test_version_is_that_of_the_programs(self):
        version = run("dpkg-deb", "--field", self.package, "Version").strip()
        self.assertIn(f"version {version} (", run(EXPORTER, "--version"))
        self.assertIn(f'"telnyx_exporter {version}"',
                      read(os.path.join(ROOT, "debian", "man", "telnyx_exporter.1")))

    def test_build_dependencies_are_those_of_the_scripts(self):
        script = "source scripts/packages.sh; printf '%s\\n' \"${build_packages[@]}\""
        wanted = set(run("bash", "-c", script, cwd=ROOT).split())
        control = read(os.path.join(ROOT, "debian", "control"))
        declared = set(re.findall(r"^ ([a-z0-9+.-]+),$", control.split("Build-Depends:")[1]
                                  .split("Standards-Version")[0], re.MULTILINE))
        # The compiler is always there; git, certificates and a cache serve working on it.
        self.assertEqual(declared, wanted - {"ca-certificates", "ccache", "g++", "git"})

    def test_conffiles(self):
        tree = os.path.join(self.directory, "next")
        self.assertEqual(sorted(read(os.path.join(tree, "DEBIAN", "conffiles")).split()),
                         [FLAGS, CONFIG])

    # In the bare Debian.

    def chroot(self, *command):
        return run("chroot", self.root, *command, env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive"})

    def path(self, inside):
        return self.root + inside

    def write(self, inside, text, mode="w"):
        with open(self.path(inside), mode, encoding="utf-8") as file:
            file.write(text)

    def dpkg(self, option, *arguments):
        for argument in arguments:
            if argument.endswith(".deb"):
                shutil.copy(argument, self.path("/tmp/package.deb"))
        return self.chroot("dpkg", "--force-confold", option,
                           *("/tmp/package.deb" if a.endswith(".deb") else a for a in arguments))

    def files(self):
        found = set()
        for directory, directories, names in os.walk(self.root):
            for name in [*directories, *names]:
                inside = os.path.join(directory, name).removeprefix(self.root)
                if not inside.startswith(BOOKKEEPING):
                    found.add(inside)
        return found

    def try_programs(self):
        """Polls the packaged simulator with the packaged exporter."""
        os.makedirs(self.path("/tmp/try"), exist_ok=True)
        simulator = Process(["chroot", self.root, "/usr/bin/telnyx_simulator",
                             "--scenario=/usr/share/telnyx_exporter/scenarios/demo.yml",
                             "--web.listen-address=127.0.0.1:0", "--exporter-config=/tmp/try"],
                            self.directory, "simulator")
        self.addCleanup(simulator.stop)
        simulator.find_in_log(r"listening on (http://\S+)")
        exporter = Process(["chroot", self.root, "/usr/bin/telnyx_exporter",
                            "--config.file=/tmp/try/telnyx_exporter.yml",
                            "--web.listen-address=127.0.0.1:0"], self.directory, "exporter")
        self.addCleanup(exporter.stop)
        url = "http://" + exporter.find_in_log(r"listening.*?address\W+([0-9.]+:\d+)").group(1)
        eventually("numbers", lambda: any(
            name == "telnyx_active_calls"
            for name, _ in parse_text(fetch(url + "/metrics")[2].decode())))
        self.assertEqual(exporter.stop(), 0)
        simulator.stop()

    def test_from_installing_to_purging(self):
        self.root = os.path.join(self.directory, "root")
        depends = run("dpkg-deb", "--field", self.package, "Depends")
        needed = [name.split()[0] for name in depends.split(",")]
        make_bare_debian(self.root, needed)
        bare = self.files()

        self.dpkg("--install", self.package)
        self.assertIn("version", self.chroot("telnyx_exporter", "--version"))
        # The configuration that comes with it is right, and is what the program reads by itself.
        self.assertIn("is right", self.chroot("telnyx_exporter", "--config.check"))
        self.try_programs()
        wanted = "/etc/systemd/system/multi-user.target.wants/telnyx_exporter.service"
        self.assertTrue(os.path.islink(self.path(wanted)))
        unit = os.readlink(self.path(wanted))
        self.assertIn("ExecStart=/usr/bin/telnyx_exporter $ARGS", read(self.path(unit)))
        for page in ("telnyx_exporter", "telnyx_simulator"):
            self.assertTrue(os.path.exists(self.path(f"/usr/share/man/man1/{page}.1.gz")))

        own = "accounts:\n  - api_key_file: /run/credentials/telnyx_exporter.service/api_key\n" \
              "    connections: [{id: 1, name: mine}]\n"
        self.write(CONFIG, own)
        self.write(KEY, "KEY")
        self.dpkg("--install", self.next_package)
        self.assertIn("999", self.chroot("dpkg-query", "--show", "telnyx-exporter"))
        self.assertEqual(read(self.path(CONFIG)), own)                  # changed by its owner
        self.assertTrue(read(self.path(FLAGS)).endswith("# new\n"))     # not changed, so renewed
        self.try_programs()

        self.dpkg("--remove", "telnyx-exporter")
        self.assertFalse(os.path.exists(self.path("/usr/bin/telnyx_exporter")))
        self.assertEqual(read(self.path(CONFIG)), own)
        self.assertTrue(os.path.exists(self.path(KEY)))

        self.dpkg("--purge", "telnyx-exporter")
        self.assertEqual(self.files() - bare, set())


if __name__ == "__main__":
    unittest.main()
