"""PaLM 540B is counted; PaLM 2 is undisclosed."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction
from interlock.exhibits.model_size import about, kv_token_bytes
from interlock.exhibits.undisclosed import undisclosed_figures

CLAIM = claim("PaLM has 540 billion parameters; the size of PaLM 2 is withheld", "Chowdhery et al. 2022, PaLM, table 1")


def run() -> Reproduction:
    """Within 1 %, with one KV head of 256 in each of 118 layers."""
    return reproduction(
        about("palm-540b", 540e9),
        about("palm-62b", 62.5e9),
        exactly("KV cache of a token (multi-query)", 2 * 118 * 256 * 2, kv_token_bytes("palm-540b"), "B"),
        *undisclosed_figures("palm-2"),
    )
