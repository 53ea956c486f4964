package llams.engine.weights;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.engine.llama.Llama;

/// Tensors of a checkpoint that its model has no use for.
final class UnusedTensors {
    /// Buffers that old programs saved as well: their contents follow from the config.
    private static final String BUFFER = "rotary_emb.inv_freq";
    private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d{1,9})\\..*");
    private static final int SHOWN = 6;

    private UnusedTensors() {}

    /// What to tell the user about them, a line each.
    static List<String> notes(Collection<String> names, Set<String> used, int modelLayers) {
        List<String> notes = new ArrayList<>();
        SortedSet<Integer> layers = new TreeSet<>();
        int ofLayers = 0;
        Map<String, Integer> others = new TreeMap<>();
        for (String name : names) {
            if (used.contains(name) || name.equals(Llama.HEAD) || name.endsWith(BUFFER)) {
                continue;
            }
            Matcher layer = LAYER.matcher(name);
            if (layer.matches() && Integer.parseInt(layer.group(1)) >= modelLayers) {
                layers.add(Integer.valueOf(layer.group(1)));
                ofLayers++;
            } else {
                others.merge(name.replaceAll("\\.\\d+\\.", ".*."), 1, Integer::sum);
            }
        }
        if (ofLayers > 0) {
            notes.add(ofLayers + " tensors of layers " + layers.first() + " to " + layers.last()
                    + " are not used: config.json says num_hidden_layers " + modelLayers);
        }
        if (!others.isEmpty()) {
            List<String> shown = new ArrayList<>();
            others.forEach((name, count) -> shown.add(count == 1 ? name : name + " (" + count + ")"));
            int count = others.values().stream().mapToInt(Integer::intValue).sum();
            notes.add(count + (count == 1 ? " tensor is" : " tensors are") + " not used, as the model has no such"
                    + " part: " + String.join(", ", shown.subList(0, Math.min(SHOWN, shown.size())))
                    + (shown.size() > SHOWN ? " and " + (shown.size() - SHOWN) + " more names" : ""));
        }
        return notes;
    }
}
