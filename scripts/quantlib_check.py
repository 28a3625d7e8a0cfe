#!/usr/bin/env python3
"""Prices and greeks of Plimsoll beside QuantLib's, and options priced per second beside QuantLib's
and vollib's.

    pip install QuantLib mpmath vollib
    python3 scripts/quantlib_check.py

Skips, and says so, where QuantLib is not installed; vollib is left out where it is not. Every
number must agree with QuantLib to 1e-9 relative. Where it does not, 60 digits of mpmath decide: far
out of the money QuantLib's normal distribution has fewer digits than that (it subtracts erf from
one), and the check passes if Plimsoll is within 1e-9 of the exact value. Greeks that change sign
are compared on the scale of their parts, below which neither has digits.

The Plimsoll side is the example `prices` of the engine, built in release mode.
"""

import itertools
import math
import os
import subprocess
import sys
import time

TOLERANCE = 1e-9
NAMES = ("price", "delta", "gamma", "vega", "theta", "rho")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

try:
    import QuantLib as ql
except ImportError:
    print("skipped: QuantLib is not installed (pip install QuantLib)")
    sys.exit(0)
try:
    import mpmath
except ImportError:
    mpmath = None


def grid():
    """Spots, strikes from a quarter to four times, volatilities, days, rates and yields."""
    strikes = (25, 50, 80, 95, 99.9, 100, 100.1, 105, 125, 200, 400)
    vols = (0.05, 0.2, 0.6, 1.0, 2.5)
    days = (0.25, 1, 7, 30, 180, 730)
    rates = ((0.0, 0.0), (0.05, 0.0), (0.03, 0.08), (-0.01, 0.02))
    for kind, strike, vol, day, carry in itertools.product(
        ("call", "put"), strikes, vols, days, rates
    ):
        yield (kind, 100_000.0, strike * 1000.0, vol, day / 365.0, *carry)


def plimsoll(options, *arguments):
    """The example's answers, one line of numbers each."""
    lines = "".join(" ".join(map(repr, o)).replace("'", "") + "\n" for o in options)
    command = ["cargo", "run", "--quiet", "--release", "-p", "plimsoll-engine"]
    command += ["--example", "prices", "--", *arguments]
    done = subprocess.run(command, input=lines, cwd=ROOT, text=True, stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit("the example `prices` failed")
    return [tuple(map(float, line.split())) for line in done.stdout.splitlines()]


def forward_and_discount(option):
    kind, spot, strike, vol, years, rate, dividend = option
    return spot * math.exp((rate - dividend) * years), math.exp(-rate * years)


def quantlib(option):
    kind, spot, strike, vol, years, rate, dividend = option
    forward, discount = forward_and_discount(option)
    side = ql.Option.Call if kind == "call" else ql.Option.Put
    payoff = ql.PlainVanillaPayoff(side, strike)
    black = ql.BlackCalculator(payoff, forward, vol * years**0.5, discount)
    return (
        black.value(),
        black.delta(spot),
        black.gamma(spot),
        black.vega(years),
        black.theta(spot, years),
        black.rho(years),
    )


def exact(option):
    """The same with 60 digits, of exactly these floats."""
    mpmath.mp.dps = 60
    kind = option[0]
    spot, strike, vol, years, rate, dividend = map(mpmath.mpf, option[1:])
    sign = 1 if kind == "call" else -1
    forward = spot * mpmath.exp((rate - dividend) * years)
    discount = mpmath.exp(-rate * years)
    deviation = vol * mpmath.sqrt(years)
    d1 = mpmath.log(forward / strike) / deviation + deviation / 2
    d2 = d1 - deviation
    below = lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2
    density = mpmath.exp(-d1 * d1 / 2) / mpmath.sqrt(2 * mpmath.pi)
    carry = mpmath.exp(-dividend * years)
    price = sign * discount * (forward * below(sign * d1) - strike * below(sign * d2))
    delta = sign * carry * below(sign * d1)
    strikes = sign * discount * strike * below(sign * d2)
    decay = spot * carry * density * vol / (2 * mpmath.sqrt(years))
    return (
        price,
        delta,
        carry * density / (spot * deviation),
        spot * carry * density * mpmath.sqrt(years),
        -decay - rate * strikes + dividend * spot * delta,
        years * strikes,
    )


def scale(option, name, values):
    """Below this a greek is the rest of a subtraction."""
    kind, spot, strike, vol, years, rate, dividend = option
    if name != "theta":
        return 0.0
    delta, vega, rho = values[1], values[3], values[5]
    parts = (vega * vol / (2 * years), rate * rho / years, dividend * spot * delta)
    return max(map(abs, parts))


def compare(options):
    ours = plimsoll(options)
    assert len(ours) == len(options), "one answer an option"
    worst, decided, failed = dict.fromkeys(NAMES, 0.0), 0, 0
    for option, mine in zip(options, ours):
        theirs = quantlib(option)
        precise = None
        for name, a, b in zip(NAMES, mine, theirs):
            size = max(abs(b), scale(option, name, theirs))
            # Both have left the range of floats: no digits to compare.
            if max(abs(a), size) < 1e-290:
                continue
            off = abs(a - b) / size if size else float("inf")
            if off > TOLERANCE and mpmath is not None:
                precise = precise or exact(option)
                true = precise[NAMES.index(name)]
                size = max(abs(true), scale(option, name, tuple(map(float, precise))))
                off, decided = float(abs(a - true) / size), decided + 1
            worst[name] = max(worst[name], off)
            if off > TOLERANCE:
                failed += 1
                print(f"{name} of {option}: ours {a!r}, QuantLib {b!r}, off by {off:.1e}")
    numbers = len(options) * len(NAMES)
    print(f"{numbers} numbers of {len(options)} options; decided by mpmath: {decided}")
    for name in NAMES:
        print(f"  {name:6} largest relative difference {worst[name]:.1e}")
    return failed


def per_second(price, options):
    """Python's own loop included: what a caller from Python gets."""
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < 1.0:
        for option in options:
            price(option)
        done += len(options)
    return done / (time.perf_counter() - start)


def speed(options):
    prices, greeks = plimsoll(options, "--speed")[0]
    print("options per second, one thread:")
    print(f"  plimsoll, price          {prices:14,.0f}")
    print(f"  plimsoll, all greeks     {greeks:14,.0f}")

    def quantlib_price(option):
        forward, discount = forward_and_discount(option)
        side = ql.Option.Call if option[0] == "call" else ql.Option.Put
        deviation = option[3] * option[4] ** 0.5
        return ql.blackFormula(side, option[2], forward, deviation, discount)

    print(f"  QuantLib, price          {per_second(quantlib_price, options):14,.0f}  from Python")
    print(f"  QuantLib, all greeks     {per_second(quantlib, options):14,.0f}  from Python")
    try:
        from vollib.black_scholes_merton import black_scholes_merton as vollib
    except ImportError as reason:
        print(f"  vollib left out: {reason}")
        return

    def vollib_price(option):
        kind, spot, strike, vol, years, rate, dividend = option
        return vollib(kind[0], spot, strike, years, rate, vol, dividend)

    print(f"  vollib, price            {per_second(vollib_price, options):14,.0f}  from Python")


def main():
    options = list(grid())
    failed = compare(options)
    speed(options)
    if failed:
        sys.exit(f"{failed} numbers differ by more than {TOLERANCE:.0e}")
    print("all agree")


if __name__ == "__main__":
    main()
