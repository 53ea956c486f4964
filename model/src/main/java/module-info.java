/// Models as directories that read and write text: opened, talked with, adapted, merged, made and downloaded.
module llams.model {
    requires java.management;
    requires jdk.incubator.vector;
    requires transitive java.net.http;
    // It has no descriptor, and cannot say what it needs itself.
    requires jinjava;
    requires com.fasterxml.jackson.databind;
    requires com.fasterxml.jackson.dataformat.yaml;
    requires com.fasterxml.jackson.datatype.jdk8;
    requires org.apache.commons.lang3;
    requires org.slf4j;
    requires org.snakeyaml.engine;
    requires transitive llams.engine;
    requires transitive llams.tokenizer;
    requires transitive tools.jackson.databind;

    exports llams.model.card;
    exports llams.model.chat;
    exports llams.model.convert;
    exports llams.model.create;
    exports llams.model.extend;
    exports llams.model.files;
    exports llams.model.http;
    exports llams.model.hub;
    exports llams.model.lora;
    exports llams.model.merge;
    exports llams.model.merge.config;
    exports llams.model.merge.extract;
    exports llams.model.text;
    exports llams.model.yaml;
}
