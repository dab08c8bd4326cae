// Imports: the library, files beside the program and never outside of its folder, cycles, modules nobody knows.
#include <gtest/gtest.h>

#include "tests/unit/torch/python/evaluator_helper.h"

namespace lathe::torch {
namespace {

using Lines = std::vector<std::string>;

TEST(EvaluatorImports, NamesOfTheLibraryInEverySpelling) {
  const Outcome outcome =
      run("import lab\n"
          "import lab.deep\n"
          "import lab.deep as d\n"
          "from lab import deep, twice as t, Layer\n"
          "from lab.deep import *\n"
          "print(lab.deep.answer, d.answer, deep.answer, t(4), Layer.__name__, answer, d is lab.deep)\n"
          "import math\n"
          "print(math.sqrt(16))\n");
  EXPECT_EQ(outcome.faults, Lines{});
  EXPECT_EQ(outcome.printed, "42 42 42 8 Layer 42 True\n4.0\n");
}

TEST(EvaluatorImports, FilesBesideTheProgram) {
  const Program program;
  program.add_file("parts.py", "import lab\n_hidden = 1\nwidth = 3\ndef block(n): return n * width\n");
  program.add_file("blocks/__init__.py", "from .common import scale\nname = __name__\n");
  program.add_file("blocks/common.py", "from ..parts import width\nscale = width * 10\n");
  program.add_file("blocks/deep/leaf.py", "from blocks import scale\nleaf = scale + 1\n");
  program.add_file("listed.py", "__all__ = ['one']\none = 1\ntwo = 2\n");
  const Outcome outcome = program.run(
      "from parts import *\n"
      "from .parts import block as b\n"
      "import blocks.common\n"
      "import blocks.deep.leaf as leaf\n"
      "from blocks import common, scale, name\n"
      "from listed import *\n"
      "from . import parts\n"
      "print(block(2), b(3), lab.deep.answer, blocks.common.scale, leaf.leaf, common.scale, scale, name, one)\n"
      "parts.width = 7\n"
      "print(b(1))\n"
      "print('two' in dir() if False else 'ok')\n"
      "x = _hidden\n"
      "y = two\n");
  EXPECT_EQ(outcome.printed, "6 9 42 30 31 30 30 blocks 1\n7\nok\n");
  EXPECT_EQ(outcome.faults.size(), 2u);
}

TEST(EvaluatorImports, Cycles) {
  const Program program;
  program.add_file("a.py", "import b\nx = 1\ndef f(): return b.y\n");
  program.add_file("b.py", "import a\ny = 2\ndef g(): return a.x\n");
  const Outcome outcome = program.run("import a, b\nprint(a.f(), b.g())\n");
  EXPECT_EQ(outcome.faults, Lines{});
  EXPECT_EQ(outcome.printed, "2 1\n");
}

TEST(EvaluatorImports, FaultsOfImportedFilesAreShownThere) {
  const Program program;
  program.add_file("broken.py", "x = (1\n");
  program.add_file("wrong.py", "x = nothing\n");
  const Outcome outcome = program.run("import broken\ny = broken.x\nimport wrong\nz = wrong.x\nprint('end')\n");
  ASSERT_EQ(outcome.faults.size(), 2u);
  EXPECT_EQ(outcome.faults[0].substr(0, 16), "LT0101 broken.py");
  EXPECT_EQ(outcome.faults[1], "LT0502 wrong.py:1:5 the name `nothing` is not defined");
  EXPECT_EQ(outcome.printed, "end\n");
}

TEST(EvaluatorImports, NothingOutsideOfTheFolderIsRead) {
  const Program program;
  program.add_file("secret.py", "print('read')\nx = 1\n");
  program.add_file("inner/real.py", "y = 2\n");
  std::filesystem::create_symlink(program.folder() / "secret.py", program.folder() / "inner/linked.py");
  std::filesystem::create_directory_symlink(program.folder(), program.folder() / "inner/up");
  program.add_file("inner/main.py", "");
  // The program's folder is `inner`: run it from there.
  LocationTable locations;
  SymbolTable symbols;
  BoxHost host;
  Evaluator evaluator(locations, symbols, host, standard_library());
  program.add_file(
      "inner/main.py",
      "import linked\nfrom .. import secret\nfrom ..secret import x\nimport up.secret\nfrom real import y\n"
      "print(y)\n");
  Diagnostics diagnostics;
  EXPECT_TRUE(evaluator.run_file((program.folder() / "inner/main.py").string(), diagnostics).ok());
  EXPECT_EQ(evaluator.printed(), "2\n");
}

TEST(EvaluatorImports, ATryAroundAnUnknownModuleSeesAnImportError) {
  const Outcome outcome =
      run("try:\n"
          "  from apex import amp\n"
          "  fast = True\n"
          "except ImportError:\n"
          "  fast = False\n"
          "import apex\n"
          "print(fast)\n");
  EXPECT_EQ(outcome.faults, Lines{});
  EXPECT_EQ(outcome.printed, "False\n");
}

TEST(EvaluatorImports, AFileThatIsNotThere) {
  Diagnostics diagnostics;
  LocationTable locations;
  SymbolTable symbols;
  BoxHost host;
  Evaluator evaluator(locations, symbols, host, standard_library());
  EXPECT_FALSE(evaluator.run_file("/nowhere/net.py", diagnostics).ok());
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].kind, DiagnosticKind::FileNotReadable);
}

}  // namespace
}  // namespace lathe::torch
