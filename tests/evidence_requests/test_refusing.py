"""Tables that are not what they must be, made here in other projects' shapes: refused with file, column and row."""

import pytest

from interlock.errors import InputError
from interlock.evidence.sets import (
    executorch,
    gpustack_perflab,
    llm_inference_bench,
    qualcomm_ai_hub,
    serving_published,
    splitwise_sim,
    tensorrt_llm,
    vtrain,
)

MAIN = [
    "Hardware",
    "Num of Hardware",
    "Framework",
    "Model",
    "Input Output Length",
    "Batch Size",
    "Latency",
    "Throughput",
]


def run(latency=2.0, *, chip="Nvidia A100 GPU", stack="vLLM", length=100, batch=4, throughput=None, chips=1):
    sequences = 1 if stack == "llama.cpp" else batch
    rate = 2 * length * sequences / latency if throughput is None else throughput
    return [chip, chips, stack, "meta-llama/Llama-2-7b-hf", length, batch, latency, rate]


def refused(read, folder, *words):
    with pytest.raises(InputError) as error:
        read(folder)
    assert str(folder) in str(error.value)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (run(chip="Some chip"), ("Hardware, row 3", "Some chip", "a100")),
        (run(stack="Some stack"), ("Framework, row 3", "tensorrt")),
        (run(latency="fast", throughput=1), ("Latency, row 3", "fast")),
        (run(latency=-1.0), ("Latency, row 3",)),
        (run(latency="nan", throughput=1), ("Latency, row 3",)),
        (run(batch=0, throughput=1), ("Batch Size, row 3",)),
        (run(latency=2.0, throughput=0.4), ("Throughput, row 3", "400")),  # a latency in other units
        (run()[:-1], ("row 3", "8 cells")),
    ],
)
def test_a_corrupt_row_of_the_main_table(write, row, words):
    folder = write("e2e_all.csv.gz", MAIN, [run(length=50), row])
    refused(llm_inference_bench.read, folder, "e2e_all.csv.gz", *words)


def test_a_missing_column(write):
    folder = write("e2e_all.csv.gz", MAIN[1:], [run()[1:]])
    refused(llm_inference_bench.read, folder, "Hardware")


def test_a_file_that_is_none(tmp_path):
    refused(llm_inference_bench.read, tmp_path, "e2e_all.csv.gz")
    (tmp_path / "e2e_all.csv.gz").write_bytes(b"no gzip")
    refused(llm_inference_bench.read, tmp_path, "e2e_all.csv.gz")


def test_repeats_are_averaged_and_runs_cut_short_left_out(write):
    rows = [
        run(2.0),
        run(4.0),
        run(9.0, length=200),
        run(1.0, length=400),
        run(3.0, stack="llama.cpp", batch=64, chips=2),
    ]
    (main,) = llm_inference_bench.read(write("e2e_all.csv.gz", MAIN, rows))
    assert main["value"].tolist() == [3.0, 9.0, 3.0]
    assert main["chunk"].tolist() == [0.0, 0.0, 64.0]
    assert main["batch"].tolist() == [4.0, 4.0, 1.0]
    assert main["pipeline"].tolist() == [1.0, 1.0, 2.0]


def test_layouts_and_formats_that_nobody_knows(write):
    write("e2e_all.csv.gz", MAIN, [run()])
    header = [*MAIN[:6], "Parallelism Type", *MAIN[6:]]
    folder = write("tp_ep_pp.csv", header, [[*run()[:6], "XX", *run()[6:]]])
    refused(llm_inference_bench.read, folder, "tp_ep_pp.csv", "Parallelism Type, row 2")
    write("tp_ep_pp.csv", header, [[*run(chips=4)[:6], "Hybrid TP = 2 and PP = 2", *run()[6:]]])
    layouts = llm_inference_bench.read(folder)[1]
    assert (layouts["tensor"][0], layouts["pipeline"][0], layouts["expert"][0]) == (2, 2, 1)
    header = [*MAIN[:6], "kv_cache_dtype", "latency", "throughput"]
    write("quant.csv", header, [[*run()[:6], "fp8", *run()[6:]]])
    refused(llm_inference_bench.read, folder, "quant.csv", "kv_cache_dtype, row 2")
    write("quant.csv", header, [[*run()[:6], "Weight = fp8, KV Cache = int8", *run()[6:]]])
    formats = llm_inference_bench.read(folder)[2]
    assert (formats["weight_format"][0], formats["kv_format"][0]) == ("fp8-e4m3", "int8")


