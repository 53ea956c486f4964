package llams.trainer.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import llams.model.PassingDisk;

/// Records what is written, forced, renamed and deleted in a directory, and says what may be there after a power cut:
/// of writes that were not forced any part, and of names whose directory was not forced any of their changes.
final class RecordingDisk extends PassingDisk {
    /// What becomes of everything that was not forced.
    enum Cut {
        /// Nothing of it is there, as if the disk had written nothing by itself.
        NOTHING,
        /// All of it, as after a kill.
        ALL,
        /// The names are, the content is not.
        NAMES,
        /// The names are, and of the content a half.
        TORN,
        /// Each change by chance.
        RANDOM
    }

    /// A file or a directory, in all its names.
    private static final class Node {
        /// Null for a file.
        final Map<String, Node> children;
        Map<String, Node> forcedChildren = new TreeMap<>();
        /// Changes of names since then; a null node removes a name.
        final List<Map<String, Node>> changes = new ArrayList<>();

        byte[] forced = {};
        final List<Change> writes = new ArrayList<>();

        Node(boolean directory) {
            children = directory ? new TreeMap<>() : null;
        }
    }

    /// Bytes written at a position, or, without bytes, a new length.
    private record Change(long position, byte[] bytes) {
        byte[] applied(byte[] content) {
            if (bytes == null) {
                return Arrays.copyOf(content, (int) position);
            }
            byte[] changed = Arrays.copyOf(content, Math.max(content.length, (int) position + bytes.length));
            System.arraycopy(bytes, 0, changed, (int) position, bytes.length);
            return changed;
        }

        /// Only its first half was written; of the other half the disk has the place.
        Change torn() {
            return bytes == null
                    ? this
                    : new Change(position, Arrays.copyOf(Arrays.copyOf(bytes, bytes.length / 2), bytes.length));
        }
    }

    private final Path root;
    private final List<Runnable> operations = new ArrayList<>();
    private Node tree = new Node(true);

    /// @param root an empty directory
    RecordingDisk(Path root) {
        this.root = root;
    }

    /// How many operations were recorded.
    int size() {
        return operations.size();
    }

    /// Forgets what was replayed; the next call of [#replay] is for the first operation.
    void rewind() {
        tree = new Node(true);
    }

    /// Makes operation `index` in the model of the disk.
    void replay(int index) {
        operations.get(index).run();
    }

    /// What is on the disk if the power is cut now: the content of each file, and null for each directory, by its path.
    SortedMap<String, byte[]> after(Cut cut, Random random) {
        SortedMap<String, byte[]> paths = new TreeMap<>();
        collect(tree, "", cut, random, paths);
        return paths;
    }

    private static void collect(Node directory, String prefix, Cut cut, Random random, Map<String, byte[]> paths) {
        Map<String, Node> names = new HashMap<>(directory.forcedChildren);
        for (Map<String, Node> change : directory.changes) {
            if (cut != Cut.NOTHING && (cut != Cut.RANDOM || random.nextBoolean())) {
                change.forEach((name, node) -> {
                    if (node == null) {
                        names.remove(name);
                    } else {
                        names.put(name, node);
                    }
                });
            }
        }
        names.forEach((name, node) -> {
            if (node.children == null) {
                paths.put(prefix + name, content(node, cut, random));
            } else {
                paths.put(prefix + name, null);
                collect(node, prefix + name + "/", cut, random, paths);
            }
        });
    }

    private static byte[] content(Node file, Cut cut, Random random) {
        byte[] content = file.forced;
        for (Change change : file.writes) {
            content = switch (cut) {
                case NOTHING, NAMES -> content;
                case ALL -> change.applied(content);
                case TORN -> change.torn().applied(content);
                case RANDOM -> switch (random.nextInt(3)) {
                    case 0 -> content;
                    case 1 -> change.torn().applied(content);
                    default -> change.applied(content);
                };
            };
        }
        return content;
    }

    private Node node(Path path) {
        Node node = tree;
        for (Path name : root.relativize(path)) {
            node = name.toString().isEmpty() ? node : node.children.get(name.toString());
        }
        return node;
    }

    private void change(Path directory, Map<String, Node> change) {
        Node node = node(directory);
        change.forEach((name, child) -> {
            if (child == null) {
                node.children.remove(name);
            } else {
                node.children.put(name, child);
            }
        });
        node.changes.add(change);
    }

    private static Map<String, Node> named(Path path, Node node) {
        Map<String, Node> change = new HashMap<>();
        change.put(path.getFileName().toString(), node);
        return change;
    }

    @Override
    protected void writing(Path file, ByteBuffer bytes, long position) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        operations.add(() -> node(file).writes.add(new Change(position, copy)));
    }

    @Override
    protected void truncating(Path file, long bytes) {
        operations.add(() -> node(file).writes.add(new Change(bytes, null)));
    }

    @Override
    protected void forcing(Path file) {
        operations.add(() -> {
            Node node = node(file);
            node.forced = content(node, Cut.ALL, null);
            node.writes.clear();
        });
    }

    @Override
    public Output create(Path file) throws IOException {
        Output output = super.create(file);
        operations.add(() -> change(file.getParent(), named(file, new Node(false))));
        return output;
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        super.createDirectory(directory);
        operations.add(() -> change(directory.getParent(), named(directory, new Node(true))));
    }

    @Override
    public void move(Path from, Path to) throws IOException {
        super.move(from, to);
        operations.add(() -> {
            Map<String, Node> change = named(from, null);
            change.put(to.getFileName().toString(), node(from));
            change(from.getParent(), change);
        });
    }

    @Override
    public void delete(Path path) throws IOException {
        boolean exists = Files.exists(path);
        super.delete(path);
        if (exists) {
            operations.add(() -> change(path.getParent(), named(path, null)));
        }
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        super.forceDirectory(directory);
        operations.add(() -> {
            Node node = node(directory);
            node.forcedChildren = new TreeMap<>(node.children);
            node.changes.clear();
        });
    }
}
