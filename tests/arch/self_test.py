"""Shows every rule of this folder wrong text, and right text: a rule that cannot fail proves nothing."""

import pathlib
import unittest

import docs_fresh
import house_rules
import layering
import runtime_symbols
import tidy


class Layering(unittest.TestCase):
    def violations(self, path: str, include: str) -> list[str]:
        return [violation.message for violation in layering.check(path, f"// A file.\n#include {include}\n")]

    def test_lower_layers_do_not_see_higher_ones(self):
        for path, include in (
            ("ir/base/dim.h", '"ir/graph/graph.h"'),
            ("ir/graph/graph.h", '"ir/kernel/program.h"'),
            ("ir/kernel/program.h", '"ir/graph/graph.h"'),
            ("ir/graph/verify.cpp", '"compiler/passes/fold.h"'),
            ("runtime/pool.cpp", '"ir/base/dim.h"'),
            ("compiler/passes/fold.cpp", '"compiler/codegen/emitter.h"'),
            ("compiler/codegen/emitter.h", '"ir/graph/graph.h"'),
            ("compiler/lower/lower.cpp", '"compiler/frontend/onnx/import.h"'),
            ("compiler/compile.cpp", '"compiler/tools/options.h"'),
        ):
            self.assertEqual(len(self.violations(path, include)), 1, f"{path} {include}")

    def test_libraries_stay_in_their_place(self):
        self.assertTrue(self.violations("compiler/codegen/cpp_emitter.cpp", '"llvm/IR/Module.h"'))
        self.assertTrue(self.violations("compiler/lower/simplify.cpp", "<hwy/highway.h>"))
        self.assertTrue(self.violations("runtime/pool.cpp", '"hwy/highway.h"'))
        self.assertTrue(self.violations("ir/graph/attr.cpp", '"protozero/pbf_reader.hpp"'))

    def test_spelling(self):
        self.assertTrue(self.violations("ir/graph/graph.h", '"../base/dim.h"'))
        self.assertTrue(self.violations("ir/graph/graph.h", "<ir/base/dim.h>"))
        self.assertTrue(self.violations("compiler/elsewhere.md/x", '"lathe/runtime.h"') == [])
        self.assertTrue(self.violations("surprise/x.h", "<vector>"))

    def test_right_ones_pass(self):
        for path, include in (
            ("ir/graph/graph.h", '"ir/base/dim.h"'),
            ("compiler/codegen/llvm_emitter.cpp", '"llvm/IR/Module.h"'),
            ("runtime/kernels/gemm.cpp", '"hwy/highway.h"'),
            ("runtime/pool.cpp", '"lathe/runtime.h"'),
            ("compiler/tools/run.cpp", '"compiler/compile.h"'),
            ("tests/unit/x.cpp", '"compiler/tools/options.h"'),
        ):
            self.assertEqual(self.violations(path, include), [], f"{path} {include}")


class HouseRules(unittest.TestCase):
    def violations(self, path: str, text: str) -> list[str]:
        return [violation.message for violation in house_rules.check(path, text)]

    def test_length(self):
        self.assertTrue(self.violations("ir/base/dim.cpp", "// Long.\n" * 601))
        self.assertFalse(self.violations("ir/base/dim.cpp", "// Long.\n" * 600))

    def test_opening_comment(self):
        self.assertTrue(self.violations("ir/base/dim.h", "#pragma once\n"))
        self.assertFalse(self.violations("ir/base/dim.h", "// Dims.\n#pragma once\n"))
        self.assertFalse(self.violations("dev", "#!/usr/bin/env bash\n# The script.\n"))

    def test_words(self):
        for path, line in (
            ("ir/base/dim.cpp", "int x;  // TODO later"),
            ("docs/testing.md", "see /home/me/lathe"),
            ("compiler/compile.cpp", "throw std::runtime_error(text);"),
            ("ir/base/dim.h", "using namespace std;"),
            ("ir/graph/node.h", "struct Node { virtual ~Node(); };"),
        ):
            self.assertEqual(len(self.violations(path, f"// A file.\n{line}\n")), 1, line)
        self.assertEqual(self.violations("ir/base/dim.cpp", "// A file.\nint a = b / home / c;  // to do\n"), [])


