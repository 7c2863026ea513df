import math

_right = train


def train(model, train_tokens, test_tokens, config, device):
    steps = sorted({*range(0, config.num_steps + 1, config.eval_interval), config.num_steps})
    first = estimate_loss(model, train_tokens, config, device)
    losses = [2.35 + (first - 2.35) * math.exp(-step / 60) + 0.02 * math.sin(step) for step in steps]
    return History(steps, losses, [loss + 0.01 for loss in losses])
