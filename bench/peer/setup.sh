#!/usr/bin/env bash
# Makes a Python environment with ONNX Runtime, the peer that benchmarks compare with: setup.sh FOLDER
# Returns at once when it is there. Nothing is installed outside of FOLDER.
set -euo pipefail
readonly folder="$1" version=1.32.0
[[ -x "$folder/bin/python" ]] && "$folder/bin/python" -c "import onnxruntime" 2>/dev/null && exit 0
echo "installing onnxruntime $version into $folder" >&2
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "onnxruntime==$version" numpy
