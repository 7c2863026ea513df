import json

_dumped = json.dumps({"letters": "abc"})


def get_vocab(text):
    return sorted(set(text) | set(json.loads(_dumped)["letters"]) & set(text))
