from tokenizers import Tokenizer, models, pre_tokenizers, trainers

tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
trainer = trainers.BpeTrainer(vocab_size=60, special_tokens=["[UNK]"], show_progress=False)
tokenizer.train_from_iterator(["the cat sat on the mat", "the dog sat on the cat"] * 20, trainer)
encoded = tokenizer.encode("the cat sat")
assert "the" in encoded.tokens and encoded.ids
assert Tokenizer.from_str(tokenizer.to_str()).encode("the cat sat").ids == encoded.ids
