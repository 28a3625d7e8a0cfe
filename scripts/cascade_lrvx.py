"""The gap of scripts/cascade.sh through lrvx, and the table of both.

lrvx has two ways to hold positions: `open_position`, one row a position, and `Account`, a
cross-margin account each. The first erases every closed row from the middle of one array, so its
time grows with the square of the positions; it is run once where it takes long. The second is
quick to walk, but `attach_account` compares each account with all before it, so setting up takes
long; setting up is not in any program's time here.
"""

import csv
import importlib.metadata
import json
import platform
import sys
import time

import lrvx

ENTRY, AFTER, SYMBOL = 2000.0, 1800.0, 1
LONG_RUN_SECONDS = 2.0

UNEQUAL = """\
Unequal:
* lrvx closes a liquidated position at the mark and asks nobody to take it: open interest is no
  longer balanced. Its fund pays deficits and holds nothing. Its deleveraging closes winners whole
  until the rest of the deficit is absorbed. Ours hands every liquidated position on at its
  bankruptcy price, in full: to the fund while that has margin, else to counterparties, who are
  ranked again after each. So ours deleverages the more, and for another reason.
* lrvx returns the numbers of the accounts and sums. Ours keeps a case, a ledger entry for every
  movement of money and an event for every step, can take the whole command back, and is audited
  after every run (outside the time).
* lrvx counts in doubles beside fixed-point balances; ours in integers, with named rounding.
* lrvx looks at every account at every price; ours only at those its watch has reached. In one gap
  in one market that hardly helps: two fifths of the accounts are due.
* lrvx is called from Python, one call for the whole gap; its loop is C++."""


def read(path):
    with open(path, newline="") as file:
        return [(float(row["size"]), float(row["collateral"])) for row in csv.DictReader(file)]


def engine(fund):
    new = lrvx.LiquidationEngine()
    new.add_tier(0.0, 0.03)
    new.set_liquidation_slippage_bps(0.0)
    new.set_insurance_fund_capital(fund)
    new.set_adl_enabled(True)
    new.set_adl_ranking("binance")  # profit times leverage, as Kuma's queue
    return new


def by_positions(rows, fund):
    new = engine(fund)
    for number, (size, collateral) in enumerate(rows):
        new.open_position(number + 1, SYMBOL, size, ENTRY, collateral)
    return new, ()


def by_accounts(rows, fund):
    new, kept = engine(fund), []
    for number, (size, collateral) in enumerate(rows):
        account = lrvx.Account(number + 1, collateral)
        account.open_position(SYMBOL, size, ENTRY)
        new.attach_account(account)
        kept.append(account)  # the engine only borrows them
    return new, kept


def measure(build, rows, fund, runs):
    times, outcome = [], None
    for _ in range(runs):
        new, kept = build(rows, fund)
        start = time.perf_counter()
        outcome = new.on_mark(SYMBOL, AFTER)
        times.append(time.perf_counter() - start)
        del new, kept
        if times[-1] > LONG_RUN_SECONDS:
            break
    return min(times) * 1e3, outcome


def show(milliseconds):
    return f"{milliseconds:.2f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f} s"


def main(folder, runs):
    with open(f"{folder}/ours.jsonl") as file:
        all_ours = [json.loads(line) for line in file]
    version = importlib.metadata.version("lrvx")
    print(f"{all_ours[0]['machine']}; lrvx {version}, Python {platform.python_version()}; best of {runs}")
    print()
    print("| positions | liquidated | ours | lrvx accounts | ratio | lrvx positions | ratio | deleveraged: ours, lrvx |")
    print("|---|---|---|---|---|---|---|---|")
    for ours in all_ours:
        rows = read(f"{folder}/positions-{ours['positions']}.csv")
        cells = [f"{ours['positions']:,}", "", show(ours["best_ms"])]
        for build in (by_accounts, by_positions):
            # Accounts take minutes to attach when there are many: fewer runs there.
            tries = runs if len(rows) <= 100_000 else min(runs, 2)
            best, outcome = measure(build, rows, ours["fund"], tries)
            same = outcome["liquidations_count"] == ours["liquidated"]
            cells[1] = f"{ours['liquidated']:,}" if same else f"{ours['liquidated']:,} ({outcome['liquidations_count']:,})"
            cells += [show(best), f"{best / ours['best_ms']:.2f} x"]
        cells.append(f"{ours['deleveraged']:,}, {outcome['adl_closeouts_count']:,}")
        print("| " + " | ".join(cells) + " |", flush=True)
    print()
    print(UNEQUAL)


main(sys.argv[1], int(sys.argv[2]))
