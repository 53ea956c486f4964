package llams.trainer.run;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import llams.engine.device.Device;
import llams.model.card.ProgramVersion;
import llams.trainer.distributed.AgreedException;
import llams.trainer.distributed.Texts;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What must be the same at all workers: the program, the device's arithmetic, and all that [RunSettings] name.
record Agreement(Workers workers, Device device) {
    /// For all workers to call.
    ///
    /// @throws AgreedException if there are workers that differ from the first one; says which, and in what
    void check(RunSettings asked) throws AgreedException {
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
        AgreedException.check(workers.collective(),
                differences.isEmpty()
                        ? ""
                        : "differs from worker 0: " + String.join("; ", differences)
                                + "; give all workers the same program, options, model and data",
                null);
    }

    private SortedMap<String, String> ofFirst(SortedMap<String, String> here) {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        here.forEach(json::put);
        String told = Texts.told(workers.collective(), JsonMapper.shared().writeValueAsString(json), 0);
        SortedMap<String, String> first = new TreeMap<>();
        JsonMapper.shared()
                .readTree(told)
                .properties()
                .forEach(entry -> first.put(entry.getKey(), entry.getValue().stringValue()));
        return first;
    }
}
