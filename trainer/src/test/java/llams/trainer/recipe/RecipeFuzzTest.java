package llams.trainer.recipe;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.util.Map;
import llams.engine.Fuzzed;
import llams.model.files.DataException;

/// Whatever stands in a recipe's file, it is read or refused.
class RecipeFuzzTest {
    @FuzzTest
    void recipe(byte[] yaml) throws Exception {
        Fuzzed.file("recipe.yaml", yaml, path -> Recipe.read(path, Map.of()), IOException.class, DataException.class);
    }
}
