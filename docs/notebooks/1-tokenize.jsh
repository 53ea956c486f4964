//DEPS io.github.llams:llams-tokenizer:0.1.0-SNAPSHOT
import module java.base;
import llams.tokenizer.BpeTrainer;
import llams.tokenizer.SplitPattern;
import llams.tokenizer.Tokenizer;

/// # 1. Text to tokens and back
///
/// A language model never sees letters. It sees numbers, the ids of *tokens*: pieces of text that occur often enough to
/// deserve a number of their own. This lesson makes a vocabulary from a few lines and looks at what it does.
///
/// ## Everything starts with bytes
///
/// Any text is a sequence of bytes in UTF-8. A Latin letter takes one byte, a Korean syllable three.

String corpus = "low lower lowest, new newer newest, wide wider widest; 낮은 더 낮은 가장 낮은";
byte[] utf8 = corpus.getBytes(StandardCharsets.UTF_8);
IO.println(corpus.length() + " characters, " + utf8.length + " bytes");

/// ## Frequent pairs become tokens
///
/// Byte pair encoding begins with the 256 bytes as tokens, counts which two stand side by side most often, and makes the
/// pair a new token. Then it counts again. Every new token is a merge of two older ones.

BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
trainer.add(corpus);
Tokenizer tokenizer = trainer.train(276, List.of("<|end_of_text|>"));
for (int id = 256; id < tokenizer.special("<|end_of_text|>").getAsInt(); id++) {
    byte[] bytes = tokenizer.bytes(id);
    String shown = tokenizer.decode(id);
    IO.println("token " + id + ": '" + shown + "', " + bytes.length + " bytes");
}

/// Some tokens are parts of a Korean syllable and cannot be shown alone: the tokenizer works on bytes, and never asks
/// where a character ends. A space belongs to the word after it, as in Llama 3.
///
/// ## Encode and decode

int[] ids = tokenizer.encodeOrdinary("lowest and newest");
IO.println(Arrays.toString(ids));
for (int id : ids) {
    IO.print("[" + tokenizer.decode(id) + "]");
}
IO.println();
IO.println(tokenizer.decode(ids));

/// "and" was not in the corpus, so it falls back to single bytes: there is no unknown word. How well a vocabulary fits a
/// text is measured in bytes per token; more is better, because the model does the same work for each token.

for (String text : List.of("lower newer wider", "낮은 더 낮은", "quick brown fox")) {
    int tokens = tokenizer.encodeOrdinary(text).length;
    double perToken = (double) text.getBytes(StandardCharsets.UTF_8).length / tokens;
    IO.println("%-18s %2d tokens, %.2f bytes per token".formatted(text, tokens, perToken));
}

/// ## Special tokens
///
/// `<|end_of_text|>` is a token that no text can produce by accident: `encodeOrdinary` takes it literally, and only
/// `encode`, when it is told to, turns it into its id.

String marked = "low<|end_of_text|>";
IO.println(Arrays.toString(tokenizer.encodeOrdinary(marked)));
IO.println(Arrays.toString(tokenizer.encode(marked, Tokenizer.ALL, Set.of())));

/// Try it: add some lines of your own language to `corpus`, raise 276 to 400, and see which tokens appear.
