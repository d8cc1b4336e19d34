"""Sums, bills of materials and names of what scripts/release.sh has made."""

import glob
import hashlib
import json
import os
import re
import tarfile
import unittest

from artefacts import DIST, artefact, version


class FilesTest(unittest.TestCase):
    def test_sums(self):
        with open(os.path.join(DIST, "SHA256SUMS"), encoding="ascii") as file:
            sums = dict(reversed(line.split()) for line in file)
        self.assertEqual(set(sums), {name for name in os.listdir(DIST) if not name.startswith("SHA256SUMS")})
        for name, expected in sums.items():
            with open(os.path.join(DIST, name), "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).hexdigest(), expected, name)

    def test_artefacts(self):
        for architecture in ("amd64", "arm64"):
            artefact(f"telnyx_exporter-{version()}-linux-{architecture}.tar.gz")
            for release in (12, 13):
                artefact(f"telnyx-exporter_{version()}+deb{release}_{architecture}.deb")

    def test_tarballs_depend_on_nothing_but_their_contents(self):
        for name in glob.glob(os.path.join(DIST, "*.tar.gz")):
            with open(name, "rb") as file:
                header = file.read(8)
            self.assertEqual(header[4:8], b"\0\0\0\0", "gzip has written a time")
            with tarfile.open(name) as tar:
                members = tar.getmembers()
            self.assertEqual({(member.uid, member.gid, member.uname) for member in members}, {(0, 0, "")})
            self.assertEqual(len({member.mtime for member in members}), 1)

    def test_bill_of_materials_of_each_artefact(self):
        expected = [os.path.basename(name) for pattern in ("*.tar.gz", "*.deb") for name in glob.glob(os.path.join(DIST, pattern))]
        expected += [f"telnyx_{name}-{version()}-image-{architecture}" for name in ("exporter", "simulator")
                     for architecture in ("amd64", "arm64")]
        for name in expected:
            with self.subTest(name), open(os.path.join(DIST, f"{name}.spdx.json"), encoding="utf-8") as file:
                document = json.load(file)
                self.check(document)
                packages = {package["name"] for package in document["packages"]}
                # Those of the release for which it was built, and of its own programs.
                self.assertIn("libfmt9" if "+deb12" in name else "libfmt10", packages)
                self.assertEqual(any(package.startswith("libcurl") for package in packages), "telnyx_simulator" not in name)

    def check(self, document):
        self.assertEqual(document["spdxVersion"], "SPDX-2.3")
        self.assertEqual(document["dataLicense"], "CC0-1.0")
        packages = {package["name"]: package for package in document["packages"]}
        self.assertEqual(packages["telnyx_exporter"]["versionInfo"], version())
        for name in ("libc6", "libstdc++6", "libsystemd0", "libcli11-dev"):
            self.assertTrue(packages[name]["versionInfo"])
        identifiers = [package["SPDXID"] for package in document["packages"]]
        self.assertEqual(len(identifiers), len(set(identifiers)))
        for identifier in identifiers:
            self.assertRegex(identifier, r"^SPDXRef-[A-Za-z0-9.-]+$")
        extracted = {licence["licenseId"] for licence in document["hasExtractedLicensingInfos"]}
        for package in document["packages"]:
            for word in package["licenseDeclared"].split():
                self.assertRegex(word, r"^[A-Za-z0-9.+-]+$")
                if word.startswith("LicenseRef-"):
                    self.assertIn(word, extracted)
        related = {relationship["relatedSpdxElement"] for relationship in document["relationships"]}
        self.assertEqual(related, set(identifiers))
        self.assertTrue(re.search(r"pkg:deb/debian/libc6@", json.dumps(document)))


if __name__ == "__main__":
    unittest.main()
