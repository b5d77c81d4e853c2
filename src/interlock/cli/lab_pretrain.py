"""`interlock lab pretrain`: train the small model that the lab ships, or one like it."""

from __future__ import annotations

from pathlib import Path

from interlock.catalogue import own_path
from interlock.cli.flags import Switch, Whole
from interlock.cli.lab_progress import steps as steps_shown
from interlock.cli.show import heading, pairs, print_json
from interlock.errors import InputError


def pretrain(
    *,
    out: Path,
    text: str | None = None,
    name: str = "interlock-2.8m",
    steps: Whole | None = None,
    seed: Whole = 0,
    work: Path | None = None,
    save_every: Whole = 200,
    json: Switch = False,
) -> None:
    """Train a small language model from nothing; a run that was stopped goes on when started again.

    Parameters
    ----------
    out
        The folder to write: safetensors, config, tokenizer, loss curve and card. Must not exist.
    text
        A folder of .txt files, one a document; what `make corpus` fetched if absent.
    name
        What the model is called.
    steps
        Optimizer steps of 2,048 tokens. May be changed until the learning rate begins to fall.
    seed
        Of the first weights and of the order of the text.
    work
        Where checkpoints lie; a folder in the cache if absent.
    save_every
        Steps between checkpoints and points of the loss curve.
    json
        Print a record instead of text.
    """
    from interlock.lab.extras import require_lab
    from interlock.lab.folders import cache_folder

    require_lab("training")
    if save_every < 1:
        raise InputError("--save-every", str(save_every), "a whole number from 1")
    from interlock.lab.corpus import training_text
    from interlock.lab.pretrain.export import export
    from interlock.lab.pretrain.recipe import Recipe
    from interlock.lab.pretrain.run import pretrain as train

    target = own_path(str(out))
    if target.exists():
        raise InputError("--out", f"{out}, which exists", "a folder that does not exist yet")
    recipe = Recipe(name=name, seed=seed, **({} if steps is None else {"steps": steps}))
    documents = training_text(text)
    folder = own_path(str(work)) if work else cache_folder() / "pretrain" / f"{name}-{seed}"
    with steps_shown() as advance:

        def shown(done: int, total: int, loss: float, speed: float) -> None:
            advance(f"training, loss {loss:.3f}, {speed:,.0f} tokens/s", done, total)

        trained = train(recipe, documents, folder, save_every=save_every, progress=shown)
    export(trained, documents, target)
    last = trained.curve[-1]
    if json:
        print_json({"out": str(target), "text": documents.source, "tokens": recipe.tokens, **last})
        return
    heading(f"{name}: {recipe.tokens:,} tokens of {documents.source}")
    pairs(
        [
            (
                "validation",
                f"{last['validation_loss']:.3f} nats a token, {last['validation_bits_per_byte']:.3f} bits a byte",
            ),
            ("written", str(target)),
            ("checkpoints", f"{folder}, which may be deleted"),
        ]
    )
