package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Whatever stands where something else was wanted, a row is read or refused with its place; nothing else is thrown.
class DamagedRowsAreRefusedTest {
    private static final List<JsonNode> OTHERS = List.of(JsonLine.value("null", ""), JsonLine.value("5", ""),
            JsonLine.value("-1.5e300", ""), JsonLine.value("\"\"", ""), JsonLine.value("\"{}\"", ""),
            JsonLine.value("[]", ""), JsonLine.value("{}", ""), JsonLine.value("[[null, 1], {\"a\": []}]", ""),
            JsonLine.value("true", ""), JsonLine.value("NaN", ""), JsonLine.value("99999999999999999999", ""),
            JsonLine.value("{\"type\": \"text\", \"name\": null}", ""));

    private final Random random = new Random(15);

    @Test
    void everyExampleWithAnyValueReplaced() throws IOException {
        DocumentEncoder encoder = new DocumentEncoder(Fixtures.BYTES, Fixtures.BYTES.size(), SpecialText.PARSE);
        int read = 0;
        int refused = 0;
        for (DocumentedFormsAreReadTest.Example example : DocumentedFormsAreReadTest.examples()) {
            for (String row : example.rows().lines().toList()) {
                for (int i = 0; i < 200; i++) {
                    ObjectNode damaged = JsonLine.parse(row, "f:1");
                    replaceOne(damaged);
                    try {
                        List<Sample> samples = new ArrayList<>();
                        JsonlReader.read(Row.parse(damaged.toString().replace("\"NaN\"", "NaN"), "f:1"), samples::add);
                        samples.forEach(encoder::encode);
                        read++;
                    } catch (DataException e) {
                        assertTrue(e.getMessage().startsWith("f:1"), e.getMessage());
                        refused++;
                    }
                }
            }
        }
        assertTrue(read > 500 && refused > 500, read + " read, " + refused + " refused");
    }

    /// Replaces a value anywhere in the tree, or leaves it out.
    private void replaceOne(JsonNode tree) {
        List<Runnable> places = new ArrayList<>();
        collect(tree, places);
        places.get(random.nextInt(places.size())).run();
    }

    private void collect(JsonNode node, List<Runnable> places) {
        JsonNode other = OTHERS.get(random.nextInt(OTHERS.size()));
        switch (node) {
            case ObjectNode object -> object.propertyNames().forEach(key -> {
                places.add(() -> object.set(key, other));
                places.add(() -> object.remove(key));
                collect(object.get(key), places);
            });
            case ArrayNode array -> {
                for (int i = 0; i < array.size(); i++) {
                    int index = i;
                    places.add(() -> array.set(index, other));
                    places.add(() -> array.remove(index));
                    collect(array.get(i), places);
                }
            }
            default -> {}
        }
    }
}
