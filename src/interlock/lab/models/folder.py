"""A folder as Hugging Face lays it out, checked before it is loaded: config, safetensors, tokenizer.

keeps: weights are loaded as fp32, whatever they are stored as; no code of the folder is run, and nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging

from interlock.errors import InputError, InterlockError, UnsupportedError, shown
from interlock.files import read_json
from interlock.models.identity import fingerprint
from interlock.models.safetensors import stored

_LONGEST: Final = 512  # tokens of a window, where the model does not set a shorter one

logging.set_verbosity_error()  # type: ignore[no-untyped-call]
logging.disable_progress_bar()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A model that can be loaded again and again, each time unchanged."""

    name: str
    path: Path
    source: str
    note: str = ""

    def check(self) -> None:
        """Whether all parts are there and whole.

        Raises:
            InputError: no config, no weights, cut short, or no tokenizer.
        """
        read_json(self.path / "config.json")
        if not any(self.path.glob("*.safetensors")):
            others = [path.name for path in self.path.glob("*.bin")] + [path.name for path in self.path.glob("*.gguf")]
            found = f"{others[0]} and no *.safetensors" if others else "no weights"
            raise InputError(str(self.path), found, "a folder with *.safetensors, or the path of a .gguf file")
        stored(self.path)
        if not (self.path / "tokenizer.json").is_file():
            raise InputError(str(self.path), "no tokenizer.json", "a tokenizer beside the weights")

    def fingerprint(self) -> str:
        """A hash of every byte of weights, config and tokenizer."""
        return fingerprint(self.path)

    def load(self) -> PreTrainedModel:
        """The model in fp32, ready to be evaluated.

        Raises:
            InputError: an architecture without a language head, missing weights, or weights that are not numbers.
        """
        where = str(self.path)
        try:
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                self.path, dtype=torch.float32, local_files_only=True, output_loading_info=True, trust_remote_code=False
            )
        except InterlockError:
            raise
        except (ValueError, KeyError, OSError, RuntimeError, TypeError, AttributeError, ImportError) as error:
            raise InputError(where, _first_line(error), "a causal language model that transformers loads") from None
        model: PreTrainedModel = loaded[0]
        report = loaded[1]
        missing = sorted(report["missing_keys"]) + sorted(str(item[0]) for item in report["mismatched_keys"])
        if missing:
            raise InputError(where, f"no weights for {missing[0]} and {len(missing) - 1} more", "all weights")
        check_numbers(model, where)
        model.eval()  # type: ignore[no-untyped-call]
        return model

    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The folder's tokenizer.

        Raises:
            InputError: one that cannot be read, or that does not know where in the text its tokens lie.
        """
        try:
            found = AutoTokenizer.from_pretrained(self.path, local_files_only=True, trust_remote_code=False)
        except Exception as error:  # the Rust library raises bare exceptions
            raise InputError(str(self.path / "tokenizer.json"), _first_line(error), "a readable tokenizer") from None
        if not isinstance(found, PreTrainedTokenizerFast):
            raise UnsupportedError(
                f"{self.path}: {type(found).__name__} does not tell where in the text its tokens lie"
            )
        return found

    def context(self) -> int:
        """Tokens of a window: 512, or what the model is made for."""
        config = AutoConfig.from_pretrained(self.path, local_files_only=True, trust_remote_code=False)
        return min(_LONGEST, int(getattr(config, "max_position_embeddings", None) or _LONGEST))


def check_numbers(model: torch.nn.Module, where: str) -> None:
    """Every weight is a finite number.

    Raises:
        InputError: the first tensor with one that is not.
    """
    for name, weight in model.named_parameters():
        if not torch.isfinite(weight).all():
            count = int((~torch.isfinite(weight)).sum())
            raise InputError(where, f"{count} weights that are NaN or infinite", "finite weights", name)


def _first_line(error: BaseException) -> str:
    text = str(error).strip().split("\n")[0]
    return shown(text, 160) if text else type(error).__name__
