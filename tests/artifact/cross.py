"""Artefacts for 64-bit ARM: made here, linked by the cross compiler, run under qemu."""

import pathlib

import support
from support import ArtifactTest, Settings

TRIPLE = "aarch64-linux-gnu"
COMPILER = f"{TRIPLE}-gcc"
EMULATOR = ("qemu-aarch64", "-L", f"/usr/{TRIPLE}")
FIXED = ("--dim", f"N={support.IMAGES}", "--numerics=exact")


class Cross(ArtifactTest):
    def setUp(self):
        super().setUp()
        support.require(COMPILER, f"{TRIPLE}-g++", EMULATOR[0])
        self.runtime = pathlib.Path(Settings.cross_runtime)
        if not self.runtime.exists():
            support.skip(f"{self.runtime} is made by the test runtime.aarch64")
        self.images = support.digits_images()

    def make(self, name: str, *words) -> pathlib.Path:
        return self.compile_digits(name, "--target", TRIPLE, *words)

    def run_host(self, host: str, *words, compiler: str = COMPILER, arguments: tuple = ()) -> bytes:
        program = self.build(compiler, host, *words, runtime=self.runtime)
        self.assertIn("AArch64", self.text("readelf", "-h", program))
        output = self.call(*EMULATOR, program, *arguments, stdin=self.images).stdout
        self.assert_digits(output[: support.IMAGES * 40])
        return output

    def on_this_machine(self) -> bytes:
        """The bits of code with fused multiply-add here."""
        folder = self.folder / "here"
        folder.mkdir()
        self.lathe("compile", support.DIGITS, "-o", folder / "digits.a", *FIXED, "--cpu", "x86-64-v3")
        program = self.build("gcc", "fixed.c", folder / "digits.a", include=folder)
        result = self.call(program, stdin=self.images, env={"LATHE_TARGET": "AVX2"})
        return result.stdout

    def test_object(self):
        output = self.make("digits.o", *FIXED)
        for flags in ((), ("-static",)):
            result = self.run_host("fixed.c", output, *flags)
        if self.text("uname", "-m").strip() == "x86_64":
            self.assertEqual(result, self.on_this_machine(), "other bits than x86-64-v3")

    def test_any_batch(self):
        output = self.make("digits.o")
        self.run_host("any_batch.c", output, arguments=("16",))
        self.run_host("any_batch.cpp", output, compiler=f"{TRIPLE}-g++", arguments=("16",))

    def test_threads(self):
        output = self.make("digits.o")
        self.run_host("own_threads.c", output, "-pthread")

    def test_archive(self):
        output = self.make("digits.a", *FIXED, "--runtime", self.runtime)
        self.run_host("fixed.c", output)

    def test_library(self):
        support.require("ld.lld-19")
        output = self.make("libdigits.so", *FIXED, "--runtime", self.runtime)
        self.run_host("fixed.c", output, f"-Wl,-rpath,{self.folder}")

    def test_weights_in_a_file(self):
        output = self.make("digits.o", *FIXED, "--weights=file")
        self.run_host("weights.c", output, arguments=(self.folder / "digits.weights",))

    def test_assembly(self):
        output = self.make("digits.s", *FIXED)
        self.call(COMPILER, "-c", output, "-o", self.folder / "digits.s.o")
        self.run_host("fixed.c", self.folder / "digits.s.o")

    def test_processors(self):
        output = self.make("digits.o", *FIXED, "--cpu", "cortex-a72")
        self.run_host("fixed.c", output)

    def test_entries_are_all_that_is_exported(self):
        text = self.text(f"{TRIPLE}-nm", "-g", "--defined-only", "-P", self.make("digits.o"))
        names = {line.split()[0] for line in text.splitlines()}
        self.assertEqual(names, {"digits_model", "digits_run", "digits_run_in"})

    def test_the_runtime_is_asked_for(self):
        for name in ("x.a", "x.so"):
            result = self.lathe("compile", support.DIGITS, "-o", self.folder / name, "--target", TRIPLE, status=4)
            self.assertRegex(result.stderr, r"aarch64-linux-gnu.*--runtime liblathe_runtime\.a")
        result = self.lathe("compile", support.DIGITS, "-o", self.folder / "x.a", "--target", TRIPLE, "--runtime", "/no/runtime.a", status=4)
        self.assertIn("/no/runtime.a", result.stderr)
        broken = self.folder / "broken.a"
        broken.write_text("nonsense")
        result = self.lathe("compile", support.DIGITS, "-o", self.folder / "x.a", "--target", TRIPLE, "--runtime", broken, status=4)
        self.assertIn("broken.a", result.stderr)

    def test_the_runtime_is_of_the_same_machine(self):
        for name in ("x.a", "x.so"):
            result = self.lathe("compile", support.DIGITS, "-o", self.folder / name, "--target", TRIPLE, "--runtime", Settings.runtime, status=4)
            self.assertRegex(result.stderr, r"liblathe_runtime\.a.*aarch64")
        self.assertFalse(list(self.folder.glob("x*")))


if __name__ == "__main__":
    support.main()
