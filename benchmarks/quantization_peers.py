"""One peer of `quantization_speed.py`: quantizes given layers in an environment of its own, prints its CPU seconds.

python benchmarks/quantization_peers.py NAME given.safetensors back.pt
"""

from __future__ import annotations

import json
import sys
from time import process_time

GROUP = 64
PEERS = {
    "torchao, round to nearest": "rtn",
    "torchao, HQQ (scales only)": "hqq",
    "torchao, AWQ (search of scales)": "awq",
    "hqq": "hqq",
    "llm-compressor, GPTQ": "gptq",
    "llm-compressor, GPTQ, activation order": "gptq-order",
}  # and which of ours it stands beside


def torchao(algorithm):
    import torch
    from torchao.quantization import IntxWeightOnlyConfig, PerGroup, quantize_
    from torchao.quantization.quantize_.workflows import IntxChooseQParamsAlgorithm

    how = {} if algorithm is None else {"intx_choose_qparams_algorithm": getattr(IntxChooseQParamsAlgorithm, algorithm)}
    config = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(GROUP), **how)

    def rounded(weight):
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        layer.weight.copy_(weight)
        quantize_(layer, config)
        return layer.weight.dequantize()

    return config, rounded


def quantizer(name):
    """A function of weight, Hessian and inputs."""
    import torch

    if name.startswith("torchao, AWQ"):
        from torchao.prototype.awq.core import AWQObserver

        config, rounded = torchao(None)

        def aware(weight, hessian, inputs):
            observer = AWQObserver(weight, None, config, 20)
            observer(inputs, None)
            scales = observer.calculate_qparams()
            return rounded(weight * scales) / scales

        return aware
    if name.startswith("torchao"):
        _, rounded = torchao("HQQ_SCALE_ONLY" if "HQQ" in name else None)
        return lambda weight, hessian, inputs: rounded(weight)
    if name == "hqq":
        from hqq.core.quantize import Quantizer

        def half_quadratic(weight, hessian, inputs):
            found, about = Quantizer.quantize(
                weight, nbits=4, channel_wise=True, group_size=GROUP, optimize=True, axis=1, device="cpu",
                compute_dtype=torch.float32,
            )  # fmt: skip
            return Quantizer.dequantize(found, about)

        return half_quadratic
    return compressor("static" if "order" in name else None)


def compressor(order):
    """llm-compressor's function for one layer, with the scales that its own observer finds."""
    import torch
    from compressed_tensors.quantization import QuantizationArgs
    from compressed_tensors.quantization.utils import calculate_qparams
    from llmcompressor.modifiers.gptq.gptq_quantize import quantize_weight

    given = QuantizationArgs(num_bits=4, type="int", symmetric=True, strategy="group", group_size=GROUP, actorder=order)

    def second_order(weight, hessian, inputs):
        grouped = weight.view(len(weight), -1, GROUP)
        scale, zero = calculate_qparams(grouped.amin(2), grouped.amax(2), given)
        made = quantize_weight(
            weight.clone()[None], hessian.clone()[None], scale[None], zero[None], None, given, blocksize=128,
            percdamp=0.01,
        )  # fmt: skip
        return made[0][0].to(torch.float32)

    return second_order


def main():
    import torch
    from safetensors.torch import load_file

    name, given, back = sys.argv[1:]
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    tensors = load_file(given)
    count = len(tensors) // 3
    layers = [[tensors[f"{i}.{part}"] for part in ("weight", "hessian", "inputs")] for i in range(count)]
    run = quantizer(name)
    run(*layers[0])
    began = process_time()
    made = [run(*layer) for layer in layers]
    spent = process_time() - began
    torch.save([each.clone().contiguous() for each in made], back)
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
