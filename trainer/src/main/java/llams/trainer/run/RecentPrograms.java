package llams.trainer.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.plan.Program;

/// Compiled programs by the size of their batch: where every document is a sequence of its own, each length has one.
/// The most recently used are kept, within a memory budget; others are compiled again when needed, which takes about a
/// hundredth of a second and changes no number.
final class RecentPrograms {
    /// Of one operation, planned and bound to its operands: measured on models of 2, 16 and 32 layers, 750 to 1,070.
    private static final int INSTRUCTION_BYTES = 1000;
    /// Of one token in the inputs: id, position, document's start, label, row of the logits.
    private static final int TOKEN_BYTES = 5 * Integer.BYTES;
    private static final long BUDGET_BYTES = 128 << 20;
    private static final int FEWEST = 4;

    private final Session session;
    private final long budgetBytes;
    private final Map<List<Long>, Executable> programs = new LinkedHashMap<>(16, 0.75f, true);

    RecentPrograms(Session session) {
        this(session, budgetBytes());
    }

    RecentPrograms(Session session, long budgetBytes) {
        this.session = session;
        this.budgetBytes = budgetBytes;
    }

    /// Plans are on the Java heap, of which they may take an eighth.
    private static long budgetBytes() {
        return Math.min(BUDGET_BYTES, Runtime.getRuntime().maxMemory() / 8);
    }

    private static long bytes(Program program, long tokens) {
        return (long) INSTRUCTION_BYTES * program.instructions().size() + TOKEN_BYTES * tokens;
    }

    /// Bytes that the kept programs take at most.
    ///
    /// @param longest for the most tokens
    /// @param lengths how many there can be
    static long mostBytes(Program longest, long tokens, long lengths) {
        long each = bytes(longest, tokens);
        return each * Math.min(lengths, Math.max(FEWEST, budgetBytes() / each));
    }

    /// The program for batches of this size; compiled if it is not kept.
    Executable get(long tokens, long rowLength, Supplier<Program> plan) {
        List<Long> size = List.of(tokens, rowLength);
        Executable kept = programs.get(size);
        if (kept != null) {
            return kept;
        }
        Program program = plan.get();
        long most = Math.max(FEWEST, budgetBytes / bytes(program, tokens));
        Map.Entry<List<Long>, Executable> oldest = programs.isEmpty() ? null : programs.entrySet().iterator().next();
        if (programs.size() >= most && oldest.getValue().givesBack()) {
            programs.remove(oldest.getKey());
            oldest.getValue().close();
        }
        Executable compiled = session.compile(program);
        programs.put(size, compiled);
        return compiled;
    }

    /// How many are kept.
    int size() {
        return programs.size();
    }
}
