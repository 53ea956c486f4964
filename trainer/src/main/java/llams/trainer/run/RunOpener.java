package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import llams.engine.llama.LlamaConfig;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.trainer.data.Corpus;
import llams.trainer.data.DocumentEncoder;
import llams.trainer.data.PackedDataset;

/// From a request to a run that is ready to start. What can be refused is refused in the order of its cost: settings,
/// output directory, memory, data.
record RunOpener(TrainRequest request, TrainingRun.Listener listener) {
    TrainingRun open() throws IOException {
        return switch (request.start()) {
            case TrainRequest.New(Path config) -> open(ConfigJson.readFile(config), null);
            case TrainRequest.Existing(Path model, TrainRequest.Weights weights, _) -> {
                LlamaWeights base = weights.open(model);
                try {
                    yield open(base.config, base);
                } catch (IOException | RuntimeException e) {
                    base.close();
                    throw e;
                }
            }
        };
    }

    /// @param base null for a new model
    private TrainingRun open(LlamaConfig config, LlamaWeights base) throws IOException {
        if (base != null) {
            base.notes.forEach(listener::note);
        }
        Path tokenizer = request.tokenizerPlace();
        ModelText text = tokenizer == null ? null : ModelText.of(tokenizer, ChatTemplate.TRAINING);
        TrainSettings settings = request.settings().forModel(config);
        if (config.metadata().attentionDropout() > 0) {
            listener.note("config.json says attention_dropout " + config.metadata().attentionDropout()
                    + ", which is not applied");
        }
        RunDirectory.check(request.out(), request.resume());
        Forecast.check(config, base, settings);
        DocumentEncoder encoder = DocumentEncoder.of(text, config.vocab(), request.data().special(),
                request.data().trainOn());
        Corpus corpus = load(request.data().training(), encoder);
        PackedDataset data = packed(corpus, settings);
        PackedDataset heldOut = request.data().heldOut().isEmpty()
                ? null
                : packed(load(request.data().heldOut(), encoder), settings);
        note(corpus, text);
        TrainingRun run = base == null
                ? TrainingRun.ofRandom(request.device(), settings, config, tokenizer, data, heldOut, request.out())
                : TrainingRun.of(request.device(), settings, base, request.adapter(), data, heldOut, request.out())
                        .owning(base, tokenizer);
        run.dataFiles = RunCard.files(request.data());
        return (corpus.conversations() > 0 ? run.onConversations(text) : run).watched(request.watch(), text);
    }

    private Corpus load(List<Path> files, DocumentEncoder encoder) throws IOException {
        Corpus corpus = request.data().load(files, encoder);
        corpus.notes().forEach(listener::note);
        return corpus;
    }

    private static PackedDataset packed(Corpus corpus, TrainSettings settings) {
        return new PackedDataset(corpus.documents(), settings.tokens(), settings.pack());
    }

    private void note(Corpus corpus, ModelText text) {
        if (text != null && text.frame().note() != null) {
            listener.note(text.frame().note());
        }
        if (corpus.conversations() > 0 && !text.chat().isModels()) {
            listener.note("the model has no chat template: conversations are written in Llama 3's format, and the"
                    + " result will say so");
        }
    }
}
