"""Training as hours, energy and money, from published device-hours."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.facts import fact
from interlock.hardware import chip

CLAIM = claim(
    "Llama 2 took 184,000 (7B) and 1,720,000 (70B) GPU-hours at 400 W; about $158,000 of electricity", "the survey, III"
)
USD_PER_KWH = 0.12  # the price at which the printed sum follows


def run() -> Reproduction:
    """The four sizes at the A100's power and 12 cents; the GShard run as core-hours. GPUs only: no host, no cooling."""
    hours = sum(fact(f"llama-2-{size}-gpu-hours").value for size in ("7b", "13b", "34b", "70b"))
    energy = hours * (chip("a100-80g").tdp or 0) * 3600
    return reproduction(
        exactly("GPU-hours of four sizes", 3_311_616, hours, "h"),
        within("energy at 400 W", 1.32, energy / 3.6e12, 0.005, "GWh"),
        within("electricity at 0.12 USD a kWh", 158_000, energy / 3.6e6 * USD_PER_KWH, 0.01, "USD"),
        exactly("GShard 600B, 22.4 core-years", 196_224, round(fact("gshard-core-years").value * 8760), "core-hour"),
    )
