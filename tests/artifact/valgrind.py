"""Models under valgrind."""

import support
from support import ArtifactTest


class Valgrind(ArtifactTest):
    """Memory errors and leaks are errors. Valgrind knows no AVX-512."""

    def check(self, host: str, words: tuple, arguments: tuple) -> None:
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


if __name__ == "__main__":
    support.main()
