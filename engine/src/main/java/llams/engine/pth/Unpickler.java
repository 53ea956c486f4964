package llams.engine.pth;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.tensor.DType;

/// Reads the pickle of a PyTorch file. A pickle is a program for a machine with a stack, which can call anything that
/// Python has; this reads the few instructions that a dictionary of tensors is made of, knows the few names that it may
/// mention, and calls nothing.
///
/// Values are `Long`, `Double`, `Boolean`, `String`, [#NONE], lists, maps, and the records below.
final class Unpickler {
    /// A view of a storage.
    ///
    /// @param offset in elements
    record View(Storage storage, long offset, long[] dims, long[] strides) {}

    /// @param key the name of the entry that holds it
    record Storage(DType dtype, String key) {}

    /// A name of Python's that may be mentioned.
    private enum Name {
        DICTIONARY, TENSOR, PARAMETER, FLOAT, HALF, BFLOAT16
    }

    static final Object NONE = new Object();
    private static final Object MARK = new Object();
    private static final Map<String, Name> NAMES = Map.of("collections OrderedDict", Name.DICTIONARY,
            "torch._utils _rebuild_tensor_v2", Name.TENSOR, "torch._utils _rebuild_parameter", Name.PARAMETER,
            "torch FloatStorage", Name.FLOAT, "torch HalfStorage", Name.HALF, "torch BFloat16Storage", Name.BFLOAT16);
    private static final int MOST_BYTES = 16 << 20;
    private static final int MOST_VALUES = 1_000_000;
    private static final int MOST_RANK = 8;

    private final Path file;
    private final PickleBytes bytes;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();
    private int values;

    private Unpickler(Path file, MemorySegment pickle) {
        this.file = file;
        bytes = new PickleBytes(file, pickle);
    }

    /// What a pickle makes.
    ///
    /// @param file for messages
    /// @throws PthException if it asks for anything but data
    static Object read(Path file, MemorySegment pickle) throws PthException {
        if (pickle.byteSize() > MOST_BYTES) {
            throw new PthException(file,
                    "has a pickle of " + pickle.byteSize() + " bytes; a model's has at most " + MOST_BYTES);
        }
        return new Unpickler(file, pickle).run();
    }

