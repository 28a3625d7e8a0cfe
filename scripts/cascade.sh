#!/bin/sh
# A gap of 10 % in one market, carried out to its end, through our engine and through lrvx.
#
#     scripts/cascade.sh [POSITIONS ...]      # 1000 10000 100000 437723
#
# Liquidation, an insurance fund that is too small, and deleveraging for the rest. Both programs
# get the same positions, the same fund and the same gap; what is unequal is printed under the
# table. Ours is built here. lrvx (PyPI, the version below) is put into a Python environment of its
# own in the build folder; where there is no Python, network or package, its part is left out and
# the reason is printed. PLIMSOLL_CASCADE_RUNS says how often each is run (5); the best counts.
set -eu

LRVX=0.11.0
RUNS=${PLIMSOLL_CASCADE_RUNS:-5}
[ $# -gt 0 ] || set -- 1000 10000 100000 437723

here=$(cd "$(dirname "$0")" && pwd)
build=${CARGO_TARGET_DIR:-$here/../target}
work=$build/cascade
mkdir -p "$work"

(cd "$here/.." && cargo build --quiet --release -p plimsoll-bench)
bench=$build/release/plimsoll-bench
: > "$work/ours.jsonl"
for positions in "$@"; do
    "$bench" cascade positions "$positions" > "$work/positions-$positions.csv"
    "$bench" cascade run "$positions" "$RUNS" >> "$work/ours.jsonl"
done

ours_alone() {
    echo "lrvx is left out: $1" >&2
    cat "$work/ours.jsonl"
    exit 0
}

command -v python3 > /dev/null || ours_alone "there is no python3"
venv=$work/lrvx-$LRVX
if ! [ -x "$venv/bin/python" ]; then
    python3 -m venv "$venv" 2> "$work/venv.log" || {
        rm -rf "$venv"
        ours_alone "python3 -m venv failed, see $work/venv.log"
    }
fi
if ! "$venv/bin/python" -c "import lrvx" 2> "$work/import.log"; then
    "$venv/bin/python" -m pip install --quiet "lrvx==$LRVX" > "$work/pip.log" 2>&1 ||
        ours_alone "pip cannot install lrvx $LRVX, see $work/pip.log"
    "$venv/bin/python" -c "import lrvx" 2> "$work/import.log" ||
        ours_alone "lrvx $LRVX cannot be imported, see $work/import.log"
fi
"$venv/bin/python" "$here/cascade_lrvx.py" "$work" "$RUNS"
