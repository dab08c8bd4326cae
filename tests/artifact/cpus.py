"""Code for several CPUs in one artefact: which there is, how it is chosen, forced and asked, and what becomes of a machine
that has none of them."""

import platform
import re
import unittest

import support
from support import ArtifactTest, Settings

FIXED = ("--dim", f"N={support.IMAGES}", "--numerics=exact")
LEVELS = ("x86-64-v2", "x86-64-v3", "x86-64-v4")
TARGETS = {"x86-64-v2": "SSE4", "x86-64-v3": "AVX2", "x86-64-v4": "AVX3"}


class CpuTest(ArtifactTest):
    def setUp(self):
        super().setUp()
        if platform.machine() != "x86_64":
            raise unittest.SkipTest("these are levels of x86-64")
        rows = re.findall(r"^(\S+)\s+(\S.*)$", self.text(Settings.lathe, "targets"), re.MULTILINE)
        self.supported = {name for name, what in rows if "not" not in what}

    def host(self, *words, kind: str = "a"):
        output = self.compile_digits(f"digits.{kind}", *FIXED, *words)
        link = [output] if kind == "a" else [output, f"-Wl,-rpath,{self.folder}"]
        return self.build("gcc", "cpu.c", *link)

    def answer(self, program, *arguments, target: str = "") -> tuple[dict[str, str], bytes]:
        """What the host prints, by its first word, and the probabilities."""
        output = self.call(program, *arguments, stdin=support.digits_images(), env={"LATHE_TARGET": target}).stdout
        data = output[-support.IMAGES * 40 :]
        lines = output[: -support.IMAGES * 40].decode().splitlines()
        return {line.partition(" ")[0]: line.partition(" ")[2] for line in lines}, data

    def best(self) -> str:
        return next(level for level in reversed(LEVELS) if TARGETS[level] in self.supported)


class Choice(CpuTest):
    def test_all_levels_are_the_default(self):
        answer, data = self.answer(self.host())
        self.assertEqual(answer["code"], "x86-64-v4,x86-64-v3,x86-64-v2")
        self.assertEqual(answer["chosen"], self.best())
        self.assert_digits(data)

    def test_the_order_of_names_is_of_no_matter(self):
        for words in (("--cpu", "x86-64-v2,x86-64-v3"), ("--cpu", "x86-64-v3", "--cpu", "x86-64-v2"), ("--cpu=x86-64-v2,haswell",)):
            answer, _ = self.answer(self.host(*words))
            self.assertEqual(answer["code"], "x86-64-v3,x86-64-v2", words)

    def test_native(self):
        answer, _ = self.answer(self.host("--cpu", "native"))
        self.assertEqual(answer["code"], self.best())

    def test_the_environment_chooses(self):
        for kind in ("a", "so"):
            program = self.host(kind=kind)
            bits = {}
            for level in LEVELS:
                if TARGETS[level] not in self.supported:
                    continue
                with self.subTest(f"{kind} {level}"):
                    answer, data = self.answer(program, target=TARGETS[level])
                    self.assertEqual(answer["chosen"], level)
                    self.assert_digits(data)
                    bits[level] = data
            # SSE4 rounds products on their own; the others must agree.
            bits.pop("x86-64-v2", None)
            self.assertEqual(len(set(bits.values())), 1, bits.keys())

    def test_the_host_forces(self):
        program = self.host()
        for level in LEVELS:
            if TARGETS[level] not in self.supported:
                continue
            with self.subTest(level):
                answer, data = self.answer(program, level)
                self.assertEqual(answer["select"], "0 ")
                self.assertEqual(answer["now"], level)
                self.assertEqual(answer["run"], "0 ")
                self.assert_digits(data)

    def test_unknown_names_leave_the_choice(self):
        answer, data = self.answer(self.host(), "z80")
        self.assertRegex(answer["select"], r"^5 .*digits.* has no code for CPU `z80`; it has code for: x86-64-v4.*x86-64-v2")
        self.assertEqual(answer["now"], answer["chosen"])
        self.assert_digits(data)

    def test_an_empty_name_chooses_anew(self):
        answer, _ = self.answer(self.host(), "", target="SSE4")
        self.assertEqual((answer["select"], answer["now"]), ("0 ", "x86-64-v2"))


