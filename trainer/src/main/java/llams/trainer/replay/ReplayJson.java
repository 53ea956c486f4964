package llams.trainer.replay;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What was seen as one JSON object. Large arrays are base64 of little-endian F32, of I32, or of bytes; see
/// [AttentionMap].
public final class ReplayJson {
    private static final Pattern LAYER = Pattern.compile("layers\\.(\\d+)\\.(.*)");

    private ReplayJson() {}

    public static ObjectNode of(Replayed seen) {
        ObjectNode json = summary(seen);
        int window = seen.window().tokens();
        int[] ids = Arrays.copyOfRange(seen.sequence().ids(), seen.window().from(), seen.window().from() + window);
        ObjectNode tokens = json.putObject("tokens");
        ArrayNode texts = tokens.putArray("texts");
        for (String text : seen.texts().all(ids)) {
            texts.add(text);
        }
        int[] labels = new int[window];
        int[] first = new int[window];
        Arrays.setAll(labels, seen::label);
        Arrays.setAll(first, t -> seen.window().first(seen.sequence(), t));
        tokens.put("ids", base64(ids))
                .put("labels", base64(labels))
                .put("first", base64(first))
                .put("document", base64(seen.document()));
        attention(json.putArray("attention"), seen);
        lens(json.putObject("lens"), seen, labels);
        norms(json.putArray("residual"), residualNorms(seen));
        norms(json.putArray("residualGradient"), seen.pass().gradientNorms);
        sizes(json.putArray("values"), seen);
        return json;
    }

    /// All but the arrays: what `--json` prints.
    public static ObjectNode summary(Replayed seen) {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("title", seen.title())
                .put("layers", seen.config().layers())
                .put("heads", seen.config().heads())
                .put("kvHeads", seen.config().kvHeads());
        ObjectNode facts = json.putObject("summary");
        seen.summary().forEach(facts::put);
        if (seen.isOfPairs()) {
            json.put("pairs", true);
        }
        ArrayNode documents = json.putArray("documents");
        double loss = seen.loss();
        for (Replayed.Document document : seen.documents()) {
            ObjectNode one = documents.addObject();
            one.put("origin", document.origin())
                    .put("tokens", document.tokens())
                    .put("counted", document.counted())
                    .put("text", document.text());
            if (!Double.isNaN(document.loss())) {
                one.put("loss", document.loss() / Math.max(1, document.counted()));
                if (!seen.isOfPairs()) {
                    one.put("share", document.loss() / (loss == 0 ? 1 : loss));
                }
            }
        }
        if (seen.update() != null) {
            parameters(json, seen);
        }
        return json;
    }

    private static void parameters(ObjectNode json, Replayed seen) {
        ArrayNode parameters = json.putArray("parameters");
        seen.update().changes.forEach((name, change) -> parameters.addObject()
                .put("name", name)
                .put("elements", change.elements())
                .put("gradient", change.gradient())
                .put("weight", change.weight())
                .put("change", change.change()));
        ArrayNode rows = json.putArray("movedTokens");
        for (UpdateRecorder.Row row : seen.update().rows) {
            rows.addObject()
                    .put("table", row.table())
                    .put("text", seen.texts().one(row.token()))
                    .put("id", row.token())
                    .put("change", row.change());
        }
    }

    private static void attention(ArrayNode layers, Replayed seen) {
        for (byte[] layer : seen.pass().attention) {
            layers.add(Base64.getEncoder().encodeToString(layer));
        }
    }

    private static void lens(ObjectNode json, Replayed seen, int[] labels) {
        int rows = seen.lens().ids().length;
        int count = rows == 0 ? 0 : seen.lens().ids()[0].length;
        int[] ids = new int[rows * count];
        float[] logp = new float[rows * count];
        Set<Integer> known = new TreeSet<>();
        for (int row = 0; row < rows; row++) {
            System.arraycopy(seen.lens().ids()[row], 0, ids, row * count, count);
            System.arraycopy(seen.lens().logp()[row], 0, logp, row * count, count);
        }
        Arrays.stream(ids).forEach(known::add);
        Arrays.stream(labels).filter(label -> label >= 0).forEach(known::add);
        json.put("count", count)
                .put("ids", base64(ids))
                .put("logp", base64(logp))
                .put("loss", base64(seen.lens().loss()));
        ObjectNode texts = json.putObject("texts");
        known.forEach(id -> texts.put(Integer.toString(id), seen.texts().one(id)));
    }

    static float[][] residualNorms(Replayed seen) {
        return Arrays.stream(seen.pass().residual)
                .map(rows -> PassRecorder.norms(rows, seen.config().dim()))
                .toArray(float[][]::new);
    }

    private static void norms(ArrayNode json, float[][] places) {
        for (float[] place : places) {
            if (place == null) {
                json.addNull();
            } else {
                json.add(base64(place));
            }
        }
    }

    private static void sizes(ArrayNode values, Replayed seen) {
        seen.pass().sizes.forEach((name, size) -> {
            if (name.startsWith("gradient.")) {
                return;
            }
            PassRecorder.Size gradient = seen.pass().sizes.get("gradient." + name);
            Matcher layer = LAYER.matcher(name);
            boolean isOfLayer = layer.matches();
            ObjectNode one = values.addObject();
            one.put("name", isOfLayer ? layer.group(2) : name)
                    .put("layer", isOfLayer ? Integer.parseInt(layer.group(1)) : -1)
                    .put("rms", size.rms())
                    .put("max", size.max());
            if (gradient != null) {
                one.put("gradientRms", gradient.rms()).put("gradientMax", gradient.max());
            }
        });
    }

    private static String base64(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    private static String base64(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
