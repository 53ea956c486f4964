package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.engine.llama.LlamaConfig;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.model.files.SettingException;
import llams.trainer.data.Corpus;
import llams.trainer.data.DataFiles;
import llams.trainer.data.DataSource;
import llams.trainer.data.DocumentEncoder;
import llams.trainer.data.MixedSequences;
import llams.trainer.data.PackedDataset;
import llams.trainer.data.PairDataset;
import llams.trainer.data.RowForm;
import llams.trainer.data.Sequences;

/// From a request to a run that is ready to start. What can be refused is refused in the order of its cost: settings,
/// output directory, memory, data.
///
/// @param isWritten whether the run will be continued, not only looked at
record RunOpener(TrainRequest request, boolean isWritten, TrainingRun.Listener listener) {
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
        TrainSettings settings = request.settings().forModel(config).onEachOf(request.collective().size());
        if (config.metadata().attentionDropout() > 0) {
            listener.note("config.json says attention_dropout " + config.metadata().attentionDropout()
                    + ", which is not applied");
        }
        if (isWritten && request.collective().rank() == 0) {
            RunDirectory.check(request.out(), request.resume());
        }
        Teaching teaching = teaching(settings, config, request.tokenizerPlace());
        try {
            return open(config, base, teaching.known(settings), teaching);
        } catch (IOException | RuntimeException e) {
            teaching.close();
            throw e;
        }
    }

    private Teaching teaching(TrainSettings settings, LlamaConfig config, Path tokenizer) throws IOException {
        boolean isTaught = settings.objective() instanceof Distilled;
        SettingException.check(isTaught == (request.teacher() != null), "teacher", request.teacher(),
                isTaught ? "given" : "none, unless the objective learns from one");
        return settings.objective() instanceof Distilled asked
                ? Teaching.open(request.teacher(), asked, config, tokenizer, settings.tokens())
                : Teaching.NONE;
    }

    private TrainingRun open(LlamaConfig config, LlamaWeights base, TrainSettings settings, Teaching teaching)
            throws IOException {
        StepPrograms programs = StepPrograms.of(config, base == null ? null : base.frozen(), settings, 0);
        Forecast.check(programs, config, base, settings);
        if (!isWritten) {
            // A step or a few: the time is that of getting ready.
            request.device().expect(programs.all());
        }
        Path tokenizer = request.tokenizerPlace();
        ModelText text = tokenizer == null ? null : ModelText.of(tokenizer, ChatTemplate.TRAINING);
        DocumentEncoder encoder = DocumentEncoder.of(text, config.vocab(), request.data().special(),
                request.data().trainOn());
        Loaded training = training(encoder, settings);
        Sequences data = training.data;
        Sequences heldOut = null;
        if (!request.data().heldOut().isEmpty()) {
            Loaded held = load(request.data().heldOut(), encoder, settings);
            Corpus.overlaps(training.parts, held.parts).forEach(listener::note);
            heldOut = held.data;
        }
        note(training, text);
        TrainingRun run = base == null
                ? TrainingRun.ofRandom(request.device(), settings, config, tokenizer, data, heldOut, request.out())
                : TrainingRun.of(request.device(), settings, base, request.adapter(), data, heldOut, request.out())
                        .owning(base, tokenizer);
        run.dataFiles = RunCard.files(request.data());
        run.text = text;
        run.taughtBy(teaching).on(request.collective());
        return (training.conversations > 0 ? run.onConversations(text) : run).watched(request.watch(), text);
    }

    private record Loaded(Sequences data, int conversations, List<Corpus.Part> parts) {}

    private Loaded training(DocumentEncoder encoder, TrainSettings settings) throws IOException {
        DataFiles files = request.data();
        if (files.weights().isEmpty()) {
            return load(files.training(), encoder, settings);
        }
        List<Sequences> sources = new ArrayList<>();
        List<Corpus.Part> parts = new ArrayList<>();
        int conversations = 0;
        for (DataSource source : files.training()) {
            Loaded one = load(List.of(source), encoder, settings);
            sources.add(one.data);
            parts.addAll(one.parts);
            conversations += one.conversations;
        }
        MixedSequences mixed = new MixedSequences(sources, files.weights());
        mixed.notes(files.training()).forEach(listener::note);
        return new Loaded(mixed, conversations, parts);
    }

    private Loaded load(List<DataSource> sources, DocumentEncoder encoder, TrainSettings settings) throws IOException {
        boolean areOfPairs = settings.objective().isOfPairs();
        Corpus corpus = request.data().load(sources, encoder, areOfPairs ? RowForm.PAIR : RowForm.SAMPLE, listener);
        corpus.notes().forEach(listener::note);
        return new Loaded(
                areOfPairs
                        ? new PairDataset(corpus.documents(), settings.tokens())
                        : new PackedDataset(corpus.documents(), settings.tokens(), settings.pack()),
                corpus.conversations(), corpus.parts());
    }

    private void note(Loaded training, ModelText text) {
        if (text != null && text.frame().note() != null) {
            listener.note(text.frame().note());
        }
        if (training.conversations > 0 && !text.chat().isModels()) {
            listener.note("the model has no chat template: conversations are written in Llama 3's format, and the"
                    + " result will say so");
        }
    }
}
