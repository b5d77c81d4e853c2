"""Qualcomm AI Hub: language models on the NPUs of Snapdragon phones and laptops.

departs: the first-token times run from one prompt chunk to a full context, but the upper end is exactly the lower one
         times the number of chunks: no measurement, and left out. One chunk has 128 tokens; where both ends are equal
         the prompt is the whole context. Exported graphs attend over the whole context in every step.
         Fine-tuned copies of a base model print its numbers, or another's, and are left out; so are models that no
         catalogue has in their exact shape. One w4 row prints the first-token time of its w4a16 sibling.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Measurements, spread, together, without_repeats
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table

ABOUT = About(
    title="Qualcomm AI Hub: language models on Snapdragon NPUs",
    origin="github quic/ai-hub-models at 52c080d2, qai_hub_models/models/*/perf.yaml",
    licence="BSD-3-Clause",
)
_CHIPS: Final = {
    "Snapdragon 8 Elite QRD": "snapdragon-8-elite",
    "Snapdragon 8 Elite Gen 5 QRD": "snapdragon-8-elite-gen-5",
    "Snapdragon X Elite CRD": "snapdragon-x-elite",
    "Samsung Galaxy S24": "snapdragon-8-gen-3",
    "SA8295P ADP": "sa8295p",
}
_MODELS: Final = {
    "llama_v2_7b_chat": "llama-2-7b", "llama_v3_8b_instruct": "llama-3-8b", "llama_v3_1_8b_instruct": "llama-3.1-8b",
    "llama_v3_2_1b_instruct": "llama-3.2-1b", "llama_v3_2_3b_instruct": "llama-3.2-3b",
    "mistral_7b_instruct_v0_3": "mistral-7b", "phi_3_5_mini_instruct": "phi-3.5-mini",
    "qwen2_5_1_5b_instruct": "qwen-2.5-1.5b", "qwen2_5_7b_instruct": "qwen-2.5-7b", "qwen2_7b_instruct": "qwen-2.5-7b",
}  # fmt: skip
_CHUNK: Final = 128.0
_NUMBERS: Final = ("ttft_min_ms", "ttft_max_ms", "tokens_per_second")


def read(folder: Path) -> list[Measurements]:
    """Seconds to the first token of one chunk, and the rate of decoding.

    Raises:
        InputError: a file that is not what it must be.
    """
    table = read_table(folder / "llm_perf.csv", ["model", "precision", "device", "context_length", *_NUMBERS])
    numbers = {name: table.numbers(name, minimum=1e-3, maximum=1e6) for name in _NUMBERS}
    chip = np.array([_CHIPS.get(str(name), str(name)) for name in table.text("device")])
    known = np.isin(table.text("model"), list(_MODELS))
    context = table.numbers("context_length", minimum=1)
    one_chunk = numbers["ttft_max_ms"] > numbers["ttft_min_ms"]
    both = (
        ("ttft", numbers["ttft_min_ms"] * 1e-3, np.where(one_chunk, _CHUNK, context), 1.0),
        ("tokens_per_s", numbers["tokens_per_second"], context - 32.0, 32.0),
    )
    parts = [
        Measurements(
            family="request",
            set_name="qualcomm_ai_hub",
            licence=ABOUT.licence,
            source=Source(
                kind=Evidence.MEASURED, ref="Qualcomm AI Hub, perf.yaml of each model", note="a vendor's own"
            ),
            columns=spread(
                chip=chip,
                stack="genie",
                model=np.array([_MODELS.get(str(name), str(name)) for name in table.text("model")]),
                weight_format="int4",
                activation_format=np.where(table.text("precision") == "w4a16", "bf16", "fp16"),
                kv_format="int8",
                tensor=1.0,
                pipeline=1.0,
                expert=1.0,
                data=1.0,
                batch=1.0,
                prompt=prompt,
                output=output,
                quantity=quantity,
                value=value,
                static=1.0,
            ),
        ).where(known)
        for quantity, value, prompt, output in both
    ]
    return [without_repeats(together(parts))]
