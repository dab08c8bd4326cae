"""Runs what of ./dev changes nothing: its help names every command, an unknown one is refused, and both are quick."""

import subprocess
import unittest

import tree

COMMANDS = ("demo", "build", "test", "bench", "format", "fuzz", "help")


def dev(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(tree.ROOT / "dev"), *arguments], capture_output=True, text=True, cwd="/", timeout=20)


class DevScript(unittest.TestCase):
    def test_help_names_every_command(self):
        for arguments in ((), ("help",), ("--help",)):
            result = dev(*arguments)
            self.assertEqual(result.returncode, 0)
            for command in COMMANDS:
                self.assertIn(f"./dev {command}", result.stdout)

    def test_unknown_command_is_refused(self):
        result = dev("biuld")
        self.assertEqual(result.returncode, 2)
        self.assertIn("unknown command `biuld`", result.stderr)


if __name__ == "__main__":
    unittest.main()
