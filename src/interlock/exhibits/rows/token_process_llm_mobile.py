"""A text model on phones: the first token in time and reading speed, met or missed by phone, model and format."""

from interlock import api
from interlock.exhibits.base import Reproduction, above, claim, exactly, holds, reproduction
from interlock.exhibits.mobile import reading_rate

CLAIM = claim("prompt tokens in, output tokens at reading rate", "the mobile slides, token process of LLM")
PHONES = ("apple-a17-pro", "snapdragon-8-gen-3", "dimensity-9300")
MODELS = ("llama-3.2-1b", "llama-3.2-3b", "llama-3-8b")
FORMATS = ("bf16", "int8", "int4-g128")
FIRST_TOKEN_S, PROMPT, OUTPUT = 2.0, 128, 128


def verdict(phone: str, name: str, weight: str) -> str:
    """ "met", or what is missed first: memory, first token, reading speed."""
    e = api.estimate(name, phone, weight_format=weight, prompt=PROMPT, output=OUTPUT)
    if not e.feasible or e.spilled_bytes > 0:
        return "memory"
    if e.ttft_s > FIRST_TOKEN_S:
        return "first token"
    return "met" if 1 / e.tpot_s >= reading_rate(250) else "reading speed"


def run() -> Reproduction:
    """27 combinations with a verdict each; fewer bits never turn a met target into a missed one."""
    found = {(p, m, w): verdict(p, m, w) for p in PHONES for m in MODELS for w in FORMATS}
    order = all(
        found[p, m, narrow] == "met"
        for p in PHONES
        for m in MODELS
        for wide, narrow in (("bf16", "int8"), ("int8", "int4-g128"))
        if found[p, m, wide] == "met"
    )
    return reproduction(
        exactly("combinations judged", 27, len(found)),
        above("of them met", 14, sum(value == "met" for value in found.values()), "of 27"),
        holds(
            "1B at 4 bits meets reading speed on every phone",
            all(found[p, MODELS[0], "int4-g128"] == "met" for p in PHONES),
        ),
        holds("8B at 16 bits meets it on none", all(found[p, MODELS[2], "bf16"] != "met" for p in PHONES)),
        holds("fewer bits never turn met into missed", order),
    )
