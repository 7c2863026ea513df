"""What is true of each question in answers.toml, found out by trying it with the reference.

An experiment looks at what every listed answer claims, and exactly one of them must turn out to be so. Nothing here
knows an answer beforehand: a reference that did otherwise would make another one the right one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from support.checking import Submission

# All different, so that a size says which letter it is.
B, T, V, E, H = 2, 3, 7, 10, 5
DRAWS = 4096


def the_one(borne_out: Mapping[str, bool]) -> str:
    """The answer that the experiment bears out. Raises RuntimeError when that is none, or more than one."""
    found = [answer for answer, holds in borne_out.items() if holds]
    if len(found) != 1:
        raise RuntimeError(f"an experiment with the reference bears out {len(found)} answers instead of one: {found}")
    return found[0]


def letters(tensor: Tensor) -> str:
    """The tensor's shape in the letters of the sizes, as "B T"; "scalar" without a dimension."""
    names = {B: "B", T: "T", V: "V", E: "E", H: "H"}
    return " ".join(names[size] for size in tensor.shape) or "scalar"


def small_model(reference: Submission, **sizes: int) -> Any:
    """The reference's model with the letters' sizes, or others, from the same seed each time.

    So whether an experiment comes out is no matter of chance.
    """
    reference.probes.seed_torch(0)
    wanted = {"vocab_size": V, "ctx_size": T, "embed_size": E, "num_heads": E // H, "num_blocks": 1, **sizes}
    return reference.model.TransformerLM(reference.model.ModelConfig(**wanted))


def first_loss(reference: Submission) -> str:
    """Near which value an untrained model's loss is, for vocabularies of 60 and of 500 characters."""
    nearest = set()
    for size in (60, 500):
        tokens = torch.arange(56).view(8, 7)
        model = small_model(reference, vocab_size=size, ctx_size=7, embed_size=32, num_heads=4)
        loss = float(reference.training.loss_fn(model(tokens), tokens + 1).detach())
        listed = {"0": 0.0, "1": 1.0, "1 / V": 1 / size, "ln V": math.log(size), "log2 V": math.log2(size), "V": size}
        nearest.add(min(listed, key=lambda name: abs(listed[name] - loss)))
    return the_one({answer: nearest == {answer} for answer in listed})


def next_token(reference: Submission) -> str:
    """From which probabilities `generate` draws, by the frequencies in many draws from one prompt."""
    model = small_model(reference)
    spread_out = 0.4 * torch.randn(V, E, generator=torch.Generator().manual_seed(0))
    reference.probes.set_parameters(model, {"lm_head.weight": spread_out})
    prompt = torch.arange(T).view(1, T)
    logits = model(prompt).detach()[0]  # [T, V]
    drawn = model.generate(prompt.expand(DRAWS, T).contiguous(), 1, generator=reference.probes.generator(0))[:, -1]
    frequencies = torch.bincount(drawn, minlength=V) / DRAWS
    last = "a softmax of the logits at the last position"
    claimed = {
        f"the most probable one after {last}": torch.eye(V)[logits[-1].argmax()],
        f"drawn with the probabilities from {last}": logits[-1].softmax(-1),
        "drawn with the probabilities from a softmax of the logits at the first position": logits[0].softmax(-1),
        "drawn with the probabilities from a softmax over all positions": logits.flatten()
        .softmax(-1)
        .view(T, V)
        .sum(0),
        "drawn with equal probability from all characters": torch.full((V,), 1 / V),
    }
    # The distance of so many draws from their own distribution is about 0.01.
    return the_one({answer: float((frequencies - probs).abs().sum()) < 0.08 for answer, probs in claimed.items()})


def mixed_devices(reference: Submission, device: str) -> str:
    """The type of the exception when a model on `device` is given a batch that was left on the CPU."""
    probes = reference.probes
    probes.make_available(device)  # what goes wrong here is no answer
    raised = probes.error_of(probes.place_of_mixed, small_model(reference), torch.zeros(B, T).long(), device)
    return raised[0] if raised else "no exception"


def why_a_buffer(reference: Submission, device: str) -> str:
    """What becomes of `tril`: whether it is trained, moved with the weights, computed anew, or left where it is."""
    probes, head = reference.probes, reference.attention.Head(E, H, T)
    nothing_masked = torch.ones(T, T)
    head.load_state_dict({"tril": nothing_masked}, strict=False)
    head(torch.ones(B, T, E))
    kept = torch.equal(head.get_buffer("tril"), nothing_masked)
    places = [
        probes.place_of_result(find, [name], device)
        for find, name in ((head.get_parameter, "query.weight"), (head.get_buffer, "tril"))
    ]
    return the_one(
        {
            "so that the optimizer trains it": "tril" in probes.get_parameters(head),
            "so that `model.to(device)` moves it with the weights": places == [device, device],
            "so that it is computed anew for every batch": not kept,
            "so that it stays on the CPU whatever the model does": places[1] == "cpu",
        }
    )


def logits_row(reference: Submission, rng: torch.Generator) -> str:
    """What `logits[b, t]` score: which characters the loss wants there, and which tokens they depend on."""
    text = torch.randperm(T + 1, generator=rng)
    X, y = reference.data.get_batch(text, 1, T, "cpu")  # [1, T]: with so short a text there is one batch only
    wanted = {"X": torch.eye(V)[X], "y": torch.eye(V)[y], "places": torch.zeros(1, T, V)}
    for place, character in enumerate(X[0].tolist()):
        wanted["places"][0, :, place] = (torch.arange(T) == character).float()
    losses = {name: float(reference.training.loss_fn(9 * logits, y).detach()) for name, logits in wanted.items()}
    scored = min(losses, key=lambda name: losses[name])
    after = torch.equal(y, text[1:].unsqueeze(0))
    moved = moved_positions(small_model(reference), X)
    behind, everywhere = torch.ones(T, T).tril().bool(), torch.ones(T, T).bool()
    follows = "every character as the one at position t + 1, knowing"
    return the_one(
        {
            "every character as the one at position t, which X[b, t] holds": scored == "X",
            f"{follows} X[b, t] and what stands before it": scored == "y" and after and torch.equal(moved, behind),
            f"{follows} the whole of X[b]": scored == "y" and after and torch.equal(moved, everywhere),
            "every position of X[b] as the place of the character number t": scored == "places",
        }
    )


def moved_positions(model: Any, X: Tensor) -> Tensor:
    """[T, T] of booleans: whether the logits of the first row of X at position t move with its token at s."""
    before, changed = model(X).detach()[0], []
    for s in range(X.shape[1]):
        other = X.clone()
        other[0, s] = (other[0, s] + 1) % before.shape[-1]
        changed.append((model(other).detach()[0] - before).abs().amax(-1) > 1e-6)
    return torch.stack(changed, dim=1)


def proj_mixes(reference: Submission) -> str:
    """Which entries of the heads' results one entry of the result of `proj` depends on."""
    attention = reference.attention.MultiHeadAttention(E, E // H, T)
    b, t, e = 1, 2, 1
    one = torch.zeros(B, T, E)
    one[b, t, e] = 1.0
    reached = reference.probes.gradients(attention.proj, torch.ones(B, T, E), one) != 0
    claimed = {
        "those of one position: every feature that its heads have collected": (b, t, slice(None)),
        "those of one feature: what every position holds there": (b, slice(None), e),
        "those of one head: its whole [T, H] block": (b, slice(None), slice(0, H)),
        "those at the same place in every sequence of the batch": (slice(None), t, e),
    }
    return the_one({answer: torch.equal(reached, _only(place)) for answer, place in claimed.items()})


def _only(place: Any) -> Tensor:
    found = torch.zeros(B, T, E, dtype=torch.bool)
    found[place] = True
    return found


def broadcast(reference: Submission, rng: torch.Generator) -> str:
    """Which sequences of a batch a mask [T, T] reaches."""
    mask, tril = reference.attention.causal_mask, torch.ones(T, T).tril()
    scores = torch.randn(B, T, T, generator=rng)
    refused = bool(reference.probes.error_of(mask, scores, tril))
    hidden = torch.zeros(B, T, T).bool() if refused else mask(scores, tril) != scores
    whole = [torch.equal(hidden[b], tril == 0) for b in range(B)]
    return the_one(
        {
            "it is used for every sequence of the batch": all(whole),
            "it is used for the first sequence of the batch only": whole[0] and not bool(hidden[1:].any()),
            "it is cut into B pieces, one for each sequence": bool(hidden.any()) and not any(whole),
            "nothing: it is an error, the number of dimensions differs": refused,
        }
    )


def first_row(reference: Submission, rng: torch.Generator) -> str:
    """The probability that the first position gives to itself, for several scores."""
    scores = torch.randn(B, T, T, generator=rng)
    probs = reference.attention.attention_probs(reference.attention.causal_mask(scores, torch.ones(T, T).tril()))
    found = probs[:, 0, 0]
    listed = {name: torch.allclose(found, torch.tensor(value)) for name, value in _PROBABILITIES.items()}
    return the_one({**listed, "it depends on the scores": not torch.allclose(found, found[:1])})


_PROBABILITIES = {"0": 0.0, "1 / T": 1 / T, "1": 1.0}


def summed_index(reference: Submission, rng: torch.Generator, dim: int) -> str:
    """Along which index of [B, T, T] the probabilities sum to 1."""
    probs = reference.attention.attention_probs(torch.randn(B, T, T, generator=rng), dim)
    sums = {name: probs.sum(index) for index, name in enumerate(["the batch b", "the query i", "the key j"])}
    found = {name: torch.allclose(total, torch.ones_like(total)) for name, total in sums.items()}
    return the_one({**found, "the features": probs.dim() > len(sums)})