def test_other_sets_refuse_too(write):
    header = ["model", "gpu", "tp", "pp", "quant", "isl", "osl", "output_tokens_per_s_total"]
    good = ["Llama 3.1 8B", "H100", 1, 1, "FP8", 128, 128, 1000]
    for row, word in (
        (["Llama 9", *good[1:]], "model, row 3"),
        ([*good[:1], "H900", *good[2:]], "gpu, row 3"),
        (["Llama 3.3 70B", *good[1:-1], "many"], "output_tokens_per_s_total, row 3"),
        (good, "row 3"),
    ):
        folder = write("offline_max_throughput.csv", header, [good, row])
        refused(tensorrt_llm.read, folder, "offline_max_throughput.csv", word)
    header = [
        "model",
        "hardware",
        "prompt_size",
        "batch_size",
        "token_size",
        "prompt_time",
        "token_time",
        "tensor_parallel",
    ]
    folder = write("perf_model.csv.gz", header, [["llama2-70b", "tpu", 1, 1, 1, 1, 1, 8]])
    refused(splitwise_sim.read, folder, "perf_model.csv.gz", "hardware, row 2")
    header = ["model", "quant", "device", "prompt_tokens", "decode_tokens_per_s", "prefill_tokens_per_s"]
    folder = write("mobile_llm.csv", header, [["Llama 3 8B", "w3", "OnePlus 12", "", 10, ""]])
    refused(executorch.read, folder, "mobile_llm.csv", "quant, row 2")
    name = "nim_llama33_70b_2xh100_fp8_tp2_5000_500.csv"
    folder = write(
        name, ["concurrency", "ttft_mean_ms", "itl_mean_ms", "output_tok_s"], [[1, 400, 20, 50], [1, 9, 9, 9]]
    )
    refused(serving_published.read, folder, name, "row 3")


def test_a_training_run_whose_degrees_are_not_its_chips(write):
    header = [
        "# GPUs", "global batch", "micro batch", "hidden size", "attention heads", "# layers", "sequence length",
        "tensor parallelism", "data parallelism", "pipeline parallelism", "iteration time (ms)",
    ]  # fmt: skip
    folder = write("train_iter_single_node_a100.csv", header, [[8, 16, 1, 1024, 16, 24, 1024, 2, 2, 1, 300]])
    refused(vtrain.read, folder, "# GPUs, row 2")


def test_copies_of_one_phone_measurement_count_once(write):
    header = ["model", "precision", "device", "context_length", "ttft_min_ms", "ttft_max_ms", "tokens_per_second"]
    rows = [
        ["llama_v3_8b_instruct", "w4a16", "Snapdragon 8 Elite QRD", 4096, 150, 4800, 12.5],
        ["llama_v3_elyza_jp_8b", "w4a16", "Snapdragon 8 Elite QRD", 4096, 150, 4800, 12.5],
        ["some_unknown_model", "w4a16", "Snapdragon 8 Elite QRD", 4096, 9, 9, 9],
    ]
    (part,) = qualcomm_ai_hub.read(write("llm_perf.csv", header, rows))
    assert part["value"].tolist() == [0.15, 12.5]
    assert part["prompt"].tolist() == [128.0, 4064.0]


def test_only_plain_launch_lines_are_read(write):
    header = [
        "model", "hardware", "serve_command", "requests", "input_tokens", "output_tokens", "output_tok_s",
        "peak_concurrent",
    ]  # fmt: skip
    line = ["Qwen3-32B", "A single NVIDIA H100 SXM GPU.", "", 100, 1000, 500, 800.0, "100.00"]
    commands = [
        "vllm serve Qwen/Qwen3-32B-FP8 -tp 2 --max-model-len 32768",
        "vllm serve Qwen/Qwen3-32B --speculative-config={}",
        "vllm serve Qwen/Qwen3-14B",  # not its page's model
    ]
    rows = [[*line[:2], command, *line[3:]] for command in commands]
    rows.append([*line[:2], commands[0], *line[3:-1], "11.00"])  # never all at once
    (part,) = gpustack_perflab.read(write("vllm_bench_serve.csv", header, rows))
    assert len(part) == 1
    assert (part["tensor"][0], part["weight_format"][0], part["prompt"][0]) == (2.0, "fp8-e4m3", 10.0)
