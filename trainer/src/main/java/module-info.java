/// Fine-tuning, adapters, merges and evaluation of Llama models.
module llams.trainer {
    requires transitive llams.engine;
    requires transitive llams.tokenizer;
    requires tools.jackson.databind;
}
