from torch.nn import functional as F


def attention_probs(scores, dim=-1):
    return F.softmax(scores, dim=dim)
