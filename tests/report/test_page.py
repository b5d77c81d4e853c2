"""Pages: whole, escaped, and alone."""

import builtins
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from interlock import api
from interlock.errors import MissingExtraError
from interlock.report import explanation_page, plan_page
from interlock.report.page import document

pytest.importorskip("vl_convert")

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Reader(HTMLParser):
    """Collects what a page holds; fails on tags that do not pair."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.scripts, self.words = [], [], [], [], []
        self.rows = 0
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.ids += [named["id"]] if "id" in named else []
        self.links += [value for key, value in attrs if key in {"src", "href", "srcset", "action", "data"}]
        self.rows += tag == "tr"
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def charts(self):
        return json.loads(self.scripts[0])

    @property
    def text(self):
        return " ".join(self.words)


def test_plans_of_every_kind(any_plan):
    page = Reader(plan_page(any_plan))
    assert len(page.scripts) == 3
    assert set(page.charts) <= set(page.ids)
    assert page.links == []
    assert any_plan.space.model.name in page.text
    assert all(reason in page.text for reason in any_plan.missing)
    assert all(runner.why in page.text for runner in any_plan.runners)


def test_explanations_of_every_kind(any_explanation):
    page = Reader(explanation_page(any_explanation))
    assert set(page.charts) == {"breakdown", "roofline", "memory"}
    assert set(page.charts) <= set(page.ids)
    assert page.rows > len(any_explanation.lines)
    assert all(problem in page.text for problem in any_explanation.estimate.problems)


def test_a_plan_with_its_explanation(plan, explanation):
    page = Reader(plan_page(plan, explanation))
    assert set(page.charts) == {"pareto", "front-memory", "breakdown", "roofline"}
    assert len(page.ids) == len(set(page.ids))


def test_a_plan_says_what_was_asked_and_what_to_run(plan):
    page = Reader(plan_page(plan))
    assert "TPOT at most 50 ms, at most 4 chips" in page.text
    assert "1,155 tokens in, 211 tokens out" in page.text
    joined = re.sub(r"\s+", " ", page.text)
    assert "vllm serve meta-llama/Llama-3.1-8B-Instruct --tensor-parallel-size" in joined
    assert all(source.ref in page.text for source in plan.recommended.sources)


def test_an_encoder_is_asked_for_requests(encoder):
    text = Reader(plan_page(encoder)).text
    assert "highest requests a second for each chip" in text
    assert "TPOT" not in text


def test_nothing_is_fetched(plan, explanation):
    text = plan_page(plan, explanation)
    assert re.search(r"""(src|href)\s*=\s*["']?\s*(https?:)?//""", text) is None
    assert "@import" not in text
    assert "url(" not in re.search(r"<style>.*?</style>", text, re.S)[0]
    assert "default-src 'none'" in text
    assert "unsafe-eval" not in text


def test_names_cannot_become_markup(hostile):
    plan = api.plan(hostile, chips=["h100-sxm"], workload="chat", max_chips=1)
    found = api.explain(hostile, "h100-sxm", workload="chat")
    for text in (plan_page(plan, found), explanation_page(found)):
        assert "<script>alert" not in text
        assert "<script>alert(1)</script>" in Reader(text).text
        assert len(Reader(text).scripts) == 3


def test_data_cannot_end_its_script():
    value = {"</script><!--": "\u2028&"}
    text = document.script_json(value)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == value


def test_pages_are_the_same_every_time(plan, explanation):
    assert plan_page(plan, explanation) == plan_page(plan, explanation)


def test_without_the_runtime_the_extra_is_named(plan, monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        if name == "vl_convert":
            raise ImportError(name)
        return real(name, *rest)

    document._runtime.cache_clear()
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match=r"interlock\[html\]"):
        plan_page(plan)


def test_importing_the_room_loads_no_runtime():
    code = "import sys, interlock.report; assert not {'vl_convert', 'torch', 'cyclopts'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
