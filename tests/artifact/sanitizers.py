"""Models under ThreadSanitizer, AddressSanitizer and UndefinedBehaviorSanitizer."""

import pathlib

import support
from support import ArtifactTest, Settings


class Sanitizers(ArtifactTest):
    """Runtime, host and emitted C++ with sanitizers. Objects have none: what they do to memory that threads share is the
    choice of the variant, which is the runtime's."""

    def runtime(self, sanitizers: str) -> pathlib.Path:
        support.require("clang-19", "clang++-19", "ninja")
        folder = Settings.work / sanitizers.replace(",", "-")
        environment = {"CCACHE_NOHASHDIR": "true", "CCACHE_BASEDIR": str(support.ROOT)}
        self.call(Settings.cmake, "-S", support.ROOT, "-B", folder, "-G", "Ninja", "-DLATHE_RUNTIME_ONLY=ON", "-DLATHE_TESTS=OFF",
                  f"-DLATHE_SANITIZE={sanitizers}", "-DCMAKE_CXX_COMPILER=clang++-19", "-DCMAKE_C_COMPILER=clang-19", env=environment)  # fmt: skip
        self.call(Settings.cmake, "--build", folder, env=environment)
        return folder / "runtime/liblathe_runtime.a"

    def run_hosts(self, sanitizers: str, linked: list, hosts: dict) -> None:
        for host, arguments in hosts.items():
            program = self.build("clang-19", host, *linked, f"-fsanitize={sanitizers}", "-g1", "-pthread", runtime=self.runtime(sanitizers))
            environment = {"TSAN_OPTIONS": "halt_on_error=1:exitcode=66", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
            result = self.call(program, *arguments, stdin=support.digits_images(), env=environment)
            self.assertEqual(result.stderr, "", host)
            self.assert_digits(result.stdout[: support.IMAGES * 40], host)

    def emit(self, sanitizers: str, simd: str) -> list:
        """The network as C++, compiled with sanitizers."""
        source = self.compile_digits("digits.cpp", "--cpp-simd", simd)
        objects = []
        for file in (source, self.folder / "digits_constants.cpp"):
            objects.append(file.with_suffix(".o"))
            self.call("clang++-19", "-std=c++20", "-O1", "-g1", f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all", f"-I{self.folder}",
                      f"-I{support.INCLUDE}", "-c", file, "-o", objects[-1])  # fmt: skip
        return objects

    def test_threads(self):
        output = self.compile_digits("digits.o")
        self.run_hosts("thread", [output], {"concurrent.c": (), "own_threads.c": ()})

    def test_threads_of_emitted_source(self):
        for simd in ("vector-extension", "highway"):
            self.run_hosts("thread", self.emit("thread", simd), {"concurrent.c": (), "own_threads.c": ()})

    def test_memory_of_emitted_source(self):
        for simd in ("vector-extension", "highway"):
            objects = self.emit("address,undefined", simd)
            self.run_hosts("address,undefined", [*objects, "-Wl,--no-as-needed", "-lstdc++"], {"any_batch.c": ("16",), "own_threads.c": ()})


if __name__ == "__main__":
    support.main()
