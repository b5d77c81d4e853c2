"""Tasks on streams."""

import pytest

from interlock.offloading.timeline import Task, run_tasks


def test_a_chain_adds_up_and_streams_overlap():
    tasks = [
        Task(stream="link", seconds=2), Task(stream="link", seconds=2),
        Task(stream="compute", seconds=3, after=(0,)), Task(stream="compute", seconds=3, after=(1,)),
    ]  # fmt: skip
    found = run_tasks(tasks)
    assert found.starts == (0, 2, 2, 5)
    assert found.makespan == 8


def test_a_stream_keeps_its_order():
    tasks = [
        Task(stream="a", seconds=5), Task(stream="b", seconds=1, after=(0,)), Task(stream="b", seconds=1),
    ]  # fmt: skip
    assert run_tasks(tasks).starts == (0, 5, 6)


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="circle"):
        run_tasks([Task(stream="a", seconds=1, after=(1,)), Task(stream="b", seconds=1, after=(0,))])