class NoCode(CpuTest):
    def test_a_machine_without_code(self):
        """LATHE_TARGET=SSE4 stands for a machine that has no more."""
        for kind in ("a", "so"):
            answer, data = self.answer(self.host("--cpu", "x86-64-v4", kind=kind), target="SSE4")
            self.assertEqual(answer["chosen"], "none")
            self.assertRegex(answer["run"], r"^4 .*digits.*SSE4.*x86-64-v4")
            self.assertEqual(data, bytes(len(data)))

    def test_a_machine_without_code_by_the_typed_entry(self):
        self.compile_digits("digits.a", *FIXED, "--cpu", "x86-64-v4")
        program = self.build("gcc", "fixed.c", self.folder / "digits.a")
        result = self.call(program, stdin=support.digits_images(), env={"LATHE_TARGET": "SSE4"}, status=1)
        self.assertIn("unsupported CPU", result.stderr)

    def test_forcing_what_the_machine_lacks(self):
        support.require("valgrind")
        program = self.host()
        command = ("valgrind", "-q", program, "x86-64-v4")
        output = self.call(*command, stdin=support.digits_images()).stdout.decode(errors="replace")
        self.assertRegex(output, r"chosen x86-64-v[23]")
        self.assertRegex(output, r"select 4 .*`x86-64-v4` is more than this machine has; it has code for: ")

    def test_wrong_target(self):
        answer, _ = self.answer(self.host(), target="Z80")
        self.assertEqual(answer["chosen"], "none")
        self.assertRegex(answer["run"], r"^5 .*Z80")


class Instructions(CpuTest):
    """Only the code for a level has its instructions."""

    def functions(self, path) -> dict[str, str]:
        """Disassembly by function."""
        text = self.text("objdump", "-d", "--no-show-raw-insn", path)
        return {match[1]: match[2] for match in re.finditer(r"^[0-9a-f]+ <(.+)>:\n((?:.+\n)+)", text, re.MULTILINE)}

    def level_of(self, function: str) -> str:
        return next((level for level in LEVELS if level in function), "")

    def test_registers(self):
        functions = self.functions(self.compile_digits("digits.o", *FIXED))
        seen = {level: False for level in LEVELS}
        for name, body in functions.items():
            level = self.level_of(name)
            wide = re.search(r"%zmm|%k[1-7]\b|%[xy]mm(1[6-9]|2\d|3[01])\b", body)
            vex = re.search(r"\tv[a-z]|%ymm", body)
            if level != "x86-64-v4":
                self.assertIsNone(wide, f"{name}: {wide and wide[0]}")
            if level not in ("x86-64-v3", "x86-64-v4"):
                self.assertIsNone(vex, f"{name}: {vex and vex[0]}")
            if level == "x86-64-v4" and "%zmm" in body or level == "x86-64-v3" and "%ymm" in body or level == "x86-64-v2":
                seen[level] = True
        self.assertEqual(seen, {level: True for level in LEVELS}, list(functions))

    def test_newer_processors_get_no_more_than_their_level(self):
        """Code for a CPU is tuned for it; the runtime tests for its level only, so that is what it may use."""
        functions = self.functions(self.compile_digits("digits.o", *FIXED, "--cpu", "znver4"))
        text = "".join(functions.values())
        self.assertIn("%zmm", text)
        for instruction in ("vpdpbusd", "vpdpwssd", "vdpbf16ps", "vpermb", "vpcompressb", "vgf2p8", "lzcnt", "movbe"):
            self.assertNotRegex(text, rf"\t{instruction}")


class WrongNames(ArtifactTest):
    def refuse(self, *words) -> str:
        output = self.folder / "digits.o"
        result = self.lathe("compile", support.DIGITS, "-o", output, *words, status=2)
        self.assertEqual(list(self.folder.iterdir()), [])
        return result.stderr

    def test_cpu(self):
        text = self.refuse("--cpu", "x86-64-v3,z80")
        self.assertIn("`z80`", text)
        for name in ("x86-64-v2", "x86-64-v3", "x86-64-v4", "native", "znver4", "haswell"):
            self.assertRegex(text, rf"known are .*\b{name}\b")
        self.assertNotIn("pentium", text)

    def test_cpu_of_another_architecture(self):
        self.assertIn("`cortex-a72`", self.refuse("--cpu", "cortex-a72"))
        text = self.refuse("--target", "aarch64-linux-gnu", "--cpu", "x86-64-v3")
        self.assertRegex(text, r"`x86-64-v3`.*aarch64-linux-gnu")
        self.assertRegex(text, r"known are .*armv8-a.*cortex-a72")

    def test_triple(self):
        for triple in ("pdp11-unknown-bsd", "x86_64", "aarch64-apple-darwin"):
            text = self.refuse("--target", triple)
            self.assertIn(f"`{triple}`", text)
            self.assertRegex(text, r"known are .*x86_64-linux-gnu.*aarch64-linux-gnu")


if __name__ == "__main__":
    support.main()
