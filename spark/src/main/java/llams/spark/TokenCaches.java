package llams.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import llams.engine.weights.ConfigJson;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.model.chat.TrainOn;
import llams.trainer.data.Corpus;
import llams.trainer.data.DocumentEncoder;
import llams.trainer.data.SpecialText;
import llams.trainer.data.TokenCache;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.api.java.JavaSparkContext;

/// The tokens of written parts, in the directory where training looks for them: each part is read by a task as training
/// would read it.
///
/// @param cache     as `train --cache` names it
/// @param tokenizer a model's directory, or a tokenizer
/// @param config    of the model
record TokenCaches(String cache, String tokenizer, String config) implements Serializable {
    /// @param config null for the one beside the tokenizer
    static TokenCaches of(Path cache, Path tokenizer, Path config) throws IOException {
        Path place = tokenizer.toAbsolutePath();
        Path own = config == null ? place.resolve("config.json") : config.toAbsolutePath();
        TokenCaches caches = new TokenCaches(cache.toAbsolutePath().toString(), place.toString(), own.toString());
        // What is wrong with the files is said before anything else is done.
        caches.encoder();
        return caches;
    }

    private DocumentEncoder encoder() throws IOException {
        return DocumentEncoder.of(ModelText.of(Path.of(tokenizer), ChatTemplate.TRAINING),
                ConfigJson.readFile(Path.of(config)).vocab(), SpecialText.TEXT, TrainOn.ASSISTANT);
    }

    /// @return tokens of all parts
    long write(JavaSparkContext spark, FileSystem system, org.apache.hadoop.fs.Path directory) throws IOException {
        List<String> parts = new ArrayList<>();
        for (FileStatus file : KowikiJob.parts(system, directory)) {
            parts.add(file.getPath().toUri().getPath());
        }
        parts.sort(Comparator.naturalOrder());
        return spark.parallelize(parts, parts.size()).map(this::tokens).reduce(Long::sum);
    }

    private long tokens(String part) throws IOException {
        Corpus corpus = Corpus.load(List.of(Path.of(part)), encoder(), null, TokenCache.in(Path.of(cache)));
        long tokens = 0;
        for (int d = 0; d < corpus.documents().size(); d++) {
            tokens += corpus.documents().tokens(d);
        }
        return tokens;
    }
}
