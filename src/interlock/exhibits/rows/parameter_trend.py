"""A decade of sizes: up by a factor of ten thousand, then small ones again; disclosed and undisclosed apart."""

import numpy as np

from interlock.exhibits.base import Reproduction, above, claim, exactly, holds, reproduction, within
from interlock.exhibits.convolutional import parameters as convolutional
from interlock.exhibits.facts import table
from interlock.exhibits.model_size import parameters

CLAIM = claim(
    "on device tens of millions growing to 1 to 10 billion; cloud hundreds of billions to a trillion",
    "the mobile slides",
)
MISSING = "the plot"
YEARS = {"gpt1": 2018, "bert-large": 2018, "gpt2-xl": 2019, "t5-11b": 2019, "gpt3-175b": 2020, "switch-c-2048": 2021,
         "palm-540b": 2022, "opt-175b": 2022, "llama-65b": 2023, "llama-2-7b": 2023, "phi-2": 2023,
         "mixtral-8x7b": 2023, "llama-3.1-405b": 2024, "llama-3.2-1b": 2024, "deepseek-v3": 2024}  # fmt: skip


def run() -> Reproduction:
    """Sizes of the catalogue by year, each disclosed; the largest grow, and a small one appears beside them."""
    sizes = {name: parameters(name) for name in YEARS}
    largest = {year: max(s for n, s in sizes.items() if YEARS[n] == year) for year in sorted(set(YEARS.values()))}
    smallest = {year: min(s for n, s in sizes.items() if YEARS[n] == year) for year in largest}
    first = [year for year in largest if year <= 2022]
    slope = float(np.polyfit(first, [np.log10(largest[year]) for year in first], 1)[0])
    return reproduction(
        exactly("AlexNet, 2012, where the trend starts", 61_100_840, convolutional("alexnet")),
        within("factor a year of the largest, 2018 to 2022", 10.0, 10**slope, 0.5),
        above("largest of 2021 over AlexNet", 1e4, largest[2021] / convolutional("alexnet")),
        holds("by 2024 there are models of a billion again", smallest[2024] < 2e9 < smallest[2020]),
        exactly("models that are kept out because nobody disclosed them", 8, len(table("undisclosed"))),
    )
