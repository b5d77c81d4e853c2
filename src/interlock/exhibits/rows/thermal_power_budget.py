"""Thermal budget: a phone's burst rate falls to what its case can carry away."""

import itertools

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction, within

CLAIM = claim("typically under 10 W, thermal throttling", "the mobile slides, More limitations")

# Assumed, of the order of published ten-minute runs that lose a third of their rate: 13 W flat out, 3 W idle and
# screen, 25 C around, 45 C allowed, 2 K a watt to the air, 120 J a kelvin. Power follows the cube of the clock.
BURST_W, REST_W, AROUND, CAP, RESISTANCE, CAPACITY = 13.0, 3.0, 25.0, 45.0, 2.0, 120.0


def simulate(seconds: float, step: float = 0.5) -> tuple[list[float], list[float]]:
    """Relative clock and temperature over time: the largest clock that does not pass the cap in the next step."""
    temperature, clocks, temperatures = AROUND, [], []
    for _ in range(int(seconds / step)):
        room = (CAP - temperature) * CAPACITY / step + (temperature - AROUND) / RESISTANCE
        clock = min(1.0, max(room - REST_W, 0.0) / (BURST_W - REST_W)) ** (1 / 3)
        power = REST_W + (BURST_W - REST_W) * clock**3
        temperature += step / CAPACITY * (power - (temperature - AROUND) / RESISTANCE)
        clocks.append(clock)
        temperatures.append(temperature)
    return clocks, temperatures


def run() -> Reproduction:
    """One resistance and one capacity: burst, knee, steady state at (cap - around) / resistance watts."""
    clocks, temperatures = simulate(1200)
    steady = (((CAP - AROUND) / RESISTANCE - REST_W) / (BURST_W - REST_W)) ** (1 / 3)
    knee = sum(clock == 1.0 for clock in clocks) * 0.5
    closed = -RESISTANCE * CAPACITY * np.log(1 - (CAP - AROUND) / (BURST_W * RESISTANCE))
    return reproduction(
        exactly("rate of the first second, of the burst", 1, clocks[0]),
        within("sustained rate, from the steady state", steady, clocks[-1], 0.001),
        within("time to the knee: -R C ln(1 - cap / (R P))", closed, knee, 0.01, "s"),
        below("hottest", CAP + 1e-9, max(temperatures), "C"),
        holds("the rate never rises again", all(a >= b - 1e-12 for a, b in itertools.pairwise(clocks))),
        within(
            "sustained power", (CAP - AROUND) / RESISTANCE, REST_W + (BURST_W - REST_W) * clocks[-1] ** 3, 0.001, "W"
        ),
    )