    private Object run() throws PthException {
        while (true) {
            long begin = bytes.at();
            int instruction = bytes.u8();
            switch (instruction) {
                case 0x80 -> bytes.u8(); // PROTO
                case 0x95 -> bytes.i64(); // FRAME
                case '(' -> push(MARK);
                case '}' -> push(new LinkedHashMap<>());
                case ']' -> push(new ArrayList<>());
                case ')' -> push(List.of());
                case 't' -> push(List.copyOf(toMark()));
                case 0x85, 0x86, 0x87 -> push(List.copyOf(pop(instruction - 0x84))); // TUPLE1 to TUPLE3
                case 'N' -> push(NONE);
                case 0x88 -> push(true);
                case 0x89 -> push(false);
                case 'J' -> push((long) bytes.i32());
                case 'K' -> push((long) bytes.u8());
                case 'M' -> push((long) (bytes.u8() | bytes.u8() << 8));
                case 0x8a -> push(bytes.wholeNumber(bytes.u8())); // LONG1
                case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(bytes.i64())));
                case 'X' -> push(bytes.text(bytes.i32()));
                case 0x8c -> push(bytes.text(bytes.u8())); // SHORT_BINUNICODE
                case 'q' -> remember(bytes.u8());
                case 'r' -> remember(bytes.i32());
                case 0x94 -> remember(memo.size()); // MEMOIZE
                case 'h' -> push(remembered(bytes.u8()));
                case 'j' -> push(remembered(bytes.i32()));
                case 'c' -> push(name(bytes.line() + " " + bytes.line()));
                case 0x93 -> { // STACK_GLOBAL
                    String name = key(pop());
                    push(name(key(pop()) + " " + name));
                }
                case 'Q' -> push(storage(pop()));
                case 'R' -> {
                    List<Object> both = pop(2);
                    push(made(both.getFirst(), both.getLast()));
                }
                case 'a' -> {
                    Object element = pop();
                    growing(top()).add(element);
                }
                case 'e' -> {
                    List<Object> elements = toMark();
                    growing(top()).addAll(elements);
                }
                case 's' -> {
                    List<Object> both = pop(2);
                    map(top()).put(key(both.getFirst()), both.getLast());
                }
                case 'u' -> {
                    List<Object> pairs = toMark();
                    for (int i = 0; i + 1 < pairs.size(); i += 2) {
                        map(top()).put(key(pairs.get(i)), pairs.get(i + 1));
                    }
                }
                case 'b' -> { // BUILD: attributes, such as a dictionary's version
                    pop();
                    map(top());
                }
                case '.' -> {
                    return pop();
                }
                default -> throw new PthException(file, String.format(
                        "asks for the instruction 0x%02x at byte %d of its pickle, which no file of tensors needs;"
                                + " nothing was executed",
                        instruction, begin));
            }
        }
    }

    private Name name(String written) throws PthException {
        Name name = NAMES.get(written);
        if (name == null) {
            throw new PthException(file,
                    "asks for Python's " + cut(written) + ", which no file of tensors needs; nothing was executed");
        }
        return name;
    }

    private static String cut(String text) {
        return text.length() > 80 ? text.substring(0, 80) + "..." : text;
    }

    /// What calling a name would give.
    private Object made(Object called, Object arguments) throws PthException {
        List<Object> given = list(arguments);
        if (called == Name.DICTIONARY && given.isEmpty()) {
            return new LinkedHashMap<>();
        }
        if (called == Name.TENSOR && given.size() >= 4 && given.get(0) instanceof Storage storage
                && given.get(1) instanceof Long offset) {
            return new View(storage, offset, longs(given.get(2)), longs(given.get(3)));
        }
        if (called == Name.PARAMETER && !given.isEmpty() && given.getFirst() instanceof View view) {
            return view;
        }
        throw problem("calls something other than what makes a tensor; nothing was executed");
    }

    /// A persistent id of PyTorch's: `("storage", type, key, device, elements)`.
    private Storage storage(Object id) throws PthException {
        if (id instanceof List<?> parts && parts.size() == 5 && "storage".equals(parts.get(0))
                && parts.get(1) instanceof Name type && parts.get(2) instanceof String key) {
            return new Storage(switch (type) {
                case FLOAT -> DType.F32;
                case HALF -> DType.F16;
                case BFLOAT16 -> DType.BF16;
                case DICTIONARY, TENSOR, PARAMETER -> throw problem("has a storage of no type");
            }, key);
        }
        throw problem("refers to something other than a storage");
    }

    private long[] longs(Object tuple) throws PthException {
        List<Object> elements = list(tuple);
        if (elements.size() > MOST_RANK) {
            throw problem("has a tensor of " + elements.size() + " dimensions");
        }
        long[] longs = new long[elements.size()];
        for (int i = 0; i < longs.length; i++) {
            if (!(elements.get(i) instanceof Long value)) {
                throw problem("has a tensor whose shape is not made of numbers");
            }
            longs[i] = value;
        }
        return longs;
    }

    private void remember(int place) throws PthException {
        count();
        memo.put(place, top());
    }

    private Object remembered(int place) throws PthException {
        Object value = memo.get(place);
        if (value == null) {
            throw problem("refers to a value that it does not have");
        }
        return value;
    }

    @SuppressWarnings("unchecked")
    private List<Object> list(Object value) throws PthException {
        if (value instanceof List<?> list) {
            return (List<Object>) list;
        }
        throw problem("has something else where a list was wanted");
    }

    /// A list, not a tuple.
    @SuppressWarnings("unchecked")
    private List<Object> growing(Object value) throws PthException {
        if (value instanceof ArrayList<?> list) {
            return (List<Object>) list;
        }
        throw problem("has something else where a list was wanted");
    }

    /// Only texts are keys, and names: whatever contains itself has no hash.
    private String key(Object value) throws PthException {
        if (value instanceof String key) {
            return key;
        }
        throw problem("has something else where a text was wanted");
    }

    @SuppressWarnings("unchecked")
    private Map<Object, Object> map(Object value) throws PthException {
        if (value instanceof Map<?, ?> map) {
            return (Map<Object, Object>) map;
        }
        throw problem("has something else where a dictionary was wanted");
    }

    private void push(Object value) throws PthException {
        count();
        stack.add(value);
    }

    private void count() throws PthException {
        if (++values > MOST_VALUES) {
            throw problem("has more than " + MOST_VALUES + " values");
        }
    }

    private Object top() throws PthException {
        if (stack.isEmpty() || stack.getLast() == MARK) {
            throw problem("takes a value from an empty stack");
        }
        return stack.getLast();
    }

    private Object pop() throws PthException {
        top();
        return stack.removeLast();
    }

    private List<Object> pop(int count) throws PthException {
        List<Object> popped = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            popped.addFirst(pop());
        }
        return popped;
    }

    /// All values above the last mark, which goes, too.
    private List<Object> toMark() throws PthException {
        int mark = stack.lastIndexOf(MARK);
        if (mark < 0) {
            throw problem("has no beginning for what it ends");
        }
        List<Object> above = stack.subList(mark, stack.size());
        List<Object> values = new ArrayList<>(above.subList(1, above.size()));
        above.clear();
        return values;
    }

    private PthException problem(String what) {
        return bytes.problem(what);
    }
}
