"""Problems 2 and 10, hidden: what a real, short training on the corpus comes to.

Losses are computed here, from the logits of the returned model. Where a right solution's losses lie was measured
over many trainings of the reference; a band is missed by chance with probability 1e-7 (see autograder/bands.py).
"""

from __future__ import annotations

from collections.abc import Callable

from autograder.bands import Band
from autograder.grading.evidence import Evidence
from autograder.grading.training import Trainings
from support.checking import covers, expect, hint, number, requires, weight

OwnBand = Callable[[str], Band]


@number("2.20")
@weight(2)
@covers("train")
@requires("TransformerLM", "estimate_loss")
@hint("Each step takes a new batch, forgets the old gradient, computes the new one and lets AdamW follow it.")
def test_training_lowers_the_loss_on_other_plays(trained: Trainings) -> None:
    """After a short training the model predicts plays that it has never seen as well as it should."""

    def judge(evidence: Evidence, band: OwnBand) -> None:
        loss, allowed = evidence.held_out, band("held_out")
        did = f"{_trained(evidence)} and computed the loss on other plays"
        expect(loss <= allowed.high, did, f"a loss of at most {allowed.high:.2f}", f"{loss:.2f}")
        if evidence.kind == "double":
            # A stand-in cannot look ahead: when it learns faster than it should, the updates are not AdamW's.
            expected = f"a loss of at least {allowed.low:.2f}, as the learning rate gives it"
            expect(loss >= allowed.low, did, expected, f"{loss:.2f}")

    trained.judge_train(judge)


@number("2.21")
@covers("train")
@requires("TransformerLM", "estimate_loss")
@hint("The first point of the curve is measured before the first update, when all characters are about as likely.")
def test_curve_begins_near_ln_v(trained: Trainings) -> None:
    """The curve of a real training begins at a loss near ln V, where V is the number of characters."""

    def judge(evidence: Evidence, band: OwnBand) -> None:
        allowed = band("first_loss")
        did = f"{_trained(evidence)} and looked at the first recorded loss"
        for loss, text in ((evidence.curve.train[0], "train"), (evidence.curve.test[0], "test")):
            expected = f"between {allowed.low:.1f} and {allowed.high:.1f} on the {text} text"
            expect(allowed.low <= loss <= allowed.high, did, expected, f"{loss:.2f}")

    trained.judge_train(judge)


@number("2.22")
@covers("train")
@requires("TransformerLM", "estimate_loss")
@hint("Record what estimate_loss says about the model that is returned, on each text, after the last update.")
def test_curve_ends_at_the_loss_of_the_returned_model(trained: Trainings) -> None:
    """The last recorded losses are those that the returned model really has on the two texts."""

    def judge(evidence: Evidence, band: OwnBand) -> None:
        quantities = evidence.quantities()
        for text, real in (("train", evidence.train_text), ("test", evidence.test_text)):
            allowed, error = band(f"{text}_record"), quantities[f"{text}_record"]
            did = f"{_trained(evidence)} and compared the last recorded {text} loss with the returned model's"
            expected = f"about {real:.2f}, which the returned model has"
            expect(allowed.low <= error <= allowed.high, did, expected, f"{real + error:.2f}")

    trained.judge_train(judge)


@number("2.23")
@requires("TransformerLM", "causality", "train")
@hint("If everything else passes, compare your model with the handout layer by layer.")
def test_transformer_learns_as_well_as_it_should(trained: Trainings) -> None:
    """The whole transformer, trained for a short time, reaches the loss that such a model reaches."""
    evidence, limit = trained.honest(), trained.band("honest", "held_out").high
    did = "Trained the transformer on the corpus and computed its loss on plays that it has never seen"
    expect(evidence.held_out <= limit, did, f"a loss of at most {limit:.2f}", f"{evidence.held_out:.2f}")
    trained.expect_agreement(evidence)


@number("2.24")
@requires("TransformerLM", "causality", "train")
@hint("A loss that is too good to be true comes from positions that see later ones. Where could that happen?")
def test_transformer_does_not_look_ahead(trained: Trainings) -> None:
    """The trained transformer is no better than a model can be that does not see the character to predict."""
    evidence = trained.honest()
    held_out, excess = trained.band("honest", "held_out"), trained.band("honest", "end_excess")
    did = "Trained the transformer on the corpus and computed its loss on plays that it has never seen"
    got = f"{evidence.held_out:.2f}, which a model reaches only when it sees what it should predict"
    expect(evidence.held_out >= held_out.low, did, f"a loss of at least {held_out.low:.2f}", got)
    did = f"{did}, on all positions and on the last one of each window, which has no later one to look at"
    expected = f"a loss at the last position that is at most {excess.high:.2f} higher"
    found = evidence.quantities()["end_excess"]
    expect(found <= excess.high, did, expected, f"one that is {found:.2f} higher")
    trained.expect_agreement(evidence)


@number("10.20")
@weight(2)
@requires("TransformerLM", "causality", "train", "softmax_dim")
@hint("Follow softmax_dim from ModelConfig down to the softmax: does it arrive at each head?")
def test_softmax_over_queries_makes_the_loss_far_too_low(trained: Trainings) -> None:
    """Trained with softmax_dim=1, the model reaches a loss on other plays that no honest model can reach."""
    # Whatever lies below the band of honest models is a leak, slow or fast; what lies in it is none.
    evidence, limit = trained.leak(), trained.band("honest", "held_out").low
    loss = evidence.held_out
    did = "Trained the transformer with softmax_dim=1 and computed its loss on plays that it has never seen"
    expect(loss < limit, did, f"a loss below {limit:.2f}, which an honest model cannot reach", f"{loss:.2f}")
    trained.expect_agreement(evidence)


@number("10.21")
@requires("TransformerLM", "causality", "train", "softmax_dim")
@hint("A model that reads the answer off its input needs to know nothing about the text.")
def test_leak_helps_on_both_texts_alike(trained: Trainings) -> None:
    """Trained with softmax_dim=1, the model's recorded losses on train and test text are about the same."""
    allowed, difference = trained.band("leak", "train_minus_test"), trained.leak().quantities()["train_minus_test"]
    did = "Trained the transformer with softmax_dim=1 and compared the last recorded train and test loss"
    expected = f"a difference between {allowed.low:.2f} and {allowed.high:.2f}"
    expect(allowed.low <= difference <= allowed.high, did, expected, f"{difference:.2f}")


@number("10.22")
@requires("TransformerLM", "causality", "train", "softmax_dim")
@hint("The last position of a window has no later one whose score could tell it anything.")
def test_leak_is_of_no_use_at_the_end(trained: Trainings) -> None:
    """Trained with softmax_dim=1, the model is much worse at the last position, which has no future to see."""
    evidence, limit = trained.leak(), trained.band("honest", "end_excess").high
    found = evidence.quantities()["end_excess"]
    did = "Trained the transformer with softmax_dim=1 and compared the loss at the last position with that at all"
    expect(found > limit, did, f"a loss that is more than {limit:.2f} higher at the end", f"one {found:.2f} higher")
    trained.expect_agreement(evidence)


def _trained(evidence: Evidence) -> str:
    what = "the transformer" if evidence.kind == "honest" else "a simple stand-in for the transformer"
    return f"Trained {what} on the corpus for a short time"
