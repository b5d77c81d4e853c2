"""Speculative execution on a device: the large model reads its weights once for every batch of drafts."""

from dataclasses import replace

from interlock.exhibits.base import Reproduction, above, claim, holds, reproduction, within
from interlock.exhibits.drafting import Drafted, decode
from interlock.exhibits.engine import disturbed, sample
from interlock.exhibits.tiny_decoder import Floats, TinyDecoder

CLAIM = claim("the full model loads its parameters once for every verified batch", "the mobile slides")
COUNT, DRAFTS = 80, 4


class Counted(dict[str, "Floats"]):
    """The weights of a layer, counting the bytes that are asked for."""

    read = 0

    def __getitem__(self, name: str) -> Floats:
        """A matrix, which somebody reads."""
        found = super().__getitem__(name)
        Counted.read += found.nbytes
        return found


def bytes_read(full: TinyDecoder, small: TinyDecoder, prompt: list[int], drafts: int) -> tuple[int, Drafted]:
    """Weight bytes of the full model's layers that an answer reads, its prompt's reading off, and the answer."""
    counted = replace(full, layers=tuple(Counted(layer) for layer in full.layers))
    Counted.read = 0
    found = decode(counted, small, prompt, COUNT, most=drafts)
    per_pass = sum(weights.nbytes for layer in full.layers for weights in layer.values())
    return Counted.read - per_pass, found


def run() -> Reproduction:
    """Weight bytes of the full model a token, by itself and verifying drafts, over several texts."""
    full, prompts, *_ = sample()
    small = disturbed(full, 0.1)
    plain = [bytes_read(full, small, prompt, 0) for prompt in prompts]
    found = [bytes_read(full, small, prompt, DRAFTS) for prompt in prompts]
    texts = [full.generate(prompt, COUNT, cached=True)[0] for prompt in prompts]
    passes, kept = sum(one.passes for _, one in found), sum(one.kept for _, one in found)
    made = passes + kept  # the last pass may make more than was asked for
    alone = sum(count for count, _ in plain) / (COUNT * len(prompts))
    drafted = sum(count for count, _ in found) / made
    return reproduction(
        holds(
            "texts are those of the full model", all([one.text for _, one in runs] == texts for runs in (plain, found))
        ),
        within(
            "counted weight bytes a token fall by the accepted length and one", 1 + kept / passes, alone / drafted, 1e-6
        ),
        above("tokens that one reading of the weights gives", 2.0, alone / drafted),
    )
