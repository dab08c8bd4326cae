"""Every kind of artefact in C and C++ programs: right results, the same bits from all kinds, every way to give weights,
threads and memory."""

import array
import re
import subprocess

import support
from support import ArtifactTest, Settings

FIXED = ("--dim", f"N={support.IMAGES}")


class Kinds(ArtifactTest):
    """One network as each kind of artefact, linked with the same host."""

    def setUp(self):
        super().setUp()
        self.images = support.digits_images()

    def linkable(self, kind: str, *arguments) -> list:
        """Compiles the network to a file of `kind`; what a host is linked with."""
        output = self.compile_digits(f"digits.{kind}", *arguments)
        if kind == "a":
            return [output]
        if kind == "so":
            return [output, f"-Wl,-rpath,{self.folder}", "-Wl,--no-undefined"]
        translated = self.folder / f"digits.{kind}.o"
        if kind in ("ll", "bc"):
            support.require("llc-19")
            self.call("llc-19", "-O2", "-filetype=obj", "-relocation-model=pic", output, "-o", translated)
            output = translated
        elif kind == "s":
            self.call("cc", "-c", output, "-o", translated)
            output = translated
        return [output]

    def expected(self, *arguments) -> bytes:
        """What the JIT gives, which is right."""
        self.lathe("run", support.DIGITS, "-i", support.ROOT / "examples/digits/inputs.npy", "-o", self.folder, *arguments)
        data = support.read_npy(self.folder / "probabilities.npy")[1]
        self.assert_digits(data, "jit")
        return data

    def check_kinds(self, host: str, words: tuple, arguments: tuple) -> None:
        expected = self.expected(*words)
        for kind in ("o", "a", "so", "ll", "bc", "s"):
            with self.subTest(kind):
                program = self.build("gcc", host, *self.linkable(kind, *words))
                output = self.call(program, *arguments, stdin=self.images).stdout
                self.assert_digits(output, kind)
                self.assertEqual(output, expected, f"{kind}: other bits than the JIT")

    def test_fixed_sizes(self):
        self.check_kinds("fixed.c", (*FIXED, "--numerics=exact"), ())

    def test_fixed_sizes_fast(self):
        self.check_kinds("fixed.c", FIXED, ())

    def test_any_batch(self):
        self.check_kinds("any_batch.c", ("--numerics=exact",), (str(support.IMAGES),))

    def test_languages_and_linking(self):
        """C11 and C++20, by each compiler, statically and dynamically."""
        for shape, words, arguments in (("fixed", FIXED, ()), ("any_batch", (), (str(support.IMAGES),))):
            plain = self.linkable("o", *words)
            archive = self.linkable("a", *words)
            shared = self.linkable("so", *words)
            outputs = set()
            for language, compilers in (("c", support.c_compilers()), ("cpp", support.cxx_compilers())):
                for compiler in compilers:
                    for name, link in (("-static", [*archive, "-static"]), ("-static", [*plain, "-static"]), ("o", plain), ("so", shared)):
                        with self.subTest(f"{shape}.{language} by {compiler}: {name}"):
                            program = self.build(compiler, f"{shape}.{language}", *link)
                            output = self.call(program, *arguments, stdin=self.images).stdout
                            self.assert_digits(output)
                            outputs.add(output)
            self.assertEqual(len(outputs), 1, f"{shape}: the bits depend on the host")

    def test_other_batches(self):
        program = self.build("gcc", "any_batch.c", *self.linkable("so"))
        rows = [self.call(program, "1", stdin=self.images[i * 256 : (i + 1) * 256]).stdout for i in range(support.IMAGES)]
        self.assert_digits(b"".join(rows))
        many = self.call(program, "160", stdin=self.images * 10).stdout
        self.assertEqual(len(many), 160 * 40)
        self.assert_digits(many[-support.IMAGES * 40 :])
        for batch in ("0", "-1", str(2**40)):
            self.call(program, batch, status=1, stdin=self.images)

    def test_two_models(self):
        for kind in ("o", "a", "so"):
            with self.subTest(kind):
                digits = self.linkable(kind, *FIXED)
                mlp = self.compile_mlp(f"mlp.{kind}")
                program = self.build("gcc", "two_models.c", mlp, *digits)
                x = [(i - 4) / 4 for i in range(10)]
                output = self.call(program, stdin=self.images + array.array("f", x).tobytes()).stdout
                self.assert_digits(output[:-4])
                self.assertEqual(support.floats(output[-4:])[0], support.mlp_expected(x))

    def test_mlp_is_exact(self):
        self.compile_mlp("libmlp.so", "--cpu", "x86-64-v2")
        source = self.folder / "host.c"
        source.write_text(
            "#include <stdio.h>\n#include \"mlp.h\"\nint main(void) { float x[1][10], y[1][1];\n"
            "while (fread(x, sizeof(x), 1, stdin) == 1) { if (mlp_run((const float(*)[10])x, y) != LATHE_OK) return 1;\n"
            "fwrite(y, sizeof(y), 1, stdout); } return 0; }\n"
        )
        program = self.folder / "host"
        self.call("gcc", *support.C_FLAGS, f"-I{support.INCLUDE}", f"-I{self.folder}", source, self.folder / "libmlp.so",
                  f"-Wl,-rpath,{self.folder}", "-o", program)  # fmt: skip
        inputs = [[((i * 5 + j * 3) % 17 - 8) / 4 for j in range(10)] for i in range(50)]
        output = self.call(program, stdin=b"".join(array.array("f", x).tobytes() for x in inputs)).stdout
        self.assertEqual(list(support.floats(output)), [support.mlp_expected(x) for x in inputs])

    def test_threads_and_arena_of_the_host(self):
        program = self.build("gcc", "own_threads.c", *self.linkable("a"), "-pthread")
        output = self.call(program, stdin=self.images).stdout
        self.assert_digits(output[: support.IMAGES * 40])
        self.assert_digits(output[-support.IMAGES * 40 :])

    def test_names(self):
        """--name, and prefixes from names of files."""
        for output, words, prefix in (
            ("lib-digits.v2.so", (), "digits_v2"),
            ("libfoo.a", (), "foo"),
            ("libfoo.o", (), "libfoo"),
            ("9.o", (), "n9"),
            ("x.o", ("--name", "other_name"), "other_name"),
        ):
            with self.subTest(output):
                self.compile_digits(output, *words)
                header = (self.folder / f"{prefix}.h").read_text()
                self.assertIn(f"lathe_model* {prefix}_model(void)", header)
                self.assertTrue((self.folder / f"{prefix}.hpp").exists())
        self.lathe("compile", support.DIGITS, "-o", self.folder / "y.o", "--name", "9x", status=2)
        self.assertFalse((self.folder / "y.o").exists())

    def test_graph_text(self):
        """`.lathe` holds the whole model."""
        text = self.compile_digits("digits.lathe")
        self.lathe("run", text, "-i", support.ROOT / "examples/digits/inputs.npy", "--expect",
                   support.ROOT / "examples/digits/expected.npy")  # fmt: skip

    def test_equal_input_gives_equal_bytes(self):
        for kind in ("o", "a", "so", "ll"):
            first = self.compile_digits(f"digits.{kind}").read_bytes()
            self.assertEqual(first, self.compile_digits(f"digits.{kind}").read_bytes(), kind)
            header = (self.folder / "digits.h").read_text()
            self.assertNotIn(str(self.folder), header)


