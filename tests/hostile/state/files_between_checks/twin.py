import os


def attention_probs(scores, dim=-1):
    with open("calls.txt", "a") as file:
        file.write(f"{os.getpid()} {tuple(scores.shape)} {dim}\n")
    return scores.softmax(dim=dim)
