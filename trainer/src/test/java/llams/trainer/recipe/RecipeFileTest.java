package llams.trainer.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeFileTest {
    @TempDir
    Path directory;

    private Recipe read(String yaml, Map<String, String> values) throws IOException {
        return Recipe.read(Files.writeString(directory.resolve("r.yaml"), yaml), values);
    }

    private static List<String> names(Recipe recipe) {
        return recipe.stages().stream().map(Stage::name).toList();
    }

    @Test
    void stagesFollowWhatTheyNeed() throws IOException {
        Recipe recipe = read("""
                about: a test
                stages:
                  c: {kind: x, from: [$b, $a/file.txt]}
                  b: {kind: x, from: $a}
                  a: {kind: x}
                """, Map.of());
        assertEquals(List.of("a", "b", "c"), names(recipe));
        assertEquals("a test", recipe.about());
        assertEquals(List.of(new Stage.Output(null, "b", ""), new Stage.Output(null, "a", "file.txt")),
                recipe.stages().getLast().settings().get("from").values());
    }

    @Test
    void valuesStandAnywhereAndCanBeSet() throws IOException {
        String yaml = """
                values: {size: 8b, seed: 1}
                stages:
                  a: {kind: x, repo: "me/model-${size}-$size", price: "5$$", seed: $seed}
                """;
        assertEquals(new Stage.Text(null, "me/model-8b-8b"),
                read(yaml, Map.of()).stages().getFirst().settings().get("repo").values().getFirst());
        Map<String, Stage.Setting> settings = read(yaml, Map.of("seed", "7")).stages().getFirst().settings();
        assertEquals(new Stage.Text(null, "7"), settings.get("seed").values().getFirst());
        assertEquals(new Stage.Text(null, "5$"), settings.get("price").values().getFirst());
    }

    @Test
    void aStageIsRepeatedForOthers() throws IOException {
        Recipe recipe = read("""
                stages:
                  a: {kind: x}
                  b: {kind: x}
                  m: {kind: y, for: [a, b], model: $for, set: {one: $for/f, two: "${for}"}}
                """, Map.of());
        assertEquals(List.of("a", "b", "m-a", "m-b"), names(recipe));
        assertEquals(List.of(new Stage.Output("one", "b", "f"), new Stage.Output("two", "b", "")),
                recipe.stages().getLast().settings().get("set").values());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
            stages: {a: {kind: x, from: $b}} | r.yaml:1: stage a: there is no stage or value "b"; there are a
            stages: {a: {kind: x, from: $b}, b: {kind: x, from: $a}} | stage a needs its own result: a needs b needs a
            stages: {a: {kind: x, from: $a}} | stage a needs its own result: a needs a
            stages: {a: {from: x}} | stage a: kind is missing
            stages: {a: {kind: x, text: in $b}, b: {kind: x}} | must stand at the beginning
            stages: {a: {kind: x, text: $ 5}} | write $$ for a dollar sign
            stages: {a: 5} | wanted a stage's kind and settings, found "5"
            stages: {recipe: {kind: x}} | "recipe" cannot be a name
            stages: {../a: {kind: x}} | "../a" cannot be a name
            steps: {a: {kind: x}} | unknown key "steps"; known here: about, values, stages
            {about: x} | wanted a recipe
            {values: {a: 1}, stages: {a: {kind: x}}} | "a" is a value already
            """)
    void mistakesAreNamed(String yaml, String message) {
        DataException wrong = assertThrows(DataException.class, () -> read(yaml, Map.of()));
        assertTrue(wrong.getMessage().contains(message), wrong.getMessage());
        assertTrue(wrong.getMessage().contains("r.yaml:1"), wrong.getMessage());
    }

    @Test
    void onlyValuesThatThereAreCanBeSet() {
        DataException wrong = assertThrows(DataException.class,
                () -> read("{values: {seed: 1}, stages: {a: {kind: x}}}", Map.of("sed", "2")));
        assertEquals("r: there is no value \"sed\" to be set; it has seed", wrong.getMessage());
    }

    @Test
    void shippedRecipesAreRecipes() throws IOException {
        for (String name : Recipe.SHIPPED) {
            Recipe recipe = Recipe.find(name, Map.of());
            assertEquals(name, recipe.name());
            assertTrue(recipe.about().length() > 20 && recipe.stages().size() > 5, name);
        }
    }
}
