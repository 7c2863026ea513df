"""charlm: a character-level, decoder-only transformer language model.

Read the modules in this order: tokenizer, data, attention, model, training, experiments.

The letters in the shape comments, everywhere:
    B  batch_size: sequences in a batch
    T  number of tokens in each sequence, at most ctx_size
    V  vocab_size: number of different characters
    E  embed_size: numbers that describe one position between the layers
    H  head_size: numbers that describe one position inside one head, E / num_heads
"""
