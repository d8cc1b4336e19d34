"""The tarball that scripts/release.sh has made, on systems that have next to nothing: a root with the tarball, CA certificates and
/etc/resolv.conf alone, and Debian 11. The arm64 one runs under qemu-user-static.
Needs root."""

import os
import re
import shutil
import subprocess
import unittest

from artefacts import EMULATED, ArtefactTest, artefact, run, unpack_tarball, version
from bare_debian import make_bare_debian

BUNDLES = {
    "Debian": "/etc/ssl/certs/ca-certificates.crt",
    "RHEL": "/etc/pki/tls/certs/ca-bundle.crt",
    "Fedora": "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "SUSE": "/etc/ssl/ca-bundle.pem",
    "Alpine": "/etc/ssl/cert.pem",
}
KEY = {"TELNYX_API_KEY": "KEY_FOR_END_TO_END_TESTS"}


@unittest.skipIf(os.geteuid(), "only root can enter another root")
class TarballTest(ArtefactTest):
    architecture = "amd64"
    prefix = ()

    @classmethod
    def setUpClass(cls):
        cls.root = cls.temporary_directory()
        cls.tree = unpack_tarball(cls.architecture, cls.root)
        cls.inside = "/" + os.path.basename(cls.tree)

    def test_size(self):
        size = os.path.getsize(artefact(f"*-linux-{self.architecture}.tar.gz"))
        print(f"{self.architecture}: {size} bytes")
        self.assertLess(size, 15_000_000)

    def test_holds_what_a_user_needs(self):
        names = {os.path.relpath(os.path.join(directory, name), self.tree)
                 for directory, _, files in os.walk(self.tree) for name in files}
        for name in ("telnyx_exporter", "telnyx_simulator", "LICENSE", "CHANGELOG.md", "README.md",
                     "man/man1/telnyx_exporter.1", "systemd/telnyx_exporter.service", "completions/bash/telnyx_exporter",
                     "completions/zsh/_telnyx_exporter", "share/rules/telnyx_exporter.rules.yml",
                     "share/dashboards/calls_overview.json", "share/scenarios/demo.yml",
                     "share/telnyx_exporter.schema.json", "examples/telnyx_exporter.yml", "examples/etc/telnyx_exporter.yml",
                     "licenses/libc6/copyright", "licenses/common-licenses/LGPL-2.1"):
            self.assertIn(name, names)
        with open(os.path.join(self.tree, "systemd/telnyx_exporter.service"), encoding="utf-8") as file:
            self.assertIn("ExecStart=/opt/telnyx_exporter/telnyx_exporter $ARGS", file.read())

    def test_every_library_has_a_licence(self):
        libraries = [name for name in os.listdir(os.path.join(self.tree, "lib")) if ".so" in name]
        licences = os.listdir(os.path.join(self.tree, "licenses"))
        self.assertGreater(len(libraries), 20)
        self.assertGreater(len(licences), 20)

    def command(self, *arguments):
        return [*self.prefix, "chroot", self.root, f"{self.inside}/telnyx_exporter", *arguments]

    def once(self):
        return subprocess.run(self.command("--config.file=/config.yml", "--once"), capture_output=True, text=True,
                              env={**os.environ, **KEY}, check=False)

    def test_a_root_that_holds_nothing_else(self):
        self.start_api()
        names = self.start_name_server()
        self.prepare_root(self.root)
        # Neither a shell nor another C library, and no /proc.
        self.assertEqual(set(os.listdir(self.root)), {os.path.basename(self.tree), "etc", "config.yml"})
        text = self.assert_polls_and_serves(self.command("--config.file=/config.yml"), KEY)
        self.assertIn(f'version="{version()}"', text)
        self.assertIn("api.telnyx.test", names.names)

    def test_bundles_of_every_family_of_systems(self):
        self.start_api()
        self.start_name_server()
        for family, bundle in BUNDLES.items():
            with self.subTest(family):
                shutil.rmtree(os.path.join(self.root, "etc"), ignore_errors=True)
                self.prepare_root(self.root, bundle)
                result = self.once()
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(len(re.findall(r"^telnyx_active_calls\{", result.stdout, re.MULTILINE)), 3)
        with self.subTest("none"):
            shutil.rmtree(os.path.join(self.root, "etc"))
            self.prepare_root(self.root, bundle=None)
            result = self.once()
            self.assertEqual(result.returncode, 1)
            self.assertIn("tls", result.stderr.lower())

    def test_debian_11(self):
        self.start_api()
        self.start_name_server()
        root = os.path.join(self.directory, "bullseye")
        make_bare_debian(root, release="bullseye")
        shutil.copytree(self.tree, root + "/opt/telnyx_exporter", symlinks=True)
        self.prepare_root(root)
        os.symlink("/opt/telnyx_exporter/telnyx_exporter", root + "/usr/local/bin/telnyx_exporter")
        # Through a link, found by its name, from another directory.
        self.assert_polls_and_serves([*self.prefix, "chroot", root, "/bin/sh", "-c", "cd /usr && exec telnyx_exporter \"$@\"", "-",
                                      "--config.file=/config.yml"], {**KEY, "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin"})

    def test_arguments_and_name_arrive(self):
        self.assertIn(f"version {version()} (", run(*self.prefix, os.path.join(self.tree, "telnyx_exporter"), "--version"))
        self.assertIn(f"version {version()} (", run(*self.prefix, os.path.join(self.tree, "telnyx_simulator"), "--version"))
        result = subprocess.run([*self.prefix, os.path.join(self.tree, "telnyx_exporter"), "--no-such flag"], capture_output=True,
                                text=True, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--no-such flag", result.stdout + result.stderr)


@unittest.skipIf(os.geteuid(), "only root can enter another root")
class Arm64TarballTest(TarballTest):
    architecture = "arm64"
    prefix = EMULATED

    test_debian_11 = None  # the bare root shows all that it could


if __name__ == "__main__":
    unittest.main()
