"""How fast Interlock's quantizers are, and how well they do, beside those that a user would pick, layer by layer.

    python benchmarks/quantization_speed.py --model smollm2-135m --peer .venv-peers/bin/python

The peers (torchao's round to nearest, HQQ and AWQ search; hqq; llm-compressor's GPTQ) run in an environment of their
own: `python -m venv .venv-peers` and `.venv-peers/bin/pip install torch torchao hqq llmcompressor`; those that are not
there are left out. torchao's own GPTQ needs CUDA. Both sides get the same weights and inputs of the same layers, and
one thread; the claim is the ratio of CPU seconds beside that of the errors tr(dW H dW^T) that both leave. Reading the
model and calibrating, which cost everyone the same, are not counted, nor is a first layer that warms up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import torch
from quantization_peers import PEERS
from safetensors.torch import save_file
from torch import Tensor, nn

from interlock.lab.corpus import evaluation_text
from interlock.lab.models.named import find_model
from interlock.lab.quality.study import Settings, calibration_of
from interlock.surgery.activation_aware import best_factor
from interlock.surgery.decoder import blocks, linears_of
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.half_quadratic import half_quadratic_store
from interlock.surgery.rounding import optimal_store
from interlock.surgery.statistics import InputStatistics, objective
from interlock.surgery.stores import IntegerStore

GROUP = 64
Quantizer = Callable[[Tensor, Tensor, Tensor], Tensor]  # weight, Hessian, inputs to what the weight became
OURS: dict[str, Quantizer] = {
    "rtn": lambda w, h, x: IntegerStore.nearest(w, symmetric()).dequantize(),
    "rtn-asym": lambda w, h, x: IntegerStore.nearest(w, asymmetric()).dequantize(),
    "hqq": lambda w, h, x: half_quadratic_store(w, asymmetric()).dequantize(),
    "awq": lambda w, h, x: aware(w, h, x),
    "gptq": lambda w, h, x: optimal_store(w, h, symmetric(), act_order=False).dequantize(),
    "gptq-order": lambda w, h, x: optimal_store(w, h, symmetric()).dequantize(),
}


def symmetric() -> IntegerGrid:
    """4 bits in groups."""
    return IntegerGrid(bits=4, group_size=GROUP)


def asymmetric() -> IntegerGrid:
    """4 bits in groups with a zero point."""
    return IntegerGrid(bits=4, group_size=GROUP, symmetric=False)


def aware(weight: Tensor, hessian: Tensor, inputs: Tensor) -> Tensor:
    """The best of 20 factors, and the weights rounded with it."""
    factor = best_factor(weight, hessian, inputs.abs().mean(0), symmetric(), 20)
    return IntegerStore.nearest(weight * factor, symmetric()).dequantize() / factor


def layers_of(name: str, tokens: int, wanted: list[int]) -> dict[str, tuple[Tensor, Tensor]]:
    """Weights and inputs of the linear layers of some blocks."""
    folder = find_model(name)
    model: Any = folder.load()
    data = calibration_of(
        evaluation_text(None), folder.tokenizer(), min(256, folder.context()), Settings(calibration_tokens=tokens)
    )
    found: dict[str, tuple[Tensor, Tensor]] = {}

    def keep(name: str, layer: nn.Module, args: tuple[Tensor, ...]) -> None:
        weight: Any = layer.weight
        found[name] = (weight.detach().clone(), args[0].reshape(-1, args[0].shape[-1]).clone())

    every = blocks(model)
    for place in wanted:
        for name, layer in linears_of(every[place]).items():
            layer.register_forward_pre_hook(lambda layer, args, name=name: keep(name, layer, args))
    with torch.no_grad():
        model.base_model(data.tokens, use_cache=False)
    return found


def measured(quantizer: Quantizer, layers: list[tuple[Tensor, Tensor, Tensor]]) -> tuple[float, list[Tensor]]:
    """CPU seconds of all layers, and what became of the weights."""
    weight, inputs, hessian = layers[0]
    quantizer(weight, hessian, inputs)
    began, made = process_time(), []
    for weight, inputs, hessian in layers:
        made.append(quantizer(weight, hessian, inputs))
    return process_time() - began, made


def error(layers: list[tuple[Tensor, Tensor, Tensor]], made: list[Tensor]) -> float:
    """Squared error of the outputs over the squared outputs, summed over layers."""
    left = sum(objective(new - weight, hessian) for (weight, _, hessian), new in zip(layers, made, strict=True))
    return left / sum(objective(weight, hessian) for weight, _, hessian in layers)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--model", default="interlock-2.8m")
    arguments.add_argument("--tokens", type=int, default=4096, help="to calibrate on")
    arguments.add_argument("--blocks", default="0,2", help="places of the blocks whose layers are quantized")
    arguments.add_argument("--peer", type=Path, help="the Python of an environment that has the peers")
    arguments.add_argument("--json", type=Path, help="where to write the figures")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    found = layers_of(options.model, options.tokens, [int(place) for place in options.blocks.split(",")])
    layers = []
    for weight, inputs in found.values():
        statistics = InputStatistics(inputs.shape[1])
        statistics.add(inputs)
        layers.append((weight, inputs, statistics.hessian))
    ours = {name: measured(quantizer, layers) for name, quantizer in OURS.items()}
    rows = [
        (f"interlock {name}", name, "interlock", spent, error(layers, made)) for name, (spent, made) in ours.items()
    ]
    if options.peer:
        rows += peers_of(options.peer, layers)
    print(
        f"{len(layers)} layers of {options.model}, 4 bits in groups of {GROUP}, {options.tokens:,} tokens, one thread"
    )
    print(f"{'':44s}{'CPU s':>9s}{'error':>11s}{'slower':>9s}{'worse':>8s}   than interlock")
    by_name = {name: (spent, left) for _, name, who, spent, left in rows if who == "interlock"}
    for label, name, who, spent, left in rows:
        beside = "" if who == "interlock" else f"{spent / by_name[name][0]:9.2f}{left / by_name[name][1]:8.3f}   {name}"
        print(f"{label:44s}{spent:9.2f}{left:11.2e}{beside}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


def peers_of(python: Path, layers: list[tuple[Tensor, Tensor, Tensor]]) -> list[tuple[str, str, str, float, float]]:
    """The peers' CPU seconds and errors, from a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        given, back = Path(folder) / "given.safetensors", Path(folder) / "back"
        save_file({f"{i}.{part}": tensor.contiguous() for i, layer in enumerate(layers)
                   for part, tensor in zip(("weight", "inputs", "hessian"), layer, strict=True)}, given)  # fmt: skip
        script = Path(__file__).with_name("quantization_peers.py")
        rows = []
        for peer in PEERS:
            done = subprocess.run([python, "-W", "ignore", script, peer, given, back], capture_output=True, text=True)
            if done.returncode:
                print(f"{peer}: left out ({done.stderr.strip().splitlines()[-1][:100]})", file=sys.stderr)
                continue
            made = torch.load(back)
            spent = json.loads(done.stdout.strip().splitlines()[-1])
            rows.append((peer, PEERS[peer], "peer", spent, error(layers, made)))
        return rows


if __name__ == "__main__":
    sys.exit(main())