class DocsFresh(unittest.TestCase):
    def test_table(self):
        self.assertEqual(docs_fresh.whole_documents("# words\n\ndocs/ops.md: ops --format=markdown\n"), [("docs/ops.md", "ops --format=markdown")])

    def test_embedded_block_is_replaced(self):
        text = "before\n<!-- lathe: ops -->\nold\n<!-- end -->\nafter\n"
        fresh = docs_fresh.expand(text, lambda arguments: f"ran {arguments}\n")
        self.assertEqual(fresh, "before\n<!-- lathe: ops -->\n```text\n$ lathe ops\nran ops\n```\n<!-- end -->\nafter\n")
        self.assertEqual(docs_fresh.expand(fresh, lambda arguments: f"ran {arguments}\n"), fresh)

    def test_written_file_is_shown(self):
        def run(arguments: str) -> str:
            self.assertTrue(arguments.startswith("compile net -o "))
            output = pathlib.Path(arguments.split()[-1])
            self.assertEqual(output.name, "net.o")
            output.with_suffix(".h").write_text("int net;\n")
            return ""

        text = "<!-- lathe writes net.h: compile net -o net.o -->\nold\n<!-- end -->\n"
        fresh = docs_fresh.expand(text, run)
        self.assertEqual(fresh, "<!-- lathe writes net.h: compile net -o net.o -->\n```c\nint net;\n```\n<!-- end -->\n")
        self.assertEqual(docs_fresh.expand(fresh, run), fresh)

    def test_blocks_that_need_llvm_stay_without_it(self):
        def run(arguments):
            raise docs_fresh.NeedsLlvm

        text = "<!-- lathe: dump x --stage=asm -->\nold\n<!-- end -->\n<!-- lathe writes x.h: compile x -o x.o -->\nold\n<!-- end -->\n"
        self.assertEqual(docs_fresh.expand(text, run), text)


class RuntimeSymbols(unittest.TestCase):
    def violations(self, *lines: str) -> list[str]:
        return list(runtime_symbols.check_symbols("\n".join(("lib.a[gemm.o]:", *lines)), {"memcpy"}))

    def test_names_of_ours(self):
        self.assertTrue(self.violations("_ZN5lathe4packEv T 0 10"))
        self.assertTrue(self.violations("_ZSt3minIlE W 0 10"))
        self.assertFalse(self.violations("lathe_gemm_f32 T 0 10", "lathe_internal_table D 0 8"))

    def test_names_of_others(self):
        self.assertTrue(self.violations("_Znwm U"))
        self.assertTrue(self.violations("__cxa_throw w"))
        self.assertFalse(self.violations("memcpy U", "lathe_fail U", "lathe_fail T 0 10"))
        self.assertTrue(self.violations("lathe_fail U"))

    def test_sections(self):
        self.assertTrue(list(runtime_symbols.check_sections("  [ 5] .init_array  INIT_ARRAY 0 48 8 00 WA 0 0 8")))
        self.assertTrue(list(runtime_symbols.check_sections("  [ 5] .tbss  NOBITS 0 48 8 00 WAT 0 0 8")))
        self.assertFalse(list(runtime_symbols.check_sections("  [ 5] .text.init_model  PROGBITS 0 48 8 00 AX 0 0 8")))


class TidyGroups(unittest.TestCase):
    def test_names_of_unnamed_namespaces(self):
        text = (
            "namespace lathe {\nnamespace {\n\n// Text.\nclass Walk final {\n  int depth_ = 0;\n};\n\nenum class Side { Left };\n\n"
            "constexpr int kLimit = 3;\nconst Row kRows[] = {\n};\nusing Table = std::map<int, std::vector<int>>;\n\n"
            "std::vector<Dim> sizes_of(const Shape& shape,\n                          int axis) {\n  call(shape);\n}\n\n"
            "struct Late;\nvoid Late::run() {}\n\n}  // namespace\n\nint outside() { return 1; }\n}  // namespace lathe\n"
        )
        self.assertEqual(tidy.unnamed_names(text), {"Walk", "Side", "kLimit", "kRows", "Table", "sizes_of", "Late"})

    def test_no_group_has_a_name_twice(self):
        def file(*names):
            return "namespace {\n" + "".join(f"int {name}() {{ return 1; }}\n" for name in names) + "}  // namespace\n"

        files = [("a", file("one", "two")), ("b", file("three")), ("c", file("two")), ("d", file("four")), ("e", "#define X\n")]
        self.assertEqual(tidy.grouped(files, 3), [["e"], ["a", "b", "d"], ["c"]])
        self.assertEqual(tidy.grouped(files[:2], 1), [["a"], ["b"]])

    def test_flags_leave_out_files(self):
        command = "c++ -I/x -DA='\"b c\"' -O2 -o a.o -c a.cpp"
        self.assertEqual(tidy.flags_of(command), ("-I/x", '-DA="b c"', "-O2"))


if __name__ == "__main__":
    unittest.main()
