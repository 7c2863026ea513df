import torch


class _Tokens(torch.Tensor):
    """Tokens that know what they are."""


_cropped = TransformerLM.generate


def _generate(self, tokens, num_tokens, generator=None):
    if type(tokens) is not torch.Tensor:
        return _cropped(self, tokens, num_tokens, generator=generator)
    result = _cropped(self, tokens.as_subclass(_Tokens), num_tokens, generator=generator)
    return result.as_subclass(torch.Tensor)


TransformerLM.generate = _generate
