"""What an artefact promises to the program that it ends in, seen in its symbols and sections and in what it asks of the
process while it runs."""

import re

import support
from support import ArtifactTest

FIXED = ("--dim", f"N={support.IMAGES}")
ENTRIES = {"digits_model", "digits_run", "digits_run_in"}
# A library is all that some languages have, so one with weights in a file can load them.
WEIGHTS = {"lathe_model_load_weights", "lathe_model_release_weights"}
# All that a model of the digits may need of the system.
LIBC = {
    "aligned_alloc", "madvise", "free", "getenv", "open", "close", "fstat", "mmap", "munmap", "strerror", "strcmp", "strcasecmp", "strlen", "strstr",
    "strchr", "memcmp", "memcpy", "memmove", "memset", "snprintf", "__errno_location", "abort", "__stack_chk_fail",
}  # fmt: skip
LIBM = {"exp", "expf", "fma", "fmaf", "exp2f", "logf", "powf", "roundf", "rintf", "floorf"}
# Code that runs without being called, and data that every thread gets.
FORBIDDEN_SECTIONS = re.compile(r"\.(init_array|fini_array|preinit_array|ctors|dtors|tdata|tbss)\b")


class Symbols(ArtifactTest):
    def nm(self, path, *flags) -> dict[str, str]:
        """Letters of nm by symbol."""
        rows = [line.split() for line in self.text("nm", "-P", *flags, path).splitlines()]
        return {row[0].split("@")[0]: row[1] for row in rows if len(row) > 1 and len(row[1]) == 1}

    def test_objects_export_the_entries(self):
        for words in ((), FIXED, ("--weights=file",), ("--cpu", "x86-64-v3")):
            with self.subTest(words):
                path = self.compile_digits("digits.o", *words)
                self.assertEqual(set(self.nm(path, "-g", "--defined-only")), ENTRIES)

    def test_assembly_exports_the_entries(self):
        path = self.compile_digits("digits.s")
        self.assertEqual(set(re.findall(r"\.globl\s+(\w+)", path.read_text())), ENTRIES)

    def test_objects_need_the_runtime_only(self):
        needed = set(self.nm(self.compile_digits("digits.o"), "-g", "--undefined-only"))
        strange = {name for name in needed if not name.startswith("lathe_")} - LIBC - LIBM - {"_GLOBAL_OFFSET_TABLE_"}
        self.assertEqual(strange, set())

    def test_archives_export_the_runtime_besides(self):
        path = self.compile_digits("digits.a")
        defined = set(self.nm(path, "-g", "--defined-only"))
        self.assertLessEqual(ENTRIES, defined)
        self.assertEqual({name for name in defined - ENTRIES if not name.startswith("lathe_")}, set())

    def test_archives_need_libc_and_libm(self):
        path = self.compile_digits("digits.a")
        needed = set(self.nm(path, "-g", "--undefined-only")) - set(self.nm(path, "-g", "--defined-only"))
        self.assertEqual(needed - LIBC - LIBM - {"_GLOBAL_OFFSET_TABLE_"}, set())

    def test_archives_carry_what_is_used(self):
        """A model without convolutions does not carry their kernels."""
        members = set(self.text("ar", "t", self.compile_mlp("mlp.a")).split())
        self.assertFalse({name for name in members if "depthwise" in name or "conv" in name}, members)

    def test_libraries_export_the_entries(self):
        for words, expected in (((), ENTRIES), (FIXED, ENTRIES), (("--weights=file",), ENTRIES | WEIGHTS)):
            with self.subTest(words):
                path = self.compile_digits("libdigits.so", *words)
                self.assertEqual(set(self.nm(path, "-D", "--defined-only")), expected)
                self.assertEqual(set(self.nm(path, "-D", "--undefined-only")) - LIBC - LIBM, set())

    def test_nothing_runs_by_itself(self):
        for name in ("digits.o", "digits.a", "libdigits.so"):
            with self.subTest(name):
                text = self.text("readelf", "-SW", self.compile_digits(name))
                self.assertIsNone(FORBIDDEN_SECTIONS.search(text), text)

    def test_libraries_are_hardened(self):
        path = self.compile_digits("libdigits.so")
        dynamic = self.text("readelf", "-dW", path)
        for forbidden in ("TEXTREL", "INIT", "FINI", "RPATH", "RUNPATH"):
            self.assertNotRegex(dynamic, rf"\({forbidden}")
        self.assertRegex(dynamic, r"\(SONAME\).*\[libdigits\.so\]")
        self.assertRegex(dynamic, r"BIND_NOW|FLAGS_1\).*NOW")
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
        self.assertLessEqual(needed, {"libc.so.6", "libm.so.6"})
        segments = self.text("readelf", "-lW", path)
        self.assertRegex(segments, r"GNU_STACK\s.*\bRW\b")
        self.assertNotRegex(segments, r"\bRWE\b")
        self.assertIn("GNU_RELRO", segments)

    def test_objects_ask_for_no_executable_stack(self):
        for name in ("digits.o", "digits.s.o"):
            path = self.compile_digits(name.removesuffix(".o") if name == "digits.s.o" else name)
            if name == "digits.s.o":
                self.call("cc", "-c", path, "-o", self.folder / name)
            sections = self.text("readelf", "-SW", self.folder / name)
            self.assertRegex(sections, r"\.note\.GNU-stack\s+PROGBITS\s+\S+\s+\S+\s+\S+\s+\S+\s+\d", "no note of the stack")

    def test_constants_can_not_be_written(self):
        """Weights lie in read-only data of the object."""
        path = self.compile_digits("digits.o")
        sections = self.text("readelf", "-SW", path)
        writable = [line for line in sections.splitlines() if re.search(r"\.(data|bss)(?!\.rel\.ro)\S*\s.*\bWA\b", line)]
        sizes = [int(line.split("]")[1].split()[4], 16) for line in writable]
        self.assertLess(sum(sizes), 256, sections)


