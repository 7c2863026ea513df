"""The handout's notebook: what stands here between `# %%` lines, and the sections of its README that they name.

`# %% readme: 1` is the section whose heading begins with "1"; in code, a comment that begins with `!` or `%` is a line
for the notebook's shell. `python -m autograder template` makes student_template/charlm.ipynb of it.
"""

# ruff: noqa: E402, F401, F821

# %% readme: A transformer

# %% markdown
# ## This notebook
#
# It imports your modules from `charlm/`, shows what they compute, trains a small model both ways and draws the curves.
# It holds none of your code: edit the files in `charlm/` beside it, and run a cell again to see what has changed.
#
# In Colab, open the folder sign on the left and upload `handout.zip` first; a double click there opens a file to edit.
# Colab forgets all files after a while, so the last cell packs what you have written, to be downloaded.

# %%
import importlib.util
import os
import sys
import zipfile
from pathlib import Path

if not Path("charlm").is_dir():
    if not Path("homework").is_dir():
        zipfile.ZipFile("handout.zip").extractall()
    os.chdir("homework")
if importlib.util.find_spec("gradescope_utils") is None:
    get_ipython().run_line_magic("pip", "install -q -r requirements.txt")

# %load_ext autoreload
# %autoreload 2

# %% tags: parameters
STEPS = 300  # updates of each training below; the real thing takes 1000 or more

# %% markdown
# ## The checks
#
# All the public ones. `-k problem_8` at the end of the line runs only those of problem 8.

# %%
# !"{sys.executable}" -m pytest

# %% readme: The ten problems

# %% readme: 1

# %%
from charlm.tokenizer import decode, encode, get_vocab

text = Path("data/shakespeare.txt").read_text(encoding="utf-8")
vocab = get_vocab(text)
print(len(vocab), "characters:", "".join(vocab))
print(encode("Romeo and Juliet", vocab).tolist())

# %% readme: 2

# %%
from IPython.display import Image

from charlm import experiments

experiments.main(["--steps", str(STEPS)])
Image("runs/softmax_dim_-1.png")

# %% readme: 3

# %%
import json


def sample(name: str) -> str:
    """What a trained model wrote."""
    return json.loads(Path("runs", f"{name}.json").read_text(encoding="utf-8"))["sample"]


print(sample("softmax_dim_-1"))

# %% readme: 4

# %% readme: 5

# %%
import torch

from charlm.data import get_batch
from charlm.model import ModelConfig, TransformerLM
from charlm.training import loss_fn

model = TransformerLM(ModelConfig(len(vocab), ctx_size=8, embed_size=32, num_heads=4, num_blocks=2))
X, y = get_batch(encode(text, vocab), 4, 8, "cpu")
logits = model(X)
for name, tensor in {"X": X, "y": y, "logits": logits, "loss": loss_fn(logits, y)}.items():
    print(f"{name:<7} {list(tensor.shape)}")
print("X[0] is", repr(decode(X[0], vocab)), "and y[0] is", repr(decode(y[0], vocab)))

# %% readme: 6

# %% readme: 7

# %%
from charlm.attention import attention_probs, attention_scores, causal_mask

scores = attention_scores(torch.randn(1, 4, 8), torch.randn(1, 4, 8))
print(scores)

# %% readme: 8

# %%
tril = torch.tril(torch.ones(4, 4))
masked = causal_mask(scores, tril)
print(attention_probs(masked))

# %% readme: 9

# %%
for dim in (-1, 1):
    print(f"dim={dim}:\n{attention_probs(masked, dim)}")

# %% readme: 10

# %%
experiments.main(["--steps", str(STEPS), "--softmax-dim", "1"])
Image("runs/softmax_dim_1.png")

# %%
for name in ("softmax_dim_-1", "softmax_dim_1"):
    print(f"{name}\n\n{sample(name)}\n\n")

# %% readme: What you hand in

# %%
with zipfile.ZipFile("submission.zip", "w") as archive:
    for path in [*Path("charlm").glob("*.py"), Path("answers.toml"), Path("answers.md")]:
        archive.write(path)
print("submission.zip has", *archive.namelist())
