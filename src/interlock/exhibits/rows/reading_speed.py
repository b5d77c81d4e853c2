"""Reading speed: the token rate at which a reader does not wait."""

from interlock.exhibits.base import Reproduction, claim, holds, reproduction, within
from interlock.exhibits.mobile import reading_rate, token_rate

CLAIM = claim("250 words a minute reading normally, 1000 proficiently", "the mobile slides, How fast we read")
MISSING = "tokens per word measured with a stated tokenizer; 4/3 is assumed"


def run() -> Reproduction:
    """Tokens a second at 4/3 tokens a word, and the slides' argument: which models a phone reads out fast enough."""
    normal, fast = reading_rate(250), reading_rate(1000)
    return reproduction(
        within("normal reading", 5.5, normal, 0.02, "token/s"),
        within("silent reading of adults, 238 words a minute", 5.3, reading_rate(238), 0.01, "token/s"),
        within("proficient reading", 22, fast, 0.02, "token/s"),
        holds("7B at INT8 and 65 % suffices for normal reading", token_rate(7, "int8", 0.65) > normal),
        holds("7B at INT4 and 100 % just misses proficient reading", 0.95 * fast < token_rate(7, "int4") < fast),
    )
