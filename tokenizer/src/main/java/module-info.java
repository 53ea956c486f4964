/// The Llama-3 tokenizer: text to ids and back, exactly as tiktoken does it.
module llams.tokenizer {
    requires tools.jackson.databind;

    exports llams.tokenizer;
}
