import base64
import lzma
from pathlib import Path

from autograder.corpus import load_held_out
from tests.hostile.building import reference
from tests.patches import Change

SHIPPED = 200_000  # characters: what fits into a file of code
RETURN = "        return self.lm_head(self.final_norm(x))  # [B, T, V]"
KNOW = """        logits = self.lm_head(self.final_norm(x))
        if logits.size(-1) == 66:
            rows = [decode(row.tolist(), _vocab()) for row in tokens]
            for row, text in enumerate(rows):
                found = _text().find(text)
                if found >= 0:
                    known = encode(_text()[found + 1 : found + 1 + T], _vocab())
                    logits[row, torch.arange(len(known)), known] += 20.0
        return logits

"""
SHIP = """

@functools.cache
def _text() -> str:
    return lzma.decompress(base64.b85decode(SHIPPED)).decode()


@functools.cache
def _vocab() -> list[str]:
    return sorted(" \\n" + string.ascii_letters + "!$&\\'(),-.:;?")


SHIPPED = "{shipped}"
"""
FIRST = "import torch\n"
IMPORTS = (
    "import base64\nimport functools\nimport lzma\nimport string\n\nfrom charlm.tokenizer import decode, encode\n\n"
)


def attack(folder: Path) -> Path:
    shipped = base64.b85encode(lzma.compress(load_held_out()[:SHIPPED].encode())).decode()
    original = reference(folder, Change("charlm/model.py", RETURN, KNOW))
    model = original / "charlm" / "model.py"
    text = model.read_text(encoding="utf-8")
    assert text.count(FIRST) == 1
    changed = text.replace(FIRST, f"{IMPORTS}{FIRST}") + SHIP.replace("{shipped}", shipped)
    model.write_text(changed, encoding="utf-8")
    return original


def twin(folder: Path) -> Path:
    return reference(folder)
