package llams.trainer.explain;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.plan.Explanation;
import llams.engine.plan.Explanation.Phase;
import llams.engine.plan.Explanation.Row;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.trainer.measure.ProgramTimes;

/// Work, explained: its instructions in sections that people can take in, such as a layer's backward pass.
public record Explained(Work work, Device device, List<Part> parts) {
    /// @param nanos of each of [Program#groups]; null if nothing was measured
    public record Part(String name, Program program, Explanation explanation, List<Section> sections, long[] nanos) {
        /// Of a row: that of all instructions that run with it, at the first of them; 0 at the others.
        long nanos(Row row) {
            return nanos == null || row.instruction().isJoined() ? 0 : nanos[row.group()];
        }

        public long nanos(List<Row> rows) {
            return rows.stream().mapToLong(this::nanos).sum();
        }
    }

    /// @param title as `layer 3, backward`
    public record Section(String title, Phase phase, int block, List<Row> rows) {
        public long flops() {
            return rows.stream().mapToLong(row -> row.cost().flops()).sum();
        }

        public long movedBytes() {
            return rows.stream().mapToLong(row -> row.cost().readBytes() + row.cost().writtenBytes()).sum();
        }
    }

    /// @param device whose kernels are named
    public static Explained of(Work work, Device device) {
        return of(work, device, null, 0);
    }

    /// The same with times.
    ///
    /// @param tensors those of the model's leaves that there are, by name; others get random numbers
    /// @param seconds that the runs of each program take, at least
    public static Explained measured(Work work, Device device, Map<String, Tensor> tensors, double seconds) {
        return of(work, device, tensors, seconds);
    }

    private static Explained of(Work work, Device device, Map<String, Tensor> tensors, double seconds) {
        List<Part> parts = new ArrayList<>();
        for (Work.Part part : work.parts()) {
            Explanation explanation = Explanation.of(part.program());
            long[] nanos = tensors == null
                    ? null
                    : ProgramTimes.of(device, part.program(), work.config(), tensors, part.fill(), seconds);
            parts.add(new Part(part.name(), part.program(), explanation, sections(explanation.rows()), nanos));
        }
        return new Explained(work, device, parts);
    }

    private static List<Section> sections(List<Row> rows) {
        List<Section> sections = new ArrayList<>();
        for (Row row : rows) {
            Section last = sections.isEmpty() ? null : sections.getLast();
            if (last == null || last.phase != row.phase() || last.block != row.block()) {
                last = new Section(title(row, sections), row.phase(), row.block(), new ArrayList<>());
                sections.add(last);
            }
            last.rows.add(row);
        }
        return sections;
    }

    private static String title(Row row, List<Section> before) {
        boolean isAfterBlocks = before.stream().anyMatch(s -> s.phase == row.phase() && s.block >= 0);
        return switch (row.phase()) {
            case FORWARD -> row.block() >= 0 ? "layer " + row.block() : isAfterBlocks ? "norm and head" : "embedding";
            case BACKWARD -> (row.block() >= 0 ? "layer " + row.block() : isAfterBlocks ? "embedding" : "head and norm")
                    + ", backward";
            case UPDATE -> "update";
        };
    }

    /// The source file of what runs an instruction, such as `llams/engine/cpu/Gemm.java`; empty if it is not known.
    public String file(Row row) {
        Class<?> kernel = device.kernel(row.instruction());
        return kernel == null ? "" : kernel.getName().replace('.', '/').replaceFirst("\\$.*", "") + ".java";
    }
}
