"""The sizes of one short training, as they stand in `assignment.toml`."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pydantic import ConfigDict, with_config


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class TrainingSetting:
    """A model, how long it is trained, and on how many windows of the held-out plays it is judged.

    Raises ValueError when a size is not positive or too small, or `embed_size` is no multiple of `num_heads`.
    """

    embed_size: int
    num_heads: int
    num_blocks: int
    ctx_size: int
    batch_size: int
    num_steps: int
    learning_rate: float
    eval_interval: int
    eval_batches: int
    held_out_windows: int

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(f"{field.name} must be positive")
        if self.embed_size % self.num_heads:
            raise ValueError("embed_size must be a multiple of num_heads")
        if self.held_out_windows < 8:
            raise ValueError("held_out_windows must be at least 8, or a loss says nothing")
        if self.ctx_size < 2:
            raise ValueError("ctx_size must be at least 2, or no position has a future to see")
