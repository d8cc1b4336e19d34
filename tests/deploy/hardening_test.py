"""Both programs are hardened. What the ELF file shows is read there, the rest from the compile commands."""

import json
import os
import platform
import re
import subprocess
import unittest

PROGRAMS = [os.environ["TELNYX_EXPORTER"], os.environ["TELNYX_SIMULATOR"]]
COMPILE_COMMANDS = os.environ["COMPILE_COMMANDS"]
BRANCH_PROTECTION = {"x86_64": "-fcf-protection", "aarch64": "-mbranch-protection=standard"}

CONTRADICTIONS = r"-fno-stack-|-fno-pi[ec]|-no-pie|-fcf-protection=none|-mbranch-protection=none"


def readelf(option, program):
    return subprocess.run(["readelf", "--wide", option, program], capture_output=True, text=True,
                          check=True).stdout


class HardeningTest(unittest.TestCase):
    def assert_each(self, option, pattern):
        for program in PROGRAMS:
            with self.subTest(program=os.path.basename(program)):
                self.assertRegex(readelf(option, program), pattern)

    def test_position_independent_executable(self):
        self.assert_each("--file-header", r"Type: +DYN")
        self.assert_each("--dynamic", r"\(FLAGS_1\) +Flags:.* PIE")

    def test_relocations_are_read_only_after_the_start(self):
        self.assert_each("--program-headers", r"GNU_RELRO")

    def test_symbols_are_bound_at_the_start(self):
        self.assert_each("--dynamic", r"\(FLAGS_1\) +Flags:.*\bNOW\b")

    def test_stack_is_not_executable(self):
        self.assert_each("--program-headers", r"GNU_STACK .* RW +0x")

    def test_stack_protector(self):
        self.assert_each("--dyn-syms", r"\b__stack_chk_fail\b")

    def test_fortified_calls(self):
        self.assert_each("--dyn-syms", r"\b__[a-z]+_chk\b(?<!__stack_chk)")

    def test_every_file_is_compiled_with_the_options(self):
        wanted = ["-fPIE", "-fstack-protector-strong", "-fstack-clash-protection", "-D_FORTIFY_SOURCE=3",
                  BRANCH_PROTECTION[platform.machine()]]
        with open(COMPILE_COMMANDS, encoding="utf-8") as file:
            commands = [entry["command"] for entry in json.load(file)]
        self.assertGreater(len(commands), 10)
        for command in commands:
            words = command.split()
            with self.subTest(source=words[-1]):
                self.assertEqual([option for option in wanted if option not in words], [])
                self.assertEqual([word for word in words if re.match(CONTRADICTIONS, word)], [])
                # The last one is in force.
                fortify = [word for word in words if re.match(r"-[DU]_FORTIFY_SOURCE", word)]
                self.assertEqual(fortify[-1], "-D_FORTIFY_SOURCE=3")


if __name__ == "__main__":
    unittest.main()
