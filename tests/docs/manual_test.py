"""Does what each page of the manual says, in the order in which it says it: see manual_page.py. Every page runs in a network
of its own, in which api.telnyx.com is the simulator, so that commands and configurations are executed as they are printed."""

import concurrent.futures
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

import manual_page

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
OWN_NETWORK = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
if os.geteuid() != 0:
    OWN_NETWORK[1:1] = ["--user", "--map-root-user"]


def run(page):
    command = [*OWN_NETWORK, sys.executable, Path(__file__).with_name("manual_page.py"), page]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=550)


class Manual(unittest.TestCase):
    def setUp(self):
        if subprocess.run([*OWN_NETWORK, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("this machine does not allow a separate network")

    def test_every_page_does_what_it_says(self):
        steps = {page: sum(step.is_executed for step in manual_page.steps_of(page.read_text(encoding="utf-8")))
                 for page in PAGES}
        self.assertGreater(sum(steps.values()), 60)
        pages = [page for page in PAGES if steps[page]]
        # They mostly wait for a first poll.
        with concurrent.futures.ThreadPoolExecutor(max_workers=6) as workers:
            for page, result in zip(pages, workers.map(run, pages)):
                with self.subTest(page=page.name):
                    self.assertEqual(result.returncode, 0, result.stdout)


class Pages(unittest.TestCase):
    def test_every_block_is_executed_or_names_the_test_that_does(self):
        for page in PAGES:
            text = page.read_text(encoding="utf-8")
            with self.subTest(page=page.name):
                for step in manual_page.steps_of(text):
                    self.assertIn(step.kind, manual_page.KINDS, step.text)
                    if step.elsewhere:
                        self.assertTrue((PROJECT / step.elsewhere).exists(), step.elsewhere)
                self.assertEqual(text.count("\n```") % 2, 0)

    def test_every_page_is_in_the_index(self):
        index = (PROJECT / "docs" / "README.md").read_text(encoding="utf-8")
        for page in (PROJECT / "docs").glob("*.md"):
            if page.name != "README.md":
                with self.subTest(page=page.name):
                    self.assertIn(f"]({page.name})", index)

    def test_every_query_uses_metrics_that_exist(self):
        known = set(re.findall(r"telnyx_\w+", (PROJECT / "docs" / "metrics.md").read_text(encoding="utf-8")))
        for page in PAGES:
            for step in manual_page.steps_of(page.read_text(encoding="utf-8")):
                if step.kind != "promql":
                    continue
                for name in re.findall(r"(?<![\w:])telnyx_\w+(?![\w:])", step.text):
                    with self.subTest(page=page.name, name=name):
                        self.assertIn(re.sub(r"_(bucket|count|sum)$", "", name), known)


if __name__ == "__main__":
    unittest.main()
