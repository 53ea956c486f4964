package llams.model.merge;

import java.util.Collection;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.engine.llama.Llama;

/// Where the tensors of a model of so many layers lie, for numbers that change with the depth.
record Depths(int layers) {
    private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d{1,6})\\..*");

    static Depths of(Collection<String> tensors) {
        int layers = 0;
        for (String tensor : tensors) {
            Matcher layer = LAYER.matcher(tensor);
            if (layer.matches()) {
                layers = Math.max(layers, Integer.parseInt(layer.group(1)) + 1);
            }
        }
        return new Depths(layers);
    }

    /// 0 for the embedding and the first layer, 1 for the last layer, the final norm and the head.
    double of(String tensor) {
        Matcher layer = LAYER.matcher(tensor);
        if (layer.matches()) {
            return layers < 2 ? 0 : Double.parseDouble(layer.group(1)) / (layers - 1);
        }
        return tensor.equals(Llama.EMBEDDING) ? 0 : 1;
    }
}
