package llams.trainer.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import llams.engine.device.Device;
import llams.model.card.ProgramVersion;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What must be the same at all workers: the program, the device's arithmetic, and all that [RunSettings] name.
record Agreement(Workers workers, Device device) {
    /// For all workers to call.
    ///
    /// @throws IOException if there is a worker that differs from the first one; that says in what
    void check(RunSettings asked) throws IOException {
        if (workers.isAlone()) {
            return;
        }
        SortedMap<String, String> here = new TreeMap<>(asked.values());
        here.put("program", ProgramVersion.of(Agreement.class));
        here.put("arithmetic", device.arithmetic());
        SortedMap<String, String> first = ofFirst(here);
        TreeSet<String> names = new TreeSet<>(first.keySet());
        names.addAll(here.keySet());
        List<String> differences = new ArrayList<>();
        for (String name : names) {
            String other = first.getOrDefault(name, "none");
            String own = here.getOrDefault(name, "none");
            if (!own.equals(other)) {
                differences.add(name + " is " + own + " and not " + other);
            }
        }
        boolean anyDiffers = workers.any(!differences.isEmpty());
        if (!differences.isEmpty()) {
            throw new IOException("worker " + workers.collective().rank() + " differs from worker 0: "
                    + String.join("; ", differences) + "; give all workers the same program, options, model and data");
        }
        if (anyDiffers) {
            throw new IOException(
                    "a worker differs from worker 0 in its program, options, model or data, and says in" + " which");
        }
    }

    private SortedMap<String, String> ofFirst(SortedMap<String, String> here) {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        here.forEach(json::put);
        byte[] own = JsonMapper.shared().writeValueAsString(json).getBytes(StandardCharsets.UTF_8);
        int length = (int) workers.told(own.length)[0];
        SortedMap<String, String> first = new TreeMap<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(length);
            if (workers.isFirst()) {
                MemorySegment.copy(own, 0, text, ValueLayout.JAVA_BYTE, 0, length);
            }
            workers.collective().broadcast(text, 0);
            JsonNode told = JsonMapper.shared().readTree(text.toArray(ValueLayout.JAVA_BYTE));
            told.properties().forEach(entry -> first.put(entry.getKey(), entry.getValue().stringValue()));
        }
        return first;
    }
}
