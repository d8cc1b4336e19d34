"""The version is that of the file VERSION wherever it has to be written down; workflow files call nothing but our scripts."""

import os
import re
import unittest

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLACES = {
    "debian/changelog": r"^telnyx-exporter \((\S+)\)",
    "debian/man/telnyx_exporter.1": r'"telnyx_exporter (\S+)"',
    "debian/man/telnyx_simulator.1": r'"telnyx_exporter (\S+)"',
    "deploy/helm/telnyx-exporter/Chart.yaml": r'^appVersion: "(\S+)"',
    "deploy/helm/argocd-application.yaml": r"targetRevision: v(\S+)",
    "deploy/kubernetes/base/kustomization.yaml": r'newTag: "(\S+)"',
    "Dockerfile": r"^ARG VERSION=(\S+)",
    "CHANGELOG.md": r"^## (\d\S*)",
}
# What a runner needs before our scripts can run on it.
PREPARATIONS = re.compile(r"^(apt-get (update|install)\b.*|git config --global --add safe\.directory .*)$")


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


class VersionTest(unittest.TestCase):
    def test_same_everywhere(self):
        version = read("VERSION").strip()
        self.assertRegex(version, r"^\d+\.\d+\.\d+$")
        for name, pattern in PLACES.items():
            with self.subTest(name):
                found = re.search(pattern, read(name), re.MULTILINE)
                self.assertTrue(found)
                self.assertEqual(found.group(1), version)

    def test_build_reads_it(self):
        self.assertIn("file(STRINGS VERSION version", read("CMakeLists.txt"))


class WorkflowTest(unittest.TestCase):
    def test_workflows_call_scripts_that_exist(self):
        directory = os.path.join(ROOT, ".github", "workflows")
        names = sorted(os.listdir(directory))
        self.assertEqual(names, ["ci.yml", "release.yml"])
        for name in names:
            with self.subTest(name):
                workflow = yaml.safe_load(read(f".github/workflows/{name}"))
                for job in workflow["jobs"].values():
                    for step in job["steps"]:
                        for line in step.get("run", "").strip().splitlines():
                            self.check(line)

    def check(self, line):
        for command in line.split(" && "):
            if not PREPARATIONS.match(command):
                script = command.split()[0]
                self.assertRegex(script, r"^(scripts/\w+\.sh|\.ci/run)$")
                self.assertTrue(os.access(os.path.join(ROOT, script), os.X_OK), script)


if __name__ == "__main__":
    unittest.main()
