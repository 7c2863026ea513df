"""The short trainings of one submission: each done once, in a worker of its own, when a check first asks for it."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from autograder.bands import Band, Bands
from autograder.calibration import load
from autograder.grading.evidence import Evidence, encode, position_losses, windows
from autograder.grading.second_opinion import SecondOpinion, parameters_in, same, some_of
from autograder.sandbox.replies import Unexplained
from autograder.sandbox.session import Preparation
from autograder.sandbox.zygote import Disturbed
from autograder.training_setting import TrainingSetting
from support.checking import CheckFailure, Submission, expect, expect_floats
from support.failures import SubmissionError
from support.parts import with_parts_below
from support.replies import curve_of

TRAIN_FRACTION = 0.9
BYTES_AT_ONCE = 2_000_000  # of logits in one reply
COMPARED = 512  # windows that a second opinion is asked about; nobody knows which

Judge = Callable[[Evidence, Callable[[str], Band]], None]
Score = Callable[[Tensor], Tensor]  # from windows [N, T + 1] to the loss at each position, float64 [N, T]


class Trainings:
    """What the submission's `train` makes of three models on the corpus, with the setting's sizes.

    `honest` is its own transformer, `leak` the same with softmax_dim=1, `double` a table of scores that stands
    in for a transformer that is not right yet. What a training raised is raised again for each check that asks.
    """

    def __init__(
        self,
        submission: Submission,
        setting: TrainingSetting,
        device: str,
        corpus: str,
        held_out: str,
        seed: int,
        second_opinion: SecondOpinion | None = None,
        preparation: Preparation = (),
    ) -> None:
        """Without a `second_opinion` the submission is taken at its word, as a calibration may with the reference.

        `preparation` is what its workers do first.
        """
        self._second_opinion, self._preparation = second_opinion, preparation
        self._submission, self._setting, self._device, self._seed = submission, setting, device, seed
        self._texts = corpus, held_out
        self._done: dict[str, Evidence | CheckFailure | SubmissionError] = {}
        self._parameters: dict[str, dict[str, Tensor]] = {}

    @property
    def held_out_loss(self) -> float | None:
        """The submission's own loss on the held-out plays, None when it was not trained or could not be."""
        found = self.done("honest")
        return found.held_out if found else None

    def done(self, kind: str) -> Evidence | None:
        """What a training of this kind came to, if there was one that came to an end."""
        found = self._done.get(kind)
        return found if isinstance(found, Evidence) else None

    def rebuilt(self, kind: str, submission: Submission) -> Any:
        """A trained model once more, in the process of `submission`. Raises SubmissionError."""
        model = submission.model.TransformerLM(submission.model.ModelConfig(**self._sizes(kind)))
        submission.probes.set_parameters(model, self._parameters[kind])
        return model

    def honest(self) -> Evidence:
        """The submission's transformer. Raises CheckFailure or SubmissionError, as the other two do."""
        return self.evidence("honest")

    def leak(self) -> Evidence:
        """The submission's transformer with softmax_dim=1, which lets a position see later ones."""
        return self.evidence("leak")

    def doubled(self) -> Evidence:
        """The submission's `train` on a model that is known to be right."""
        return self.evidence("double")

    def evidence(self, kind: str) -> Evidence:
        """One of the three by name: honest, leak or double."""
        self._bands  # noqa: B018  a calibration that is of no use has to show before the time for a training is spent
        if kind not in self._done:
            try:
                self._done[kind] = self._train(kind)
            except (CheckFailure, SubmissionError) as error:
                self._done[kind] = error
            finally:
                self._rest()
        found = self._done[kind]
        if isinstance(found, Exception):
            raise found.with_traceback(None)
        return found

    def _train(self, kind: str) -> Evidence:
        try:
            return self.train(kind)
        except (Unexplained, Disturbed):  # as for a check, what the system killed gets a second chance
            return self.train(kind)

    def _rest(self) -> None:
        """End the worker: what student code left running in it would disturb the checks that follow."""
        session = getattr(self._submission, "session", None)
        if session is not None:
            session.fresh()

    def judge_train(self, judge: Judge) -> None:
        """Pass when `judge` accepts the training of the submission's own model, or else that of the stand-in.

        So that `train` is not blamed for a model that is wrong. `judge` gets the evidence and the way to its
        bands, by quantity, and raises CheckFailure.
        """
        try:
            found = self.honest()
            self.expect_agreement(found)
            judge(found, lambda quantity: self.band("honest", quantity))
            return
        except (CheckFailure, SubmissionError) as error:
            failure = error
        try:
            judge(self.doubled(), lambda quantity: self.band("double", quantity))
        except CheckFailure as error:
            raise CheckFailure(
                error.did, error.expected, error.got, values=error.values, settled=with_parts_below(["TransformerLM"])
            ) from None
        except SubmissionError:
            raise failure.with_traceback(None) from None

    def expect_agreement(self, evidence: Evidence) -> None:
        """Raises CheckFailure when the model answers otherwise than its parameters make a right model answer.

        Unless some part of it is known to be wrong, which explains the difference.
        """
        excused = self._second_opinion is not None and self._second_opinion.excuses()
        did = f"Trained {DESCRIPTIONS[evidence.kind]}, gave its parameters to a model that is known to be right,"
        did += " and compared the losses of both on plays that they have never seen"
        got = "others, though the submission's model is right with parameters that were not trained"
        expect(evidence.agrees or excused, did, "the same losses at each position", got)

    def band(self, kind: str, quantity: str) -> Band:
        """Where a right solution's quantity lies. Raises CalibrationError when the calibration is of no use."""
        return self._bands.band(kind, quantity)

    @cached_property
    def _bands(self) -> Bands:
        return load(self._setting)

    @property
    def vocab(self) -> list[str]:
        """The characters of the corpus."""
        return self._tokens[0]

    @cached_property
    def _tokens(self) -> tuple[list[str], Tensor, Tensor, Tensor]:
        corpus, held_out = self._texts
        vocab = sorted(set(corpus))
        tokens = encode(corpus, vocab)
        cut = int(TRAIN_FRACTION * len(tokens))
        return vocab, tokens[:cut], tokens[cut:], encode(held_out, vocab)

    def train(self, kind: str) -> Evidence:
        """One of the three, trained now and not kept: what a calibration measures, so without any bands."""
        vocab, train_tokens, test_tokens, held_out = self._tokens
        setting, submission = self._setting, self._submission
        # A string seeds `random` by its hash over all characters, so no two kinds share a stream.
        seeds = random.Random(f"{self._seed} {kind}")
        worker_seed, generator = seeds.getrandbits(32), torch.Generator().manual_seed(seeds.getrandbits(63))
        torch_seed = seeds.getrandbits(63)
        table = 0.5 * torch.randn(len(vocab), len(vocab), generator=generator) if kind == "double" else None
        model = self._untrained(kind, table, worker_seed, torch_seed)
        history = submission.probes.train_short(
            submission.training.train, model, train_tokens, test_tokens, self._config(), self._device
        )
        did = f"Trained {DESCRIPTIONS[kind]} for {setting.num_steps} steps"
        curve = curve_of(history, did)
        expect(len(curve.steps) > 0, f"{did} and looked at the history", "at least one point", "none")
        parameters = parameters_in(submission.probes.get_parameters(model), f"{did} and looked at its parameters")
        self._parameters[kind] = parameters
        count = setting.held_out_windows
        held_out_rows = windows(held_out, count, setting.ctx_size, generator)
        rows = [windows(tokens, count // 4, setting.ctx_size, generator) for tokens in (train_tokens, test_tokens)]
        if kind == "double":
            score = self._by_table(parameters, did)
        else:
            # Nothing but the parameters goes from the process that trained to the one that is asked.
            model = self._untrained(kind, None, worker_seed, torch_seed)
            submission.probes.set_parameters(model, parameters)
            score = self._by_model(model, did)
        held_out_losses = score(held_out_rows)
        train_losses, test_losses = map(score, rows)
        chosen = some_of(count, COMPARED, generator)
        return Evidence(
            kind=kind,
            curve=curve,
            held_out=float(held_out_losses.mean()),
            held_out_end=float(held_out_losses[:, -1].mean()),
            train_text=float(train_losses.mean()),
            test_text=float(test_losses.mean()),
            agrees=kind == "double" or self._agrees(kind, parameters, held_out_rows[chosen], held_out_losses[chosen]),
        )

    def _untrained(self, kind: str, table: Tensor | None, worker_seed: int, torch_seed: int) -> Any:
        """The submission's model in a new worker, the same one each time: or a stand-in with the scores `table`."""
        submission = self._submission
        session = getattr(submission, "session", None)
        if session is not None:
            session.fresh(worker_seed, self._preparation)
        submission.probes.seed_torch(torch_seed)
        if table is not None:
            return submission.probes.bigram(table)
        return submission.model.TransformerLM(submission.model.ModelConfig(**self._sizes(kind)))

    def _sizes(self, kind: str) -> dict[str, int]:
        setting = self._setting
        return {
            "vocab_size": len(self._tokens[0]),
            "ctx_size": setting.ctx_size,
            "embed_size": setting.embed_size,
            "num_heads": setting.num_heads,
            "num_blocks": setting.num_blocks,
            "softmax_dim": 1 if kind == "leak" else -1,
        }

    def _config(self) -> Any:
        setting = self._setting
        return self._submission.training.TrainConfig(
            batch_size=setting.batch_size,
            ctx_size=setting.ctx_size,
            num_steps=setting.num_steps,
            learning_rate=setting.learning_rate,
            eval_interval=setting.eval_interval,
            eval_batches=setting.eval_batches,
        )

    def _by_model(self, model: Any, did: str) -> Score:
        """The submission's model's loss at each position."""
        vocab_size, did = len(self._tokens[0]), f"{did} and asked it for logits"

        def losses(rows: Tensor) -> Tensor:
            at_once = max(1, BYTES_AT_ONCE // (4 * vocab_size * (rows.shape[1] - 1)))
            parts = []
            for part in torch.split(rows, at_once):
                logits = self._submission.probes.logits_on(model, part[:, :-1], self._device)
                parts.append(position_losses(logits, part[:, 1:], vocab_size, did))
            return torch.cat(parts)

        return losses

    def _by_table(self, parameters: dict[str, Tensor], did: str) -> Score:
        """The stand-in's loss at each position, computed from its trained scores, so that nobody need be asked."""
        vocab_size, did = len(self._tokens[0]), f"{did} and looked at its scores"
        table = expect_floats(parameters.get("table"), (vocab_size, vocab_size), did)
        return lambda rows: position_losses(table[rows[:, :-1].long()], rows[:, 1:], vocab_size, did)

    def _agrees(self, kind: str, parameters: dict[str, Tensor], rows: Tensor, losses: Tensor) -> bool:
        """Whether a right model with these parameters has the submission's `losses` [N, T] on `rows` [N, T + 1]."""
        if self._second_opinion is None:
            return True
        logits = self._second_opinion.logits(self._sizes(kind), parameters, rows[:, :-1], self._device)
        if logits is None:
            return False
        return same(position_losses(logits, rows[:, 1:], len(self._tokens[0]), "Asked the reference"), losses)


DESCRIPTIONS = {
    "honest": "the transformer",
    "leak": "the transformer with softmax_dim=1",
    "double": "a stand-in model that is known to be right",
}
