#!/usr/bin/env bash
# Make .gpu/, the folder that travels to a GPU machine with the checkout: me5-small cut to the texts and split, the data,
# and wheels for Python 3.12 of packages that such a machine may lack. Usage: tools/gpu/prepare.sh DATA_DIRECTORY
# Needs the environment of `make test` (PYTHON=… for another one). DATA_DIRECTORY holds sib200.tsv.xz, banking77.tsv.xz.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ $# -ne 1 ]; then
  echo "usage: tools/gpu/prepare.sh DATA_DIRECTORY (with sib200.tsv.xz and banking77.tsv.xz; docs/tasks.md)" >&2
  exit 2
fi
python=${PYTHON:-.venv/bin/python}
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
# Small ones that the runner or the kit imports, with what they import. What is installed there is not replaced.
for name in accelerate peft nvidia-ml-py pyyaml rich markdown-it-py mdurl pygments; do
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$wheels" \
    --constraint requirements.lock \
    --python-version 3.12 --implementation cp --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 \
    --platform manylinux2014_x86_64 "$name"
done
"$python" -m tools.gpu.prepare --data "$1" --wheels "$wheels"
