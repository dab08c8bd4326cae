"""Models under valgrind and ThreadSanitizer."""

import pathlib

import support
from support import ArtifactTest, Settings


class Valgrind(ArtifactTest):
    """Memory errors and leaks are errors. Valgrind knows no AVX-512."""

    def check(self, host: str, words: tuple, arguments: tuple, model_words: tuple = ()) -> None:
        support.require("valgrind")
        output = self.compile_digits("digits.a", "--cpu", "x86-64-v3", *words)
        program = self.build("gcc", host, output, "-pthread")
        result = self.call("valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--show-leak-kinds=all",
                           "--errors-for-leak-kinds=all", program, *arguments, stdin=support.digits_images(), env={"LATHE_TARGET": "AVX2"})  # fmt: skip
        self.assertEqual(result.stderr, "")
        self.assert_digits(result.stdout[: support.IMAGES * 40])

    def test_fixed_sizes(self):
        self.check("fixed.c", ("--dim", f"N={support.IMAGES}"), ())

    def test_any_batch(self):
        self.check("any_batch.c", (), (str(support.IMAGES),))

    def test_weights_in_a_file(self):
        self.check("weights.c", ("--dim", f"N={support.IMAGES}", "--weights=file"), (self.folder / "digits.weights",))

    def test_threads(self):
        self.check("concurrent.c", (), ())


class ThreadSanitizer(ArtifactTest):
    """Runtime and host with ThreadSanitizer. Code of the artefact itself is not: what it does to memory that threads share
    is the choice of its variant, which is the runtime's."""

    def runtime(self) -> pathlib.Path:
        folder = Settings.work / "thread-sanitizer"
        environment = {"CCACHE_NOHASHDIR": "true", "CCACHE_BASEDIR": str(support.ROOT)}
        self.call(Settings.cmake, "-S", support.ROOT, "-B", folder, "-G", "Ninja", "-DLATHE_RUNTIME_ONLY=ON", "-DLATHE_TESTS=OFF",
                  "-DLATHE_SANITIZE=thread", "-DCMAKE_CXX_COMPILER=clang++-19", "-DCMAKE_C_COMPILER=clang-19", env=environment)  # fmt: skip
        self.call(Settings.cmake, "--build", folder, env=environment)
        return folder / "runtime/liblathe_runtime.a"

    def test_hosts(self):
        support.require("clang-19", "clang++-19", "ninja")
        runtime = self.runtime()
        output = self.compile_digits("digits.o")
        for host in ("concurrent.c", "own_threads.c"):
            with self.subTest(host):
                program = self.build("clang-19", host, output, "-fsanitize=thread", "-g1", "-pthread", runtime=runtime)
                result = self.call(program, stdin=support.digits_images(), env={"TSAN_OPTIONS": "halt_on_error=1:exitcode=66"})
                self.assertEqual(result.stderr, "")
                self.assert_digits(result.stdout[: support.IMAGES * 40])


if __name__ == "__main__":
    support.main()
