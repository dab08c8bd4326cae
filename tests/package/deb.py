"""Packs the build as Debian packages, and looks into them: names, dependencies, files, and the program as it is unpacked.

    deb.py --build FOLDER --cpack CPACK --version 0.1.0

Ends with 77 (skipped) without dpkg's tools, unless CI=true.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

# Package -> a file that it must have, and what it must depend on.
PACKAGES = {
    "lathe": (("./usr/bin/lathe", "./usr/share/man/man1/lathe.1"), ("libc6", "liblathe-runtime-dev")),
    "liblathe-runtime-dev": (("./usr/include/lathe/model.h", "./usr/lib/liblathe_runtime.a"), ()),
    "liblathe-compiler-dev": (
        ("./usr/include/lathe-compiler/compiler/compile.h", "./usr/lib/lathe/liblathe_compiler.a"),
        ("libfmt-dev", "liblathe-runtime-dev"),
    ),
}


def run(*command: object) -> str:
    words = [str(word) for word in command]
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        print(" ".join(words), result.stdout, sep="\n")
        sys.exit(f"deb.py: status {result.returncode}")
    return result.stdout


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("build", "cpack", "version"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    missing = [tool for tool in ("dpkg-deb", "dpkg-shlibdeps") if shutil.which(tool) is None]
    if missing:
        print(f"needed for this test and not found: {', '.join(missing)}")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        config = pathlib.Path(arguments.build) / "CPackConfig.cmake"
        run(arguments.cpack, "--config", config, "-G", "DEB", "-B", folder / "packages")
        packages = {path.name.split("_")[0]: path for path in (folder / "packages").glob("*.deb")}
        if packages.keys() != PACKAGES.keys():
            sys.exit(f"the packages are {sorted(packages)}, expected {sorted(PACKAGES)}")
        for name, (files, dependencies) in PACKAGES.items():
            contents = run("dpkg-deb", "-c", packages[name])
            for file in files:
                if f" {file}\n" not in contents:
                    sys.exit(f"{name} lacks {file}:\n{contents}")
            version = run("dpkg-deb", "-f", packages[name], "Version").strip()
            if version != arguments.version:
                sys.exit(f"{name} has version {version}")
            depends = run("dpkg-deb", "-f", packages[name], "Depends")
            for dependency in dependencies:
                if dependency not in depends:
                    sys.exit(f"{name} does not depend on {dependency}, but on {depends}")
            run("dpkg-deb", "-x", packages[name], folder / "root")
            print(f"{packages[name].name}: {packages[name].stat().st_size // 1024} KiB, depends on {depends.strip() or 'nothing'}")
        print(run(folder / "root/usr/bin/lathe", "--version"))


if __name__ == "__main__":
    main()
