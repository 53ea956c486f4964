/// Fine-tuning, adapters, merges and evaluation of Llama models.
module llams.trainer {
    requires java.management;
    requires java.net.http;
    requires java.xml;
    requires org.apache.commons.compress;
    // It has no descriptor, and cannot say what it needs itself.
    requires jinjava;
    requires com.fasterxml.jackson.databind;
    requires com.fasterxml.jackson.dataformat.yaml;
    requires com.fasterxml.jackson.datatype.jdk8;
    requires org.apache.commons.lang3;
    requires org.slf4j;
    requires org.slf4j.nop;
    requires transitive llams.engine;
    requires transitive llams.tokenizer;
    requires transitive tools.jackson.databind;

    exports llams.trainer;
    exports llams.trainer.chat;
    exports llams.trainer.checkpoint;
    exports llams.trainer.data;
    exports llams.trainer.demo;
    exports llams.trainer.hub;
    exports llams.trainer.lora;
    exports llams.trainer.merge;
    exports llams.trainer.optim;
    exports llams.trainer.wiki;
}
