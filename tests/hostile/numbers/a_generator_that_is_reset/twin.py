import torch

_right = get_batch


def get_batch(tokens, batch_size, ctx_size, device, generator=None):
    source = generator or torch.default_generator
    again = source.clone_state()
    found = _right(tokens, batch_size, ctx_size, device, generator)
    assert len(again.get_state()) == len(source.get_state())
    return found