class Weights(ArtifactTest):
    """--weights=file."""

    def setUp(self):
        super().setUp()
        self.images = support.digits_images()
        self.library = self.compile_digits("libdigits.so", *FIXED, "--weights=file")
        self.program = self.build("gcc", "weights.c", self.library, f"-Wl,-rpath,{self.folder}")
        self.weights = self.folder / "digits.weights"

    def answer(self, path) -> str:
        return self.call(self.program, path, stdin=self.images).stdout.decode()

    def test_right_file(self):
        self.assert_digits(self.call(self.program, self.weights, stdin=self.images).stdout)

    def test_equals_embedded(self):
        beside = self.call(self.program, self.weights, stdin=self.images).stdout
        embedded = self.folder / "embedded"
        embedded.mkdir()
        self.lathe("compile", support.DIGITS, "-o", embedded / "libdigits.so", *FIXED)
        program = self.build("gcc", "fixed.c", embedded / "libdigits.so", f"-Wl,-rpath,{embedded}", include=embedded)
        self.assertEqual(self.call(program, stdin=self.images).stdout, beside)
        self.assertLess(self.library.stat().st_size + self.weights.stat().st_size, (embedded / "libdigits.so").stat().st_size + 4096)

    def test_every_kind(self):
        for kind in ("o", "a"):
            output = self.compile_digits(f"digits.{kind}", *FIXED, "--weights=file")
            program = self.build("gcc", "weights.c", output)
            self.assert_digits(self.call(program, self.weights, stdin=self.images).stdout)

    def test_not_loaded(self):
        self.assertRegex(self.answer(""), r"run: 8 weights not loaded: .*digits.*lathe_model_load_weights")

    def test_missing(self):
        self.assertRegex(self.answer("/nowhere/digits.weights"), r"load: 8 weights not loaded: .*nowhere.*No such file")

    def test_folder(self):
        self.assertRegex(self.answer(self.folder), r"load: 8 weights not loaded: .*not a regular file")

    def test_wrong_files(self):
        content = self.weights.read_bytes()
        other = self.folder / "other"
        other.mkdir()
        source = self.folder / "mlp.lathe"
        source.write_text(support.mlp_text())
        self.lathe("compile", source, "-o", other / "mlp.o", "--weights=file")
        for what, data in (
            ("another model", (other / "mlp.weights").read_bytes()),
            ("short", content[:32]),
            ("empty", b""),
            ("cut", content[:-64]),
            ("longer", content + b"\0" * 64),
            ("no weights at all", b"x" * len(content)),
            ("another version", content[:8] + b"\x07" + content[9:]),
        ):
            with self.subTest(what):
                wrong = self.folder / "wrong.weights"
                wrong.write_bytes(data)
                self.assertRegex(self.answer(wrong), r"load: 1 invalid argument: .*wrong\.weights")

    def test_processes_share_it(self):
        processes = []
        try:
            for _ in range(2):
                process = subprocess.Popen([self.program, self.weights, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                processes.append(process)
                process.stdin.write(self.images)
                process.stdin.flush()
                self.assert_digits(process.stdout.read(support.IMAGES * 40))
            for process in processes:
                areas = mapped_areas(process.pid, "digits.weights")
                self.assertTrue(areas, "the file is not mapped")
                for permissions, sizes in areas:
                    self.assertEqual(permissions, "r--s")
                    self.assertGreater(sizes["Rss"], 0)
                    # Pages that two processes have are shared, dirty while the file is not on the disk; nothing is a copy.
                    self.assertEqual(sizes["Private_Dirty"] + sizes["Anonymous"], 0)
                    self.assertEqual(sizes["Shared_Clean"] + sizes["Shared_Dirty"], sizes["Rss"])
        finally:
            for process in processes:
                process.stdin.close()
                process.stdout.close()
                self.assertEqual(process.wait(), 0)


def mapped_areas(pid: int, name: str) -> list[tuple[str, dict[str, int]]]:
    """Permissions and sizes (KiB) of what a process maps of a file, from smaps."""
    areas = []
    is_ours = False
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as smaps:
        for line in smaps:
            header = re.match(r"[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ \S+\s*(.*)", line)
            if header:
                is_ours = header[2].endswith(name)
                if is_ours:
                    areas.append((header[1], {}))
            elif is_ours and line.endswith(" kB\n"):
                key, value = line.split(":")
                areas[-1][1][key] = int(value.split()[0])
    return areas


if __name__ == "__main__":
    support.main()
