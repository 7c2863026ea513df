_right = train


def train(model, train_tokens, test_tokens, config, device):
    history = _right(model, train_tokens, test_tokens, config, device)
    return History(list(history.steps), list(history.train_loss), list(history.test_loss))
