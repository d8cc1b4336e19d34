"""The image, built by buildah and run by podman, and the compose file, as far as it can be tried without
the images of others: docker-compose reads it, and what it mounts is tried by the programs that will read it.

Building compiles the programs; with a warm ccache that takes a minute and a half, without one about four."""

import functools
import json
import os
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

import yaml

from bare_debian import make_bare_debian
from harness import EXPORTER, EndToEndTest, Process, eventually, fetch, parse_text
from rules_test import PROMETHEUS, ROOT, load

COMPOSE = os.path.join(ROOT, "deploy", "compose")
BASE = "docker.io/library/debian:trixie-slim"
MOST_MEGABYTES = 40  # all in all: there is no base in it
NO_SHELL_NOR_PACKAGE_MANAGER = ("bin/sh", "usr/bin/sh", "usr/bin/bash", "usr/bin/apt", "usr/bin/dpkg", "sbin/apk")
REVISION = "0123456789ab"
LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")  # not above what a test may have


def run(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    if result.returncode:
        raise AssertionError(f"{command} ended with {result.returncode}:\n{result.stdout[-4000:]}\n"
                             f"{result.stderr[-4000:]}")
    return result.stdout


@unittest.skipIf(os.geteuid(), "only root can build an image without a daemon")
class ImageTest(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="telnyx_exporter_image_")
        cls.addClassCleanup(directory.cleanup)
        cls.work = directory.name
        cls.make_storage()
        tar = os.path.join(cls.work, "base.tar")
        make_bare_debian(tar, with_settings=True, release="trixie")
        cls.tool("podman", "import", "--quiet", tar, BASE)
        os.remove(tar)
        cls.build("exporter", "--file=Dockerfile")
        cls.build("simulator", "--target=simulator")

    @classmethod
    def make_storage(cls):
        """Images of the test's own, so that none of this machine's are used or replaced."""
        storage = os.path.join(cls.work, "storage.conf")
        # An overlay cannot lie on another one.
        kind = run("stat", "--file-system", "--format=%T", cls.work).strip()
        driver = "vfs" if kind == "overlayfs" else "overlay"
        with open(storage, "w", encoding="utf-8") as file:
            file.write(f'[storage]\ndriver = "{driver}"\n'
                       f'graphroot = "{cls.work}/graph"\nrunroot = "{cls.work}/run"\n')
        cls.environment = {**os.environ, "CONTAINERS_STORAGE_CONF": storage}
        # Frees what the overlays hold, whatever the tests did.
        for command in ("rmi --all --force", "rm --all"):  # in reverse order
            cls.addClassCleanup(subprocess.run, ["buildah", *command.split()], env=cls.environment,
                                capture_output=True, check=False)

    @classmethod
    def tool(cls, *command, **options):
        return run(*command, env=cls.environment, **options)

    @classmethod
    def build(cls, name, *flags):
        cache = run("ccache", "--get-config", "cache_dir").strip()
        os.makedirs(cache, exist_ok=True)
        cls.tool("buildah", "bud", "--isolation=chroot", "--network=host", "--pull-never",
                 "--format=docker", "--layers", f"--volume={cache}:/ccache",
                 "--build-arg=CCACHE_DIR=/ccache", f"--build-arg=REVISION={REVISION}",
                 f"--tag=localhost/{name}", *flags, ".", cwd=ROOT)

    def inspect(self, image):
        return json.loads(self.tool("buildah", "inspect", "--type=image", image))

    def podman_run(self, *arguments):
        return ["podman", "--runtime=/usr/sbin/runc", "--cgroup-manager=cgroupfs", "run", "--rm",
                "--network=host", "--no-healthcheck", "--read-only", "--read-only-tmpfs=false",
                "--cap-drop=ALL", "--security-opt=no-new-privileges", *LIMITS, *arguments]

    def start(self, name, *arguments):
        process = Process(self.podman_run(*arguments), self.directory, name, self.environment)
        return self.keep(process)

    def mount(self, image):
        container = self.tool("buildah", "from", "--pull-never", image).strip()
        self.addCleanup(self.tool, "buildah", "rm", container)
        return self.tool("buildah", "mount", container).strip()

    def test_size(self):
        for image in ("localhost/exporter", "localhost/simulator"):
            size = int(self.tool("podman", "image", "inspect", "--format={{.Size}}", image)) / 1e6
            print(f"{image}: {size:.0f} MB")
            self.assertLess(size, MOST_MEGABYTES)

    def test_holds_nothing_but_what_the_program_needs(self):
        root = self.mount("localhost/exporter")
        for path in NO_SHELL_NOR_PACKAGE_MANAGER:
            self.assertFalse(os.path.lexists(os.path.join(root, path)), path)
        self.assertEqual(os.listdir(os.path.join(root, "usr/bin")), ["telnyx_exporter"])
        # What says which packages the files are from is there for scanners.
        packages = os.listdir(os.path.join(root, "var/lib/dpkg/status.d"))
        self.assertIn("libc6", packages)
        self.assertIn("ca-certificates", packages)
        self.assertIn("libsystemd0", packages)
        self.assertEqual([name for name in packages if name.endswith("-dev")], [])

    def test_what_it_says_of_itself(self):
        docker = self.inspect("localhost/exporter")["Docker"]["config"]
        self.assertEqual(docker["User"], "65532:65532")
        self.assertEqual(docker["Healthcheck"]["Test"],
                         ["CMD", "/usr/bin/telnyx_exporter", "--healthcheck"])
        labels = {key.removeprefix("org.opencontainers.image."): value
                  for key, value in docker["Labels"].items()}
        self.assertEqual(labels["revision"], REVISION)
        version = run(EXPORTER, "--version").split()[2]
        self.assertEqual(labels["version"], version)
        for label in ("title", "description", "licenses", "source", "documentation"):
            self.assertTrue(labels[label])
        self.assertIn(f"version {version} (revision {REVISION},",
                      self.tool(*self.podman_run("localhost/exporter", "--version")))

    def test_the_packages_of_a_given_day(self):
        self.build("dated", "--target=base",
                   "--build-arg=APT_SOURCES=deb http://archive.example/debian bookworm main")
        root = self.mount("localhost/dated")
        with open(os.path.join(root, "etc/apt/sources.list"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "deb http://archive.example/debian bookworm main\n")
        self.assertEqual(os.listdir(os.path.join(root, "etc/apt/sources.list.d")), [])

    def test_the_demonstration(self):
        """Both images as compose runs them, except that all are on this machine's own address."""
        simulator = self.start("simulator", "localhost/simulator",
                               "--scenario=/usr/share/telnyx_exporter/scenarios/demo.yml",
                               "--web.listen-address=127.0.0.1:0")
        api = simulator.find_in_log(r"listening on (http://\S+)").group(1)
        with open(os.path.join(COMPOSE, "demo.yml"), encoding="utf-8") as file:
            config = self.write("demo.yml", file.read().replace("http://simulator:10036/v2", api))
        os.chmod(self.directory, 0o755)
        exporter = self.start(
            "exporter", "--name=telnyx_exporter_under_test", "--env=TELNYX_API_KEY=KEY_MAIN",
            f"--volume={config}:/etc/telnyx_exporter/telnyx_exporter.yml:ro", "localhost/exporter",
            "--config.file=/etc/telnyx_exporter/telnyx_exporter.yml", "--web.listen-address=127.0.0.1:0")
        address = exporter.find_in_log(r"listening.*?address\W+([0-9.]+:\d+)").group(1)

        def accounts():
            samples = parse_text(fetch(f"http://{address}/metrics")[2].decode())
            return {dict(labels)["account"] for name, labels in samples
                    if name == "telnyx_active_calls"}
        eventually("numbers of both accounts", lambda: accounts() == {"main", "europe"})

        pid = self.tool("podman", "inspect", "--format={{.State.Pid}}",
                        "telnyx_exporter_under_test").strip()
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            status = file.read()
        self.assertRegex(status, r"Uid:\s+65532\s+65532\s+65532\s+65532\n")
        self.assertRegex(status, r"CapEff:\s+0+\n")
        # The image's own check, in a container beside it.
        check = self.podman_run("localhost/exporter", "--healthcheck",
                                f"--web.listen-address={address}")
        self.tool(*check)
        self.assertEqual(exporter.stop(), 0)
        with self.assertRaisesRegex(AssertionError, "not healthy"):
            self.tool(*check)


class ComposeTest(unittest.TestCase):
    def config(self, *flags, **environment):
        clean = {key: value for key, value in os.environ.items() if key != "TELNYX_API_KEY"}
        return yaml.safe_load(run("docker-compose", *flags, "--file=compose.yml", "config",
                                  cwd=COMPOSE, env={**clean, **environment}))

    @functools.cached_property
    def services(self):
        return self.config("--env-file=demo.env")["services"]

    def mounts(self):
        for name, service in self.services.items():
            for volume in service.get("volumes", []):
                source, target, *_ = volume.split(":")
                if source.startswith("/"):
                    yield name, source, target

    def test_one_command_with_and_one_without_an_account(self):
        others = {"exporter", "prometheus", "alertmanager", "grafana"}
        # Which of them a profile starts is in the file; this docker-compose lists all the same.
        profiles = {name: service.get("profiles") for name, service in
                    load(os.path.join(COMPOSE, "compose.yml"))["services"].items()}
        self.assertEqual(profiles, {"simulator": ["demo"], **dict.fromkeys(others)})
        with open(os.path.join(COMPOSE, "demo.env"), encoding="utf-8") as file:
            self.assertIn("COMPOSE_PROFILES=demo\n", file.read())
        real = self.config(TELNYX_API_KEY="KEY")["services"]
        self.assertEqual(real["exporter"]["environment"]["TELNYX_API_KEY"], "KEY")
        self.assertIn(os.path.join(COMPOSE, "telnyx_exporter.yml"),
                      real["exporter"]["volumes"][0])
        with self.assertRaisesRegex(AssertionError, "TELNYX_API_KEY"):
            self.config()

    def test_everything_that_is_mounted_is_there(self):
        targets = {}
        for name, source, target in self.mounts():
            self.assertTrue(os.path.exists(source), source)
            targets[name, target] = source
        # Where the files themselves say that they belong.
        provider, = load(os.path.join(targets["grafana", "/etc/grafana/provisioning"], "dashboards",
                                      "telnyx.yml"))["providers"]
        dashboards = targets["grafana", provider["options"]["path"]]
        home = self.services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertTrue(os.path.exists(home.replace(provider["options"]["path"], dashboards)))

    def test_nothing_is_open_to_other_machines(self):
        for name, service in self.services.items():
            for port in service.get("ports", []):
                self.assertTrue(str(port).startswith("127.0.0.1:"), (name, port))

    def test_services_find_each_other(self):
        addresses = set()
        prometheus = load(os.path.join(COMPOSE, "prometheus.yml"))
        for group in (prometheus["scrape_configs"] + prometheus["alerting"]["alertmanagers"]):
            addresses |= set(group["static_configs"][0]["targets"])
        source, = load(os.path.join(ROOT, "deploy", "grafana", "provisioning", "datasources",
                                    "prometheus.yml"))["datasources"]
        demo = load(os.path.join(COMPOSE, "demo.yml"))
        for url in (source["url"], *(account["base_url"] for account in demo["accounts"])):
            addresses.add(urllib.parse.urlsplit(url).netloc)
        self.assertEqual(addresses, {"exporter:10035", "alertmanager:9093", "prometheus:9090",
                                     "simulator:10036"})

    def test_prometheus_is_set_up_as_the_example_is(self):
        example = load(os.path.join(PROMETHEUS, "prometheus.yml"))
        example["scrape_configs"][0]["static_configs"][0]["targets"] = ["exporter:10035"]
        example["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = ["alertmanager:9093"]
        self.assertEqual(load(os.path.join(COMPOSE, "prometheus.yml")), example)
        with tempfile.TemporaryDirectory() as directory:
            for name, source, target in self.mounts():
                if name == "prometheus":
                    shutil.copy(source, os.path.join(directory, os.path.basename(target)))
            run("promtool", "check", "config", os.path.join(directory, "prometheus.yml"))

    def test_the_configurations_are_right(self):
        for name in ("telnyx_exporter.yml", "demo.yml"):
            run(EXPORTER, "--config.check", f"--config.file={os.path.join(COMPOSE, name)}")

    def test_the_demonstration_polls_what_is_simulated(self):
        scenario = load(os.path.join(ROOT, "config", "scenarios", "demo.yml"))
        key = self.services["exporter"]["environment"]["TELNYX_API_KEY"]
        self.assertEqual(
            {account["name"]: account.get("api_key", key)
             for account in load(os.path.join(COMPOSE, "demo.yml"))["accounts"]},
            {account["name"]: account["api_key"] for account in scenario["accounts"]})


if __name__ == "__main__":
    unittest.main()
