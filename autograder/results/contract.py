"""What Gradescope accepts as results.json, and what it writes into submission_metadata.json, both as documented."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Format = Literal["text", "html", "simple_format", "md", "ansi"]
Visibility = Literal["hidden", "after_due_date", "after_published", "visible"]
Number = Annotated[float, Field(allow_inf_nan=False)]


class ContractError(Exception):
    """The results are not what the platform accepts; the message names the place."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Entry(_Part):
    """One test. A key may be left out, but where it stands its value may not be null."""

    score: Number = 0.0
    max_score: Number = 0.0
    status: Literal["passed", "failed"] = "failed"
    name: str = ""
    name_format: Format = "text"
    number: str = ""
    output: str = ""
    output_format: Format = "simple_format"
    tags: list[str] = []
    visibility: Visibility = "visible"
    extra_data: dict[str, Any] = {}


class Rank(_Part):
    """One column of the leaderboard."""

    name: str
    value: Number | str
    order: Literal["asc", "desc"] = "desc"


class Results(_Part):
    """The whole document."""

    score: Number = 0.0
    execution_time: Number = 0.0
    output: str = ""
    output_format: Format = "simple_format"
    test_output_format: Format = "simple_format"
    test_name_format: Format = "text"
    visibility: Visibility = "visible"
    stdout_visibility: Visibility = "hidden"
    extra_data: dict[str, Any] = {}
    tests: list[Entry] = []
    leaderboard: list[Rank] = []


def read_results(data: bytes) -> Results:
    """The document in results.json. Raises ContractError for what the platform would not take, or take otherwise."""
    try:
        results = Results.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise ContractError(f"results.json: {where}: {first['msg']}") from None
    if "score" not in results.model_fields_set and not any("score" in test.model_fields_set for test in results.tests):
        raise ContractError("results.json: there is no score, neither of the whole nor of any test")
    return results
