"""What `lathe compile` does when it can't write, link or compile: the status, a sentence that names the culprit, and
nothing left behind."""

import os
import pathlib
import subprocess
import unittest

import support
from support import ArtifactTest, Settings


class ErrorTest(ArtifactTest):
    def fail_compiling(self, status: int, *words, model=support.DIGITS, **options) -> str:
        return self.lathe("compile", model, *words, status=status, **options).stderr

    def files(self, folder=None) -> list[str]:
        folder = folder or self.folder
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


class Outputs(ErrorTest):
    def test_missing_folder(self):
        output = self.folder / "none/digits.o"
        text = self.fail_compiling(4, "-o", output)
        self.assertIn("none/digits", text)
        self.assertEqual(self.files(), [])

    def test_folder_that_can_not_be_written(self):
        locked = pathlib.Path("/proc/self")
        if os.geteuid() != 0:
            locked = self.folder / "locked"
            locked.mkdir(mode=0o555)
        self.assertIn("digits.", self.fail_compiling(4, "-o", locked / "digits.o"))

    def test_output_is_a_folder(self):
        (self.folder / "digits.o").mkdir()
        text = self.fail_compiling(4, "-o", self.folder / "digits.o")
        self.assertIn("digits.o", text)
        self.assertEqual(self.files(), ["digits.o"])

    def test_header_can_not_be_written(self):
        (self.folder / "digits.h").mkdir()
        text = self.fail_compiling(4, "-o", self.folder / "digits.o")
        self.assertIn("digits.h", text)
        self.assertEqual(self.files(), ["digits.h"])

    def test_old_files_stay(self):
        for name in ("digits.o", "digits.h", "digits.hpp"):
            (self.folder / name).write_text("old")
        (self.folder / "digits.weights").mkdir()
        text = self.fail_compiling(4, "-o", self.folder / "digits.o", "--weights=file")
        self.assertIn("digits.weights", text)
        self.assertEqual(self.files(), ["digits.h", "digits.hpp", "digits.o", "digits.weights"])
        for name in ("digits.o", "digits.h", "digits.hpp"):
            self.assertEqual((self.folder / name).read_text(), "old", name)

    def test_kinds_are_named(self):
        text = self.fail_compiling(2, "-o", self.folder / "digits.xyz")
        for kind in ("obj", "lib", "shared", "llvm", "bitcode", "asm", "ir", ".o", ".a", ".so", ".ll", ".bc", ".s", ".lathe"):
            self.assertIn(kind, text)
        self.fail_compiling(2, "-o", self.folder / "digits")
        self.fail_compiling(2, "-o", self.folder / "digits.o", "--emit=nonsense")
        self.fail_compiling(2)
        self.assertEqual(self.files(), [])

    def test_kind_by_option(self):
        self.lathe("compile", support.DIGITS, "-o", self.folder / "digits.xyz", "--emit=obj")
        self.assertEqual(self.files(), ["digits.h", "digits.hpp", "digits.xyz"])