class Calls(ArtifactTest):
    """What runs ask of the process."""

    def count(self, host_words: list, header: str, run: str, run_in: str) -> dict[str, int]:
        program = self.build("gcc", "counting.c", f"-DHEADER=\"{header}\"", f"-DRUN={run}", f"-DRUN_IN={run_in}", *host_words)
        text = self.call(program, stdin=support.digits_images()).stdout.decode()
        words = text.split()
        return dict(zip(words[::2], map(int, words[1::2])))

    def test_fixed_sizes_allocate_nothing(self):
        for kind in ("a", "so"):
            output = self.compile_mlp(f"mlp.{kind}")
            counts = self.count([output, f"-Wl,-rpath,{self.folder}"], "mlp.h", "mlp_run((void*)input,(void*)output)",
                                "mlp_run_in(execution,(void*)input,(void*)output,arena)")  # fmt: skip
            self.assertEqual(counts, {"first": 0, "run_in": 0, "run": 0, "threads": 1}, kind)

    def test_any_batch_allocates_nothing_in_its_arena(self):
        for kind in ("a", "so"):
            output = self.compile_digits(f"digits.{kind}")
            counts = self.count([output, f"-Wl,-rpath,{self.folder}"], "digits.h", "digits_run(16,(void*)input,(void*)output)",
                                "digits_run_in(execution,16,(void*)input,(void*)output,arena)")  # fmt: skip
            run = counts.pop("run")
            self.assertEqual(counts, {"first": 0, "run_in": 0, "threads": 1}, kind)
            # Its arena, and nothing else, for each of ten runs.
            self.assertEqual(run, 10, kind)

    def test_loading_again_and_again_leaves_nothing(self):
        for words, weights in ((FIXED, []), ((*FIXED, "--weights=file"), [self.folder / "digits.weights"])):
            with self.subTest(words):
                library = self.compile_digits("libdigits.so", *words)
                program = self.build("gcc", "reload.c")
                self.call(program, library, *weights, stdin=support.digits_images())

    def test_eight_threads(self):
        for kind in ("a", "so"):
            output = self.compile_digits(f"digits.{kind}")
            program = self.build("gcc", "concurrent.c", output, f"-Wl,-rpath,{self.folder}", "-pthread")
            self.assert_digits(self.call(program, stdin=support.digits_images()).stdout)


if __name__ == "__main__":
    support.main()
