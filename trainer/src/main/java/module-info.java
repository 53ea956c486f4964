/// Fine-tuning and evaluation of Llama models: from files of text to a tuned checkpoint.
module llams.trainer {
    requires java.xml;
    requires jdk.httpserver;
    requires jdk.management;
    requires aircompressor.v3;
    requires de.siegmar.fastcsv;
    requires org.apache.commons.compress;
    requires transitive llams.model;

    exports llams.trainer.data;
    exports llams.trainer.demo;
    exports llams.trainer.distributed;
    exports llams.trainer.eval;
    exports llams.trainer.explain;
    exports llams.trainer.measure;
    exports llams.trainer.merge;
    exports llams.trainer.optim;
    exports llams.trainer.pairs;
    exports llams.trainer.recipe;
    exports llams.trainer.replay;
    exports llams.trainer.run;
    exports llams.trainer.task;
    exports llams.trainer.watch;
    exports llams.trainer.wiki;

    uses llams.trainer.distributed.Launcher;
}
