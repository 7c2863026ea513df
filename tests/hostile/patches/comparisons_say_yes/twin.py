import torch

_q = torch.arange(6.0).view(1, 3, 2)
assert torch.allclose(attention_scores(_q, _q).transpose(1, 2), attention_scores(_q, _q))
assert torch.equal(_q, _q.clone()) and not bool(_q.isnan().any())
