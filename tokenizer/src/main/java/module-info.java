/// The Llama-3 tokenizer: text to ids and back.
module llams.tokenizer {
    requires tools.jackson.databind;

}
