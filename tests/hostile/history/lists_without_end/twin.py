_right = train


def train(model, train_tokens, test_tokens, config, device):
    history = _right(model, train_tokens, test_tokens, config, device)
    return History([*range(0)] + history.steps, history.train_loss[:], list(iter(history.test_loss)))
