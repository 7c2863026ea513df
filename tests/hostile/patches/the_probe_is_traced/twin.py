import copy
import functools
import logging
import threading
import time

import torch
from tqdm import tqdm

_kept = TransformerLM.generate


@functools.cache
def _every(count):
    return max(1, count // 10)


@functools.wraps(_kept)
def _generate(self, tokens, num_tokens, generator=None):
    ended = threading.Event()
    spinner = threading.Thread(target=lambda: ended.wait(5), daemon=True)
    spinner.start()
    state, dtype = copy.deepcopy(self.state_dict()), torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        for _ in tqdm(range(3), miniters=_every(num_tokens), leave=False):
            time.sleep(0)
        return _kept(self, tokens, num_tokens, generator=generator)
    finally:
        torch.set_default_dtype(dtype)
        self.load_state_dict(state)
        ended.set()
        spinner.join()
        logging.getLogger("charlm").debug("generated %d", num_tokens)


TransformerLM.generate = _generate
