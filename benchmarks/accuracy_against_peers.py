"""Interlock's errors beside the best published predictors', on public measurements that no fit of ours saw.

    INTERLOCK_DATA=/your/sets python benchmarks/accuracy_against_peers.py
    python benchmarks/accuracy_against_peers.py --data sets --json

The figures of peers are facts with a citation each in `src/interlock/data/published/peers_accuracy.toml`; ours are
computed here. `interlock validate --peers` prints the same table. Fails when a peer is better on the same kind of rows.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from interlock.evidence.store import data_folder
from interlock.validation import validate
from interlock.validation.peers import PeerRow, beside_peers, peer_predictors, peer_record


def shown(ratio: float | None) -> str:
    return "" if ratio is None else f"{100 * ratio:.1f}"


def text(rows: tuple[PeerRow, ...], seconds: float) -> str:
    lines = [f"{'set':32}{'rows':>9}{'ours %':>9}{'peer %':>9}{'reach %':>9}  {'reached':8}peer"]
    for row in rows:
        reached = {True: "yes", False: "no", None: ""}[row.reached]
        told = (shown(row.error_ratio), shown(row.peer_error_ratio), shown(row.reach_ratio))
        lines.append(f"{row.name:32}{row.predicted:>9,}{''.join(f'{each:>9}' for each in told)}  {reached:8}{row.peer}")
    return "\n".join([*lines, f"in {seconds:.0f} s"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the folder of sets, instead of INTERLOCK_DATA")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    started = time.perf_counter()
    rows = beside_peers(validate(data_folder(options.data), predictors=peer_predictors()))
    seconds = time.perf_counter() - started
    print(json.dumps([peer_record(row) for row in rows], indent=2) if options.json else text(rows, seconds))
    worse = [
        row.name
        for row in rows
        if row.peer_error_ratio is not None and row.error_ratio is not None and row.error_ratio > row.peer_error_ratio
    ]
    if worse:
        print(f"a peer is better: {', '.join(worse)}", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