class FullDisk(ErrorTest):
    """A file system of 64 KiB, which root can make."""

    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", self.disk], capture_output=True, text=True)
        if made.returncode != 0:
            raise_unless_allowed(made.stderr)
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)

    def fill(self, free: int) -> None:
        """Leaves so many bytes."""
        status = os.statvfs(self.disk)
        (self.disk / "filler").write_bytes(b"x" * (status.f_bavail * status.f_bsize - free))

    def check(self, free: int, *words) -> str:
        self.fill(free)
        before = self.files(self.disk)
        text = self.fail_compiling(4, *words)
        self.assertEqual(self.files(self.disk), before)
        self.assertIn("No space left", text)
        return text

    def test_object(self):
        text = self.check(8192, "-o", self.disk / "digits.o")
        self.assertIn("digits.o", text)

    def test_nothing_free(self):
        self.check(0, "-o", self.disk / "digits.o")

    def test_library(self):
        self.check(12288, "-o", self.disk / "libdigits.so")

    def test_weights(self):
        """Room for all but the weights."""
        trial = self.folder / "trial"
        trial.mkdir()
        self.lathe("compile", support.DIGITS, "-o", trial / "digits.o", "--weights=file")
        page = os.statvfs(self.disk).f_bsize
        sizes = {path.name: (path.stat().st_size + page - 1) // page * page for path in trial.iterdir()}
        text = self.check(sum(sizes.values()) - page, "-o", self.disk / "digits.o", "--weights=file")
        self.assertIn("digits.weights", text)

    def test_the_old_object_stays(self):
        (self.disk / "digits.o").write_text("old")
        self.check(8192, "-o", self.disk / "digits.o")
        self.assertEqual((self.disk / "digits.o").read_text(), "old")


def raise_unless_allowed(why: str) -> None:
    """Not to be allowed to mount is no fault of a machine, in CI neither."""
    if os.geteuid() != 0 or "denied" in why or "permitted" in why:
        raise unittest.SkipTest(f"a file system can't be mounted here: {why.strip()}")
    raise AssertionError(why)


class Linkers(ErrorTest):
    def test_named_linker(self):
        text = self.fail_compiling(4, "-o", self.folder / "digits.so", "--linker", "no-such-linker")
        self.assertIn("no-such-linker", text)
        self.assertIn("LT0005", text)
        self.assertEqual(self.files(), [])

    def test_no_linker_at_all(self):
        text = self.fail_compiling(4, "-o", self.folder / "digits.so", env={"PATH": str(self.folder)})
        for name in ("ld.lld", "ld"):
            self.assertIn(name, text)
        self.assertEqual(self.files(), [])

    def test_objects_need_none(self):
        for name in ("digits.o", "digits.a"):
            self.lathe("compile", support.DIGITS, "-o", self.folder / name, env={"PATH": str(self.folder)})

    def test_a_linker_that_fails(self):
        linker = self.folder / "broken-linker"
        linker.write_text("#!/bin/sh\necho 'broken-linker: the dog ate it' >&2\nexit 3\n")
        linker.chmod(0o755)
        text = self.fail_compiling(4, "-o", self.folder / "digits.so", "--linker", linker)
        self.assertIn("broken-linker", text)
        self.assertIn("the dog ate it", text)
        self.assertEqual(self.files(), ["broken-linker"])

    def test_a_linker_that_writes_nothing(self):
        text = self.fail_compiling(4, "-o", self.folder / "digits.so", "--linker", "/bin/true")
        self.assertIn("/bin/true", text)
        self.assertEqual(self.files(), [])

    def test_each_linker(self):
        for linker in ("ld.lld-19", "ld"):
            support.require(linker)
            self.lathe("compile", support.DIGITS, "-o", self.folder / "libdigits.so", "--linker", linker)
            program = self.build("gcc", "any_batch.c", self.folder / "libdigits.so", f"-Wl,-rpath,{self.folder}")
            self.assert_digits(self.call(program, "16", stdin=support.digits_images()).stdout)

    def test_no_room_for_temporary_files(self):
        text = self.fail_compiling(4, "-o", self.folder / "digits.so", env={"TMPDIR": str(self.folder / "none")})
        self.assertIn("none", text)
        self.assertEqual(self.files(), [])

    def test_nothing_stays_in_the_temporary_folder(self):
        temporary = self.folder / "temporary"
        temporary.mkdir()
        environment = {"TMPDIR": str(temporary)}
        self.lathe("compile", support.DIGITS, "-o", self.folder / "digits.so", env=environment)
        self.fail_compiling(4, "-o", self.folder / "digits.so", "--linker", "/bin/false", env=environment)
        inputs = ("-i", support.ROOT / "examples/digits/inputs.npy")
        self.lathe("run", support.DIGITS, *inputs, "--backend=aot", env=environment)
        self.assertEqual(self.files(temporary), [])


class Models(ErrorTest):
    def write(self, text: str) -> pathlib.Path:
        path = self.folder / "model.lathe"
        path.write_text(text)
        return path

    def test_wrong_model(self):
        text = self.fail_compiling(1, "-o", self.folder / "x.o", model=support.ROOT / "examples/digits/digits_broken.onnx")
        self.assertIn("LT0203", text)
        self.assertEqual(self.files(), [])

    def test_no_model(self):
        text = self.fail_compiling(4, "-o", self.folder / "x.o", model=self.folder / "none.onnx")
        self.assertIn("none.onnx", text)

    def test_unsupported_operations_are_listed(self):
        """Sizes that depend on data, twice."""
        model = self.write(
            "sym K in [0, 4]\nsym L in [0, 6]\ngraph @g(%x: f32[4], %z: f32[6]) -> (i64[1, K], i64[1, L]) {\n"
            "  %first = nonzero %x : i64[1, K]\n  %second = nonzero %z : i64[1, L]\n"
            "  return %first, %second : i64[1, K], i64[1, L]\n}\n"
        )
        text = self.fail_compiling(3, "-o", self.folder / "x.o", model=model)
        self.assertIn("LT0901", text)
        self.assertRegex(text, r"`nonzero`[^\n]*\n[^\n]*2 places: .*:4:12, .*:5:13")
        self.assertEqual(self.files(), ["model.lathe"])

    def test_absurd_sizes(self):
        model = self.write(
            "sym N in [1, 9223372036854775807]\n"
            "graph @g(%x: f32[N, 1048576]) -> (f32[N, 1048576]) {\n  %y = relu %x : f32[N, 1048576]\n  return %y : f32[N, 1048576]\n}\n"
        )
        self.lathe("compile", model, "-o", self.folder / "g.a")
        host = self.folder / "host.c"
        host.write_text(
            '#include <stdio.h>\n#include "g.h"\nint main(void) {\n  char message[256] = "";\n'
            "  lathe_execution execution = LATHE_EXECUTION_INIT;\n  execution.message = message;\n"
            "  execution.message_size = sizeof(message);\n  float x = 1, y = 0;\n"
            "  const int64_t sizes[] = {INT64_MAX, INT64_MAX / 4, INT64_C(1) << 43, 0, -1};\n"
            "  for (int i = 0; i < 5; ++i) {\n"
            "    const lathe_status status = g_run_in(&execution, sizes[i], &x, &y, NULL);\n"
            '    printf("%d %s\\n", (int)status, message);\n    if (g_run(sizes[i], &x, &y) == LATHE_OK) return 1;\n'
            "    if (g_y_elements(sizes[i]) != -1) return 2;\n  }\n  return 0;\n}\n"
        )
        self.call("gcc", *support.C_FLAGS, f"-I{support.INCLUDE}", f"-I{self.folder}", host, self.folder / "g.a", Settings.runtime,
                  "-o", self.folder / "host")  # fmt: skip
        lines = self.text(self.folder / "host").splitlines()
        self.assertEqual(len(lines), 5)
        for line in lines:
            self.assertRegex(line, r"^[23] .+")

    def test_fixed_sizes_out_of_bounds(self):
        for size in ("9223372036854775807", "2147483648", "0", "-1", "x"):
            text = self.fail_compiling(2, "-o", self.folder / "x.o", "--dim", f"N={size}")
            self.assertIn("N", text)
        self.assertEqual(self.files(), [])

    def test_more_memory_than_there_is(self):
        """The largest batch: the code is made, and a run says that there is no memory."""
        self.lathe("compile", support.DIGITS, "-o", self.folder / "digits.a", "--dim", "N=2147483647")
        host = self.folder / "host.c"
        host.write_text(
            '#include "digits.h"\nstatic float image[1];\nint main(void) {\n'
            "  return digits_run((const void*)image, (void*)image) == LATHE_OUT_OF_MEMORY ? 0 : 1;\n}\n"
        )
        self.call("gcc", "-std=c11", f"-I{support.INCLUDE}", f"-I{self.folder}", host, self.folder / "digits.a", "-o", self.folder / "host")
        # Not every machine refuses terabytes by itself.
        self.call("prlimit", "--as=8000000000", self.folder / "host")


if __name__ == "__main__":
    support.main()
