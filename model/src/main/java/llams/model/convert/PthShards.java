package llams.model.convert;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import llams.engine.llama.Llama;
import llams.engine.llama.ProjectionName;
import llams.engine.pth.PthFile;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.Tensor;
import llams.model.merge.parts.Floats;

/// The files of one model as Meta publishes it, each of which has a part of every matrix: rows of those whose outputs are
/// split, columns of those whose inputs are.
final class PthShards implements AutoCloseable {
    private static final Pattern SHARD = Pattern.compile("consolidated\\.\\d+\\.pth");
    /// Names within a layer.
    private static final Map<String, String> NAMES = Map.of("input_layernorm", "attention_norm",
            "post_attention_layernorm", "ffn_norm", ProjectionName.Q.path, "attention.wq", ProjectionName.K.path,
            "attention.wk", ProjectionName.V.path, "attention.wv", ProjectionName.O.path, "attention.wo",
            ProjectionName.GATE.path, "feed_forward.w1", ProjectionName.UP.path, "feed_forward.w3",
            ProjectionName.DOWN.path, "feed_forward.w2");
    private static final Map<String, String> OUTSIDE = Map.of(Llama.EMBEDDING, "tok_embeddings.weight", Llama.NORM,
            "norm.weight", Llama.HEAD, "output.weight");

    final Path directory;
    private final List<PthFile> shards = new ArrayList<>();

    private PthShards(Path directory) {
        this.directory = directory;
    }

    /// @throws IOException if there is none, or one is damaged or has more in it than tensors; says which
    static PthShards open(Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> children = Files.list(directory)) {
            files = children.filter(child -> SHARD.matcher(child.getFileName().toString()).matches()).sorted().toList();
        }
        if (files.isEmpty()) {
            throw new IOException(directory + ": there is no consolidated.00.pth");
        }
        PthShards shards = new PthShards(directory);
        try {
            for (Path file : files) {
                shards.shards.add(PthFile.open(file));
            }
            return shards;
        } catch (IOException | RuntimeException e) {
            shards.close();
            throw e;
        }
    }

    int size() {
        return shards.size();
    }

    void verifyUnchanged() throws IOException {
        for (PthFile shard : shards) {
            shard.verifyUnchanged();
        }
    }

    /// The rows of a weight, put together from what each file has of it.
    ///
    /// @throws IOException if that does not make the weight
    RowConversion.Source source(TensorInfo weight) throws IOException {
        List<Tensor> pieces = pieces(weight.name());
        int length = Math.toIntExact(weight.shape().dim(-1));
        check(weight, pieces);
        if (weight.shape().rank() == 1) {
            return (part, row, rows) -> part.read(pieces.getFirst(), 0, length);
        }
        return pieces.getFirst().shape().dim(1) == length
                ? (part, row, rows) -> rowsOf(pieces, part, row, rows)
                : (part, row, rows) -> columnsOf(pieces, part, row, rows);
    }

    /// Pieces one below the other.
    private static void rowsOf(List<Tensor> pieces, Floats part, long row, int rows) {
        long begin = 0;
        for (Tensor piece : pieces) {
            long end = begin + piece.shape().dim(0);
            long from = Math.max(row, begin);
            long to = Math.min(row + rows, end);
            if (from < to) {
                int length = piece.dim(1);
                part.read(piece, (from - begin) * length, (int) (to - from) * length, (int) (from - row) * length);
            }
            begin = end;
        }
    }

    /// Pieces beside each other.
    private static void columnsOf(List<Tensor> pieces, Floats part, long row, int rows) {
        int at = 0;
        for (int i = 0; i < rows; i++) {
            for (Tensor piece : pieces) {
                int length = piece.dim(1);
                part.read(piece, (row + i) * length, length, at);
                at += length;
            }
        }
    }

    /// Checks that the pieces make the weight: each whole in one direction, together whole in the other.
    private void check(TensorInfo weight, List<Tensor> pieces) throws IOException {
        Tensor first = pieces.getFirst();
        boolean fits = first.shape().rank() == weight.shape().rank();
        if (fits && weight.shape().rank() == 1) {
            fits = pieces.stream().allMatch(piece -> piece.shape().equals(weight.shape()));
        } else if (fits) {
            int split = first.shape().dim(1) == weight.shape().dim(1) ? 0 : 1;
            long sum = 0;
            for (Tensor piece : pieces) {
                fits &= piece.shape().rank() == 2 && piece.shape().dim(1 - split) == weight.shape().dim(1 - split);
                sum += fits ? piece.shape().dim(split) : 0;
            }
            fits &= sum == weight.shape().dim(split);
        }
        fits &= pieces.stream().allMatch(piece -> piece.dtype() == first.dtype());
        if (!fits) {
            throw new IOException(directory + ": \"" + metaName(weight.name()) + "\" is "
                    + pieces.stream().map(piece -> piece.dtype() + " " + piece.shape()).toList() + " in the "
                    + shards.size() + " files, which does not make " + weight.shape());
        }
    }

    /// What each file has of a weight.
    List<Tensor> pieces(String name) throws IOException {
        List<Tensor> pieces = new ArrayList<>();
        for (PthFile shard : shards) {
            Tensor piece = shard.tensors.get(metaName(name));
            if (piece == null) {
                throw new IOException(shard.path + ": there is no tensor \"" + metaName(name) + "\" among the "
                        + shard.tensors.size());
            }
            pieces.add(piece);
        }
        return pieces;
    }

    /// The name of a weight in the files.
    static String metaName(String name) {
        if (OUTSIDE.containsKey(name)) {
            return OUTSIDE.get(name);
        }
        String[] parts = name.split("\\.", 4);
        return "layers." + parts[2] + "." + NAMES.get(parts[3].substring(0, parts[3].lastIndexOf('.'))) + ".weight";
    }

    /// Whether the head is the table of tokens.
    boolean isTied() throws IOException {
        List<Tensor> embedding = pieces(Llama.EMBEDDING);
        for (int i = 0; i < shards.size(); i++) {
            Tensor head = shards.get(i).tensors.get(OUTSIDE.get(Llama.HEAD));
            if (head != null && (!head.shape().equals(embedding.get(i).shape())
                    || head.data().mismatch(embedding.get(i).data()) >= 0)) {
                return false;
            }
        }
        return true;
    }

    /// Rows of a weight in all files.
    int rows(String name) throws IOException {
        long rows = 0;
        for (Tensor piece : pieces(name)) {
            rows += piece.shape().rank() == 2 ? piece.shape().dim(0) : 0;
        }
        if (rows < 1 || rows > Integer.MAX_VALUE) {
            throw new IOException(directory + ": \"" + metaName(name) + "\" has " + rows + " rows");
        }
        return (int) rows;
    }

    @Override
    public void close() throws IOException {
        for (PthFile shard : shards) {
            shard.close();
        }
    }
}
