"""Every format is read for what it says, and broken files end in one line."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from interlock.errors import InputError
from interlock.workloads.traces import read_trace, recognized

GOOD = {
    "columns.csv": "arrival_s,input_tokens,output_tokens,client\n0.5,10,5,a\n1.5,20,6,b\n",
    "azure.csv": "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,10,5\n"
    "2023-11-16 18:15:47.6805900,20,6\n",
    "burst.csv": "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,10,5,15,API log\n"
    "5,ChatGPT,9,0,9,API log\n6,GPT-4,20,6,26,API log\n",
    "vidur.csv": "num_prefill_tokens,num_decode_tokens,arrived_at\n10,5,0\n20,6,1\n",
    "mooncake.jsonl": '{"timestamp": 0, "input_length": 10, "output_length": 5, "hash_ids": [0]}\n'
    '{"timestamp": 1000, "input_length": 20, "output_length": 6, "hash_ids": [0]}\n',
    "vllm.json": json.dumps({"input_lens": [20, 10, 7], "output_lens": [6, 5, 0], "start_times": [9.0, 8.0, 9.5]}),
    "guidellm.json": json.dumps(
        {"benchmarks": [{"requests": {"successful": [
            {"prompt_tokens": 20, "output_tokens": 6, "start_time": 101.0},
            {"prompt_tokens": 10, "output_tokens": 5, "start_time": 100.0}]}}]}
    ),
    "aiperf.jsonl": "\n".join(
        json.dumps({"metadata": {"request_start_ns": start * 10**9},
                    "metrics": {"input_sequence_length": {"value": one, "unit": "tokens"},
                                "output_sequence_length": {"value": two, "unit": "tokens"}}})
        for start, one, two in ((4, 10, 5), (5, 20, 6))
    ),
    "sharegpt.json": json.dumps([{"prompt_len": 10, "output_len": 5}, {"prompt_len": 20, "output_len": 6}]),
}  # fmt: skip
TITLES = {"columns.csv": "interlock trace make", "azure.csv": "Azure LLM inference trace", "burst.csv": "BurstGPT",
          "vidur.csv": "Vidur lengths", "mooncake.jsonl": "Mooncake", "vllm.json": "vllm bench serve",
          "guidellm.json": "GuideLLM report", "aiperf.jsonl": "AIPerf records",
          "sharegpt.json": "ShareGPT lengths"}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("packed", [False, True])
def test_every_format_is_read(tmp_path: Path, name: str, packed: bool):
    path = tmp_path / (name + (".gz" if packed else ""))
    text = GOOD[name].encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    found = read_trace(path)
    assert recognized(path) == TITLES[name]
    assert (found.prompt.tolist(), found.output.tolist()) == ([10, 20], [5, 6])
    if name != "sharegpt.json":
        assert found.span_s == pytest.approx(1.0)
    assert len(found.clients) == (2 if name in ("columns.csv", "burst.csv") else 1)


def test_clients_of_servegen_become_requests(tmp_path: Path):
    (tmp_path / "x_arrivals.csv").write_text(
        "client,window_start_s,rate_req_s,cv,pattern,param1,param2\n7,0,5,1,Gamma,1,0.2\n8,0,2,2,Weibull,0.6,0.3\n"
    )
    (tmp_path / "x_length_quantiles.csv").write_text(
        "client,field,quantile,tokens\n7,input_tokens,0.01,10\n7,input_tokens,0.99,30\n"
        "7,output_tokens,0.01,5\n7,output_tokens,0.99,9\n"
    )
    found = read_trace(tmp_path / "x_arrivals.csv")
    assert found.rate == pytest.approx(7.0, rel=0.1)
    assert set(found.clients) == {"7", "8"}
    assert (found.prompt.min() >= 10, found.prompt.max() <= 30) == (True, True)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", b"", "an empty file"),
        ("a.csv", b"a,b\n1,2\n", "a trace of"),
        ("a.csv", b"arrival_s,input_tokens,output_tokens\n", "no requests"),
        ("a.csv", b"arrival_s,input_tokens,output_tokens\n0,1\n", "line 2.*2 fields"),
        ("a.csv", b"arrival_s,input_tokens,output_tokens\n0,x,1\n", "prompt that is not numbers"),
        ("a.csv", b"arrival_s,input_tokens,output_tokens\n0,1,\xff\n", "not UTF-8"),
        ("a.csv.gz", gzip.compress(b"arrival_s,input_tokens,output_tokens\n0,1,1\n")[:-9], "a file that is whole"),
        ("a.jsonl", b'{"timestamp": 0, "input_length": 1, "output_length": 1}\n{"timestamp": 1,\n', "complete JSON"),
        ("a.jsonl", b'{"timestamp": 0, "input_length": "x", "output_length": 1}\n', "line 1: input_length"),
        ("a.json", b'[{"conversations": []}]', "token counts"),
        ("a.json", b'{"hello": 1}', "a trace of"),
        ("a.csv", b"TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,1,1\n", "a time such as"),
    ],
)
def test_broken_files_end_in_one_line(tmp_path: Path, name: str, text: bytes, words: str):
    path = tmp_path / name
    path.write_bytes(text)
    with pytest.raises(InputError, match=words) as told:
        read_trace(path)
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        read_trace(tmp_path / "none.csv")
    with pytest.raises(InputError, match="a folder"):
        read_trace(tmp_path)
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(10**10)  # sparse
    with pytest.raises(InputError, match=r"10\.0 GB"):
        read_trace(tmp_path / "huge.csv")


@pytest.mark.parametrize(
    ("place", "count", "mean"),
    [
        ("azure_llm_2023/conv.csv.gz", 19_366, 1154.7),
        ("azure_llm_2023/code.csv.gz", 8_819, 2047.8),
        ("mooncake_fast25/conversation_trace.jsonl.gz", 12_031, 12_035.1),
        ("mooncake_fast25/synthetic_trace.jsonl.gz", 3_993, 15_325.5),
        ("vidur/arxiv_summarization_lengths.csv.gz", 28_257, 2588.1),
    ],
)
def test_public_traces_are_read_whole(place: str, count: int, mean: float):
    folder = os.environ.get("INTERLOCK_DATA")
    if not folder or not (Path(folder) / place).is_file():
        pytest.skip("needs INTERLOCK_DATA")
    found = read_trace(Path(folder) / place)
    assert len(found) == count
    assert found.prompt.mean() == pytest.approx(mean, abs=0.06)
