"""ChatGPT: a workload, not a model."""

from interlock.exhibits.base import Reproduction, holds, reproduction, within
from interlock.exhibits.undisclosed import disclosure, undisclosed_figures
from interlock.workloads import workload

CLAIM = disclosure("chatgpt")


def run() -> Reproduction:
    """No model has the name; conversations are a workload with lengths measured on a public assistant."""
    chat = workload("chat")
    return reproduction(
        *undisclosed_figures("chatgpt"),
        holds("conversations are a named workload", "conversation" in chat.title.lower()),
        within("mean prompt of the conversation trace", 1155, chat.prompt, 0.01, "token"),
        within("mean answer of the conversation trace", 211, chat.output, 0.01, "token"),
    )
