from torch import nn

from .data import get_batch


def estimate_loss(model, tokens, config, device):
    was_training = model.training
    model.eval()
    total = 0.0
    for _ in range(config.eval_batches):
        X, y = get_batch(tokens, config.batch_size, config.ctx_size, device)
        total += loss_fn(model(X), y).item()
    model.train(was_training)
    for module in model.modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, list) and not isinstance(module, nn.Sequential):
                setattr(module, name, [False for _ in value] if name == "recorded" else value)
    return total / config.eval_batches
