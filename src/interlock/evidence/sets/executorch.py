"""ExecuTorch: small Llama models on the CPUs of phones.

departs: the Galaxy S22 has no entry in the catalogue; its rows carry a name of their own and are not predicted.
         Prefill is given as tokens a second, which has more digits than the printed time to the first token.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError
from interlock.evidence.measurement import Measurements, spread, together
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import Table, read_table, refuse_duplicates

ABOUT = About(
    title="ExecuTorch: Llama on phones, CPU (XNNPACK with KleidiAI)",
    origin="github pytorch/executorch at 00748569, examples/models/llama/README.md",
    licence="BSD-3-Clause",
)
Floats = NDArray[np.float64]
_CHIPS: Final = {"OnePlus 12": "snapdragon-8-gen-3", "Galaxy S24": "snapdragon-8-gen-3", "Galaxy S22": "galaxy-s22"}
_OUTPUT: Final = 64.0  # tokens after the prompt; the README does not say, and decoding at these lengths hardly cares


def read(folder: Path) -> list[Measurements]:
    """Rates of decoding, and seconds to the first token of 64 where printed.

    Raises:
        InputError: a file that is not what it must be.
    """
    table = read_table(
        folder / "mobile_llm.csv",
        ["model", "quant", "device", "prompt_tokens", "decode_tokens_per_s", "prefill_tokens_per_s"],
    )
    refuse_duplicates(table.where, {name: table.text(name) for name in ("model", "quant", "device")})
    prompt = table.numbers("prompt_tokens", minimum=1, default=64.0)
    prefill = table.numbers("prefill_tokens_per_s", minimum=0.1, default=np.inf, maximum=np.inf)
    rate = table.numbers("decode_tokens_per_s", minimum=0.1, maximum=1e4)
    first = _part(table, "ttft", prompt / prefill, prompt, np.ones(len(table)))
    return [
        together(
            [
                first.where(np.isfinite(prefill)),
                _part(table, "tokens_per_s", rate, prompt, np.full(len(table), _OUTPUT)),
            ]
        )
    ]


def _part(table: Table, quantity: str, value: Floats, prompt: Floats, output: Floats) -> Measurements:
    weight = [_weight(table, row, str(text)) for row, text in enumerate(table.text("quant"))]
    device = [re.sub(r" \(.*", "", str(name)) for name in table.text("device")]
    return Measurements(
        family="request",
        set_name="executorch",
        licence=ABOUT.licence,
        source=Source(kind=Evidence.MEASURED, ref="ExecuTorch, README of the Llama example", note="its authors' own"),
        columns=spread(
            chip=np.array([_CHIPS.get(name, name) for name in device]),
            stack="executorch",
            model=np.array([str(name).lower().replace(" ", "-") for name in table.text("model")]),
            weight_format=np.array(weight),
            activation_format=np.array(["bf16" if name == "bf16" else "int8" for name in weight]),
            kv_format="bf16",
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
            part=np.array([f"{name}, {text}" for name, text in zip(device, table.text("quant"), strict=True)]),
        ),
    )


def _weight(table: Table, row: int, text: str) -> str:
    if text == "bf16":
        return text
    found = re.match(r"w4a8 g(\d+)", text)
    if found is None:
        raise InputError(table.where, repr(text), "bf16 or w4a8 with its group", f"quant, row {table.rows[row]}")
    return f"int4-g{found[1]}"
