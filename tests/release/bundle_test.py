"""scripts/bundle.py reads dpkg's database of a root that this test makes."""

import importlib.util
import os
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_spec = importlib.util.spec_from_file_location("bundle", os.path.join(ROOT, "scripts", "bundle.py"))
bundle = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(bundle)


class BundleTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def write(self, path, text):
        os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
        with open(self.root + path, "w", encoding="utf-8") as file:
            file.write(text)

    def packages(self):
        return bundle.Packages(self.root)

    def test_owner_of_a_file(self):
        self.write("/var/lib/dpkg/info/libone1:arm64.list", "/.\n/lib/aarch64-linux-gnu/libone.so.1\n")
        self.write("/var/lib/dpkg/info/libtwo.list", "/usr/lib/aarch64-linux-gnu/libtwo.so.2\n")
        packages = self.packages()
        # Packages from before and after /usr was merged.
        self.assertEqual(packages.owner("/usr/lib/aarch64-linux-gnu/libone.so.1"), "libone1")
        self.assertEqual(packages.owner("/usr/lib/aarch64-linux-gnu/libtwo.so.2"), "libtwo")
        with self.assertRaises(LookupError):
            packages.owner("/usr/lib/aarch64-linux-gnu/libthree.so.3")

    def test_status_is_that_of_the_architecture(self):
        self.write("/var/lib/dpkg/status", "Package: libone1\nArchitecture: amd64\nVersion: 1\n\n"
                                           "Package: libone1\nArchitecture: arm64\nVersion: 2\n\n"
                                           "Package: headers\nArchitecture: all\nVersion: 3\n\n"
                                           "Package: base-files\nArchitecture: amd64\nVersion: 4\n")
        packages = self.packages()
        self.assertEqual(packages.status("libone1", "arm64")["Version"], "2")
        self.assertEqual(packages.status("headers", "arm64")["Version"], "3")
        self.assertEqual(packages.status("base-files", "arm64")["Version"], "4")

    def test_licences_of_a_package(self):
        self.write("/usr/share/doc/libone1/copyright", """Format: 1.0

Files: *
Copyright: 2020 Somebody
License: Expat and BSD-3-Clause

Files: debian/*
Copyright: 2021 Somebody
License: GPL-2+ or LGPL-3+ with exception

License: Expat
 Permission is hereby granted
""")
        self.assertEqual(self.packages().licences("libone1"), ["BSD-3-Clause", "Expat", "GPL-2+", "LGPL-3+"])

    def test_names_of_licences(self):
        for debian, spdx in (("Expat", "MIT"), ("GPL-2+", "GPL-2.0-or-later"), ("LGPL-2.1", "LGPL-2.1-only"),
                             ("LGPL-3+", "LGPL-3.0-or-later"), ("GFDL-1.3+", "GFDL-1.3-or-later"), ("Apache-2.0", "Apache-2.0"),
                             ("Some odd_one", "LicenseRef-Some-odd-one")):
            self.assertEqual(bundle.spdx_licence(debian), spdx)

    def test_links_stay_inside_the_root(self):
        self.write("/usr/lib/x86_64-linux-gnu/libone.so.1.2", "")
        os.symlink("libone.so.1.2", self.root + "/usr/lib/x86_64-linux-gnu/libone.so.1")
        os.symlink("usr/lib", self.root + "/lib")
        made = bundle.Bundle(self.root, "amd64", [])
        self.assertEqual(made.resolve("/lib/x86_64-linux-gnu/libone.so.1"), "/usr/lib/x86_64-linux-gnu/libone.so.1.2")
        self.assertEqual(made.find("libone.so.1"), "/usr/lib/x86_64-linux-gnu/libone.so.1.2")
        with self.assertRaises(LookupError):
            made.find("libtwo.so.2")


if __name__ == "__main__":
    unittest.main()
