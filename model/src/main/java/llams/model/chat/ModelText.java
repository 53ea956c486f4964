package llams.model.chat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import llams.engine.gguf.GgufFile;
import llams.model.files.GgufText;
import llams.model.files.ModelFiles;
import llams.model.files.Sha256;
import llams.tokenizer.TextFrame;
import llams.tokenizer.Tokenizer;

/// A model's conventions for text: its tokenizer, what begins and ends a text, and how conversations are written.
public final class ModelText {
    private static final List<String> DECISIVE = Stream
            .of(ModelFiles.TOKENIZER.stream(), ModelFiles.CHAT.stream(), Stream.of("config.json"))
            .flatMap(names -> names)
            .toList();

    private final Path place;
    /// What stands in `place`; null unless that is a GGUF file.
    private final GgufText gguf;
    private final Path adapter;
    private final Tokenizer tokenizer;
    private final TextFrame frame;
    private final Clock clock;
    private ChatTemplate chat;

    private ModelText(Path place, GgufText gguf, Path adapter, Tokenizer tokenizer, TextFrame frame, Clock clock) {
        this.place = place;
        this.gguf = gguf;
        this.adapter = adapter;
        this.tokenizer = tokenizer;
        this.frame = frame;
        this.clock = clock;
    }

    /// @param place of the tokenizer and what stands beside it: a model's directory, a GGUF file, or a tokenizer's file
    /// @param clock the date for a chat template that writes it; for training, [ChatTemplate#TRAINING]
    public static ModelText of(Path place, Clock clock) throws IOException {
        return of(place, null, clock);
    }

    /// @param adapter a directory whose chat template, if it has one, is used instead of the model's; may be null
    public static ModelText of(Path place, Path adapter, Clock clock) throws IOException {
        if (GgufFile.is(place)) {
            GgufText gguf = GgufText.read(place);
            return new ModelText(place, gguf, adapter, gguf.tokenizer(), gguf.frame(), clock);
        }
        Tokenizer tokenizer = Tokenizer.load(place);
        return new ModelText(place, null, adapter, tokenizer, TextFrame.of(place, tokenizer), clock);
    }

    /// A tokenizer on its own: with Llama 3's special tokens and chat format.
    public static ModelText of(Tokenizer tokenizer) {
        return new ModelText(null, null, null, tokenizer, TextFrame.of(tokenizer), ChatTemplate.TRAINING);
    }

    /// The same with [Tokenizer#cuttingLongRuns].
    public ModelText cuttingLongRuns() {
        return new ModelText(place, gguf, adapter, tokenizer.cuttingLongRuns(), frame, clock);
    }

    /// A hash of all files that decide how text becomes ids, and of nothing else that can change; null for a tokenizer on
    /// its own.
    public String fingerprint() throws IOException {
        if (place == null) {
            return null;
        }
        StringBuilder sums = new StringBuilder(tokenizer.size() + " " + frame + " " + clock.instant());
        Path home = Files.isDirectory(place) ? place : place.toAbsolutePath().getParent();
        List<Path> directories = new ArrayList<>(gguf == null ? List.of(home) : List.of());
        if (adapter != null) {
            directories.add(adapter);
        }
        for (Path directory : directories) {
            for (String name : DECISIVE) {
                Path file = directory.resolve(name);
                sums.append('\n').append(Files.isRegularFile(file) ? Sha256.ofFile(file) : "none");
            }
        }
        String own = gguf != null
                ? GgufText.fingerprint(place)
                : Files.isRegularFile(place) ? Sha256.ofFile(place) : "none";
        return Sha256.ofText(sums + "\n" + own);
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public TextFrame frame() {
        return frame;
    }

    /// How conversations are written; looked up on first use.
    ///
    /// @throws UncheckedIOException     if the model's template cannot be read or rendered
    /// @throws IllegalArgumentException if there is none, and the vocabulary lacks the tokens of Llama 3's format
    public ChatTemplate chat() {
        if (chat == null) {
            try {
                Path home = place == null || Files.isDirectory(place) ? place : place.toAbsolutePath().getParent();
                boolean isAdapters = adapter != null && TemplateFile.find(adapter) != null;
                if (gguf != null && !isAdapters) {
                    chat = ChatTemplate.of(place, gguf, clock);
                } else {
                    Path directory = isAdapters ? adapter : home;
                    chat = directory == null
                            ? new Llama3Template(tokenizer, false)
                            : ChatTemplate.of(directory, tokenizer, clock);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return chat;
    }
}
