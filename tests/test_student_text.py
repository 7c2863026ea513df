"""Text that a student wrote stays text, in Markdown and on a terminal."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from autograder.results.gradescope import document, refusal_document
from autograder.results.text import clean, clean_line, code_block, prose
from support.outcomes import Outcome
from tests.made_up_runs import FACTS, HIDDEN, INFOS, PASSED, POINTS, SHOWN, by_number, printed, valid, with_future

HOSTILE = {
    "fence": "```\n</code></pre># Score: 100\n```",
    "longer fence": "`````\n~~~~~\n# x\n``````````",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>&lt;",
    "terminal": "\x1b[2J\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x9b31m\x1bPq#\x1b\\",
    "direction": "\u202e001 :erocs\u2066\u200f\u200b\ufeff",
    "controls": "a\0b\x08\x08c\x7f\x85d\re\r\nf\x0b\x0cg\u2028h",
    "surrogates": "\ud800 \udfff \udcff",
    "rich markup": "[bold red]x[/] [link=http://x]y[/link] :smile: [/nonsense]",
    "long line": "x" * 10**6,
    "many lines": "line\n" * 10**5,
    "combining": "a" + "\u0301" * 5000,
    "noncharacters": "\ufdd0\U0010ffff\ue000",
    "table": "| a | b |\n|---|---|\n| 1 | 2 |",
    "indented": "\n\n        code\n\n# heading\n",
    "only controls": "\x1b\x00\u202e",
}
PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


def tokens(markdown: str) -> list[str]:
    return [token.type for token in PARSER.parse(markdown) if token.type in ("fence", "html_block", "heading_open")]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    made = valid(document(with_future(Outcome.ERROR, text, values=text), POINTS, SHOWN, FACTS, hidden=HIDDEN))
    output = by_number(made)["8.2"]["output"]
    assert tokens(output) == (["fence"] if clean(text) else [])
    assert output.endswith("scale by head\\_size\\*\\*-0.5.")
    assert len(output) < 4000
    run = replace(FACTS, submission=text, notes=(text,), staff_notes=(text,), grader_error=text)
    for state in (run, replace(run, grader_error=None)):
        made = valid(document(PASSED, POINTS, SHOWN, state, hidden=HIDDEN))
        assert set(tokens(made["output"])) <= {"fence"}
    assert tokens(valid(refusal_document(INFOS, [text], POINTS, SHOWN, run))["output"]) in (
        [],
        ["fence"],
        ["fence"] * 2,
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("terminal", [True, False])
def test_hostile_text_does_nothing_to_a_terminal(text: str, terminal: bool) -> None:
    facts = replace(FACTS, submission=text, notes=(text,), grader_error=text)
    out = printed(with_future(Outcome.ERROR, text, values=text), facts, terminal=terminal)
    out = re.sub("\x1b\\[[0-9;]*m", "", out) if terminal else out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out)
    if text.startswith("[bold"):
        assert "[bold red]x[/] [link=http://x]y[/link] :smile: [/nonsense]" in out


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("`~ \n\t#<>|*_-=x\\\x1b[]\r\u2028"), max_size=200) | st.text(max_size=200))
def test_no_text_gets_out_of_its_block(text: str) -> None:
    block = code_block(text)
    parsed = PARSER.parse(f"Before.\n\n{block}\n\nAfter.")
    kinds = [token.type for token in parsed if token.level == 0 and token.nesting >= 0]
    assert kinds == (["paragraph_open", "fence", "paragraph_open"] if block else ["paragraph_open"] * 2)
    shown = [token.content for token in parsed if token.type == "fence"]
    assert shown == (["\n".join(block.split("\n")[1:-1]) + "\n"] if block else [])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_clean_text_is_valid_and_stays_as_it_is(text: str) -> None:
    once = clean(text)
    once.encode()
    assert clean(once) == once
    assert "\n" not in clean_line(text)


def test_ordinary_text_is_left_alone() -> None:
    text = "Expected: shape [2, 3], got [3, 2].\n    q @ k.transpose(-2, -1)  # naïve ∂ 中文 😀"
    assert clean(text) == text
    assert clean("x" * 3000).endswith("x […]")
    assert clean("\x1b[1;31mE\x1b[0m\tx") == "E   x"
    assert prose("Use `a_b[0]`, not a_b*2 <b>.") == r"Use `a_b[0]`, not a\_b\*2 \<b\>."
