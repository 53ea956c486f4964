package llams.trainer.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Result;
import llams.engine.graph.TopTokens;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.RopeTable;
import llams.engine.llama.Sequence;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.files.ModelFiles;
import llams.model.lora.BaseFingerprint;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.PackedSequence;
import llams.trainer.data.Sequences;
import llams.trainer.data.TeacherFileWriter;
import llams.trainer.data.TeacherTokens;

/// A model whose probabilities another one learns from.
///
/// @param model       its leaves have names of their own, beside those of the model that learns
/// @param tensors     of these leaves, by name
/// @param fingerprint of its weights
record Teacher(LlamaWeights weights, Llama model, Map<String, Tensor> tensors,
        String fingerprint) implements AutoCloseable {
    /// @param learner   the config of the model that learns
    /// @param tokenizer of that model; null if it has none
    /// @throws IOException if the weights cannot be used, or the vocabularies differ
    static Teacher open(Path directory, LlamaConfig learner, Path tokenizer, int tokens) throws IOException {
        LlamaWeights weights = LlamaWeights.open(directory);
        try {
            if (weights.config.vocab() != learner.vocab()) {
                throw new IOException(directory + ": a teacher needs the vocabulary of the model that learns: it has "
                        + weights.config.vocab() + " ids, the model " + learner.vocab() + " (vocab_size)");
            }
            if (weights.config.maxPositions() < tokens) {
                throw new IOException(directory + ": the teacher's context has " + weights.config.maxPositions()
                        + " tokens (max_position_embeddings), and sequences have " + tokens + "; try `tokens "
                        + weights.config.maxPositions() + "`");
            }
            if (tokenizer != null && ModelFiles.hasTokenizer(directory)) {
                compare(Tokenizer.load(directory), Tokenizer.load(tokenizer), directory);
            }
            Llama model = Llama.of(weights.config, (name, dims) -> own(weights.frozen().leaf(name, dims)),
                    Llama.Wrap.NONE);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            weights.resident().forEach((name, tensor) -> tensors.put(ownName(name), tensor));
            return new Teacher(weights, model, tensors, BaseFingerprint.ofBoth(weights));
        } catch (IOException | RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static void compare(Tokenizer teachers, Tokenizer learners, Path directory) throws IOException {
        for (int id = 0; id < Math.min(teachers.size(), learners.size()); id++) {
            if (!Arrays.equals(teachers.bytes(id), learners.bytes(id))) {
                throw new IOException(directory + ": a teacher needs the vocabulary of the model that learns: id " + id
                        + " is \"" + teachers.decode(id) + "\", and there it is \"" + learners.decode(id) + "\"");
            }
        }
    }

    /// A leaf of the teacher's.
    static Leaf own(Leaf leaf) {
        return new Leaf(leaf.kind(), ownName(leaf.name()), leaf.type());
    }

    private static String ownName(String name) {
        return "teacher." + name;
    }

    /// Its weights and its table of angles, by name.
    Map<String, Tensor> resident(Arena arena, int positions) {
        Map<String, Tensor> resident = new LinkedHashMap<>(tensors);
        resident.put(ownName(RopeTable.NAME), RopeTable.create(arena, weights.config, positions));
        return resident;
    }

    /// Asks it about all data, a sequence at a time, and writes what it says into a file.
    ///
    /// @param stops whether to give up before the next sequence
    /// @return whether all was asked; else there is no file
    boolean write(Device device, Sequences data, Distilled asked, int positions, Path file, BooleanSupplier stops)
            throws IOException {
        try (Arena arena = Arena.ofShared();
                Session session = weights.watched(device).open(resident(arena, positions));
                TeacherFileWriter writer = new TeacherFileWriter(file, data.size(), asked.count())) {
            RecentPrograms programs = new RecentPrograms(session);
            for (int s = 0; s < data.size(); s++) {
                if (stops.getAsBoolean()) {
                    return false;
                }
                PackedSequence sequence = data.sequence(s);
                MicroBatch batch = MicroBatch.of(List.of(sequence));
                Executable program = programs.get(batch.tokens(), batch.rowLength(),
                        () -> program(asked, batch.tokens(), positions, batch.rowLength()));
                batch.fill(program);
                program.run();
                writer.add(sequence, new TeacherTokens(asked.count(), ints(program.output("ids")),
                        program.output("logp").toFloats()));
            }
            writer.finish(fingerprint);
            return true;
        }
    }

    Program program(Distilled asked, int tokens, int positions, long rowLength) {
        Graph g = new Graph();
        Sequence at = Sequence.of(model.config(), tokens, positions, rowLength);
        List<Result> said = Distilled.topTokens(g, model, at, tokens, asked.count(), asked.temperature());
        return Program.of(g, Map.of("ids", said.get(TopTokens.IDS), "logp", said.get(TopTokens.LOGP)));
    }

    private static int[] ints(Tensor tensor) {
        int[] values = new int[Math.toIntExact(tensor.elements())];
        Arrays.setAll(values, tensor::getInt);
        return values;
    }

    @Override
    public void close() throws IOException {
        weights.close();
    }
}
