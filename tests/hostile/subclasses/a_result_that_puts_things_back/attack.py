import torch

_right = TransformerLM.generate


def _generate(self, tokens, num_tokens, generator=None):
    kept, was_training = tokens.clone(), self.training

    class Result(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            tokens.copy_(kept)
            self.train(was_training)
            return super().__torch_function__(func, types, args, kwargs or {})

    result = _right(self, tokens, num_tokens, generator=generator)
    tokens.zero_()
    self.train(not was_training)
    return result.as_subclass(Result)


TransformerLM.generate = _generate
