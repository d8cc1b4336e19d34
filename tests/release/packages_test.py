"""The Debian packages that scripts/release.sh has made, installed in a bare Debian of the release that each is for. Needs root."""

import os
import shutil
import unittest

from artefacts import ArtefactTest, artefact, run, version
from bare_debian import make_bare_debian
from harness import Process

RELEASES = {12: "bookworm", 13: "trixie"}


def field(package, name):
    return run("dpkg-deb", "--field", package, name).strip()


@unittest.skipIf(os.geteuid(), "only root can make a Debian and enter it")
class PackagesTest(ArtefactTest):
    def package(self, release, architecture):
        return artefact(f"telnyx-exporter_{version()}+deb{release}_{architecture}.deb")

    def test_fields(self):
        for release in RELEASES:
            for architecture in ("amd64", "arm64"):
                package = self.package(release, architecture)
                self.assertEqual(field(package, "Version"), f"{version()}+deb{release}")
                self.assertEqual(field(package, "Architecture"), architecture)
                # The same libraries on both.
                self.assertEqual(sorted(name.split()[0] for name in field(package, "Depends").split(",")),
                                 sorted(name.split()[0] for name in field(self.package(release, "amd64"), "Depends").split(",")))

    def test_unit_is_where_the_release_has_units(self):
        for release, directory in ((12, "./lib/systemd/system"), (13, "./usr/lib/systemd/system")):
            self.assertIn(f" {directory}/telnyx_exporter.service\n", run("dpkg-deb", "--contents", self.package(release, "amd64")))

    def test_a_later_release_upgrades(self):
        run("dpkg", "--compare-versions", field(self.package(13, "amd64"), "Version"), "gt",
            field(self.package(12, "amd64"), "Version"))

    def install_and_try(self, release):
        package = self.package(release, run("dpkg", "--print-architecture").strip())
        root = os.path.join(self.directory, "root")
        needed = [name.split()[0] for name in field(package, "Depends").split(",")]
        make_bare_debian(root, needed, release=RELEASES[release])
        shutil.copy(package, root + "/tmp/package.deb")
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
        run("chroot", root, "dpkg", "--install", "/tmp/package.deb", env=environment)
        self.assertIn(f"version {version()} (", run("chroot", root, "telnyx_exporter", "--version", env=environment))
        self.assertIn("configuration OK", run("chroot", root, "telnyx_exporter", "--config.check=syntax", env=environment))
        os.makedirs(root + "/tmp/simulated")
        simulator = self.keep(Process(["chroot", root, "/usr/bin/telnyx_simulator", "--web.listen-address=127.0.0.1:0",
                                       "--exporter-config=/tmp/simulated"], self.directory, "packaged_simulator"))
        simulator.find_in_log(r"listening on (http://\S+)")
        self.assert_polls_and_serves(["chroot", root, "/usr/bin/telnyx_exporter",
                                      "--config.file=/tmp/simulated/telnyx_exporter.yml"])
        run("chroot", root, "dpkg", "--purge", "telnyx-exporter", env=environment)
        self.assertFalse(os.path.exists(root + "/usr/bin/telnyx_exporter"))

    def test_debian_12(self):
        self.install_and_try(12)

    def test_debian_13(self):
        self.install_and_try(13)


if __name__ == "__main__":
    unittest.main()
