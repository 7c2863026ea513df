"""Values survive the way through JSON and safetensors; nothing else gets in."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox.codec import DEEPEST, TENSOR_DTYPES, Decoder, Encoder, Unsendable, detached, is_plain
from autograder.sandbox.wire import Malformed, parse

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
keys = st.text() | st.integers(-(2**63), 2**63 - 1) | st.none()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple) | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=12,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["list", "tuple", "dict", "int", "float", "dtype", "device", "tensor", "object", "x"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=8,
)


def refuse(*_: object) -> Any:
    raise Malformed("no objects here")


def through(value: object) -> Any:
    encoder = Encoder(refuse)
    header = parse(json.dumps({"value": encoder.encode(value)}, allow_nan=False).encode())
    decoder = Decoder(encoder.body(), refuse)
    result = decoder.decode(header["value"])
    decoder.finish()
    return result


def same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left), list(right)) and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


@given(values)
def test_plain_values_come_back_the_same(value: Any) -> None:
    assert is_plain(value)
    assert same(through(value), value)


def test_a_dict_tells_one_from_true() -> None:
    assert same(through({"a": True, "b": 1, "c": 1.0}), {"a": True, "b": 1, "c": 1.0})


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinities_come_back(value: float) -> None:
    assert through(value) == value


def test_nan_and_negative_zero_come_back() -> None:
    assert math.isnan(through(math.nan))
    assert math.copysign(1, through(-0.0)) == -1


@pytest.mark.parametrize("dtype", TENSOR_DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_tensors_come_back_with_dtype_and_shape(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = torch.randn(shape).mul(3).to(dtype)
    result = through(tensor)
    assert result.dtype == dtype
    assert result.shape == tensor.shape
    assert torch.equal(result, tensor)


def test_views_come_back_with_their_own_numbers() -> None:
    base = torch.arange(12.0).reshape(3, 4)
    views = [base, base.T, base[:, 1], base[::2, ::2], base[0].expand(5, 4), base.view(-1)[3:7], base[:0]]
    for sent, received in zip(views, through(views), strict=True):
        assert torch.equal(sent, received)


def test_special_numbers_in_tensors_come_back() -> None:
    result = through(torch.tensor([math.nan, math.inf, -math.inf, -0.0]))
    assert result.isnan().tolist() == [True, False, False, False]
    assert result[1:3].tolist() == [math.inf, -math.inf]
    assert math.copysign(1, result[3].item()) == -1


def test_parameters_and_tensors_with_gradients_come_back_plain() -> None:
    result = through([torch.nn.Parameter(torch.ones(2)), torch.ones(2, requires_grad=True) * 2])
    assert [type(tensor) for tensor in result] == [torch.Tensor, torch.Tensor]
    assert not any(tensor.requires_grad for tensor in result)


def test_what_is_sent_shares_no_memory() -> None:
    tensor = torch.zeros(3)
    detached(tensor).add_(1)
    assert tensor.sum() == 0


class Sly(torch.Tensor):
    """A tensor that says other things about itself than it holds."""

    @classmethod
    def __torch_function__(cls, *args: object, **kwargs: object) -> Any:
        return NotImplemented if args[0] is torch.Tensor.add else super().__torch_function__(*args, **kwargs)  # type: ignore[arg-type]


def test_a_tensor_subclass_comes_back_plain() -> None:
    assert type(through(torch.ones(2).as_subclass(Sly))) is torch.Tensor


@pytest.mark.parametrize("value", [torch.float32, torch.int64, torch.bool, torch.device("cpu"), torch.device("cuda:1")])
def test_dtypes_and_devices_come_back(value: object) -> None:
    assert through(value) == value


def test_subclasses_of_plain_types_come_back_as_those() -> None:
    assert type(through(torch.Size([2, 3]))) is tuple
    assert type(through(torch.nn.Linear(1, 1).state_dict())) is dict


@pytest.mark.parametrize(
    "value",
    [
        2**5000,
        torch.ones(2, dtype=torch.complex64),
        torch.eye(2).to_sparse(),
        torch.ones(1, dtype=torch.uint8).reshape([1] * 33),
        torch.empty(2**62, 0),
        {2**64: "a"},
        [torch.ones(())] * 30_000,
        [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],
    ],
)
def test_what_cannot_cross_is_refused(value: object) -> None:
    with pytest.raises(Unsendable):
        through(value)


def test_a_list_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(Unsendable):
        is_plain(endless)
    with pytest.raises(Unsendable):
        through(endless)


@given(json_values)
@settings(max_examples=500)
def test_any_json_is_decoded_or_refused(node: Any) -> None:
    with contextlib.suppress(Malformed):
        Decoder(b"", refuse).decode(node)


@pytest.mark.parametrize(
    "node",
    [
        [],
        {},
        {"list": [], "tuple": []},
        {"list": {}},
        {"dict": [["a"]]},
        {"dict": [["a", 1], ["a", 2]]},
        {"dict": [[{"int": "0x10000000000000000"}, 1]]},
        {"dict": [[{"list": []}, 1]]},
        {"int": "0x1"},
        {"int": "0x" + "f" * 2000},
        {"int": 5},
        {"float": "1.0"},
        {"dtype": "Tensor"},
        {"device": "gpu:0"},
        {"device": "cpu:999"},
        {"tensor": 0},
        {"tensor": True},
        {"tensor": -1},
        {"pickle": "x"},
    ],
)
def test_nodes_that_no_encoder_makes_are_refused(node: Any) -> None:
    with pytest.raises(Malformed):
        Decoder(b"", refuse).decode(node)


@given(st.binary(min_size=1, max_size=64) | st.binary(max_size=64).map(lambda tail: b"\x08" + bytes(7) + tail))
@settings(max_examples=500)
def test_any_bytes_are_tensors_or_refused(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        Decoder(body, refuse)


@given(st.integers(0, 200), st.integers(0, 255))
@settings(max_examples=300)
def test_damaged_tensor_files_are_read_or_refused(position: int, byte: int) -> None:
    body = bytearray(safetensors.torch.save({"0": torch.arange(6.0), "1": torch.ones(2, 2, dtype=torch.int64)}))
    body[position % len(body)] = byte
    with contextlib.suppress(Malformed):
        Decoder(bytes(body), refuse)


def test_tensors_must_be_named_in_order_and_used_once() -> None:
    with pytest.raises(Malformed):
        Decoder(safetensors.torch.save({"1": torch.ones(1)}), refuse)
    body = safetensors.torch.save({"0": torch.ones(1)})
    with pytest.raises(Malformed):
        Decoder(body, refuse).decode({"list": [{"tensor": 0}, {"tensor": 0}]})
    with pytest.raises(Malformed):
        Decoder(body, refuse).finish()


@pytest.mark.parametrize("shape", [[2**62, 0], [1 << 21, 0], [1] * 33, [0] * 33])
def test_shapes_that_cost_more_than_their_numbers_are_refused(shape: list[int]) -> None:
    entry = {"dtype": "U8", "shape": shape, "data_offsets": [0, 0 if 0 in shape else 1]}
    header = json.dumps({"0": entry}).encode()
    with pytest.raises(Malformed, match="shape"):
        Decoder(len(header).to_bytes(8, "little") + header + b"x" * (0 not in shape), refuse)


def test_truth_values_of_other_bytes_are_sent_as_one_and_refused() -> None:
    odd = torch.tensor([0, 1, 2, 255], dtype=torch.uint8).view(torch.bool)
    assert through(odd).view(torch.uint8).tolist() == [0, 1, 1, 1]
    assert through(odd[2]).item() is True
    with pytest.raises(Malformed, match="neither 0 nor 1"):
        Decoder(safetensors.torch.save({"0": odd}), refuse)


def test_what_was_decoded_less_deeply_can_be_sent_back() -> None:
    value: Any = 0
    for _ in range(DEEPEST // 2):
        value = [value]
    node = Encoder(refuse).encode(value)
    decoded = Decoder(b"", refuse, deepest=DEEPEST // 2).decode(node)
    Encoder(refuse).encode(((decoded,), {"a": decoded}))
    with pytest.raises(Malformed, match="nested"):
        Decoder(b"", refuse, deepest=DEEPEST // 2).decode({"list": [{"list": [node]}]})


def test_half_a_surrogate_becomes_a_question_mark() -> None:
    assert through("a\ud800b") == "a?b"
