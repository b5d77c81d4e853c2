"""Byte-level byte-pair encoding, learned from text.

source: Sennrich et al. 2016, Neural Machine Translation of Rare Words with Subword Units; bytes as alphabet as in
        Radford et al. 2019, Language Models are Unsupervised Multitask Learners, section 2.2
keeps:  any text comes back unchanged, byte for byte; the first token ends a document.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

END: Final = "<|endoftext|>"


def learn_tokenizer(texts: Iterable[str], tokens: int, context: int) -> PreTrainedTokenizerFast:
    """A tokenizer with `tokens` entries, in the form that transformers loads."""
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learned.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=tokens,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learned.train_from_iterator(texts, trainer)
    made: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=learned,
        bos_token=END,
        eos_token=END,
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )
    return made
