/// Fine-tuning, adapters, merges and evaluation of Llama models.
module llams.trainer {
    requires java.xml;
    requires transitive llams.engine;
    requires transitive llams.tokenizer;
    requires transitive tools.jackson.databind;

    exports llams.trainer;
    exports llams.trainer.checkpoint;
    exports llams.trainer.data;
    exports llams.trainer.demo;
    exports llams.trainer.lora;
    exports llams.trainer.merge;
    exports llams.trainer.optim;
    exports llams.trainer.wiki;
}
