"""A few results of every kind, made once: ordinary, infeasible, without prices, without a decode phase."""

import pytest

from interlock import api

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="session")
def plan():
    return api.plan("llama-3.1-8b", chips=["h100-sxm", "l40s", "mi300x"], workload="chat", tpot="50ms", max_chips=4)


@pytest.fixture(scope="session")
def infeasible():
    return api.plan("llama-3.1-405b", chips=["t4", "l4"], workload="chat", tpot="1ms", max_chips=2)


@pytest.fixture(scope="session")
def unpriced():
    return api.plan("qwen3-0.6b", chips=["apple-m4-max", "snapdragon-8-elite"], workload="chat", max_chips=1)


@pytest.fixture(scope="session")
def encoder():
    return api.plan("bert-base", chips=["h100-sxm", "l4"], prompt=128, objective="throughput", max_chips=2)


@pytest.fixture(scope="session")
def experts():
    return api.plan("qwen3-30b-a3b", chips=["h100-sxm", "gaudi2"], workload="chat", objective="energy", max_chips=4)


@pytest.fixture(scope="session")
def plans(plan, infeasible, unpriced, encoder, experts):
    return {"plan": plan, "infeasible": infeasible, "unpriced": unpriced, "encoder": encoder, "experts": experts}


@pytest.fixture(params=["plan", "infeasible", "unpriced", "encoder", "experts"])
def any_plan(request, plans):
    return plans[request.param]


@pytest.fixture(scope="session")
def explanation():
    return api.explain("llama-3.1-70b", "h100-sxm", tensor_parallel_size=4, batch=32, workload="chat")


@pytest.fixture(scope="session")
def explanations(explanation):
    return {
        "ordinary": explanation,
        "unknown rate": api.explain("llama-3.1-8b", "snapdragon-8-elite", workload="chat"),
        "encoder": api.explain("bert-base", "l4", prompt=128),
        "experts": api.explain("qwen3-30b-a3b", "b200-sxm", batch=8, weight_format="fp8", activation_format="fp8"),
    }


@pytest.fixture(params=["ordinary", "unknown rate", "encoder", "experts"])
def any_explanation(request, explanations):
    return explanations[request.param]


@pytest.fixture(scope="session")
def hostile():
    """A model whose name is markup."""
    return {
        "_name_or_path": HOSTILE, "model_type": "llama", "hidden_size": 64, "intermediate_size": 128,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 256,
        "max_position_embeddings": 4096, "tie_word_embeddings": False, "dtype": "bfloat16",
    }  # fmt: skip
