package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the documents show is the same in both languages, and can be typed.
class DocumentsAgreeTest {
    private static final Path ROOT = Path.of(System.getProperty("llams.root"));
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```\\w*\\n(.*?)^```");
    private static final Pattern COMMENT = Pattern.compile("(^| +)#( .*)?$", Pattern.MULTILINE);

    /// The blocks of a document without comments, which are translated, and without the tree, which is not.
    private static List<String> blocks(String document) throws IOException {
        List<String> blocks = new ArrayList<>();
        Matcher block = BLOCK.matcher(Files.readString(ROOT.resolve(document)));
        while (block.find()) {
            if (!block.group(1).contains("pom.xml")) {
                blocks.add(COMMENT.matcher(block.group(1)).replaceAll(""));
            }
        }
        return blocks;
    }

    @ParameterizedTest
    @CsvSource({"README.md, README.ko.md", "docs/RECIPES.md, docs/RECIPES.ko.md"})
    void theKoreanDocumentShowsAllThatTheEnglishOneShows(String english, String korean) throws IOException {
        List<String> missing = new ArrayList<>(blocks(english));
        assertTrue(missing.size() >= 2, english);
        missing.removeAll(blocks(korean));
        assertEquals(List.of(), missing, korean + " lacks what " + english + " shows");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"README.md", "README.ko.md", "docs/RECIPES.md", "docs/RECIPES.ko.md", "docs/FROM-TORCHTUNE.md",
                    "docs/SHARING.md", "docs/VOCABULARY.md", "docs/INSIDE.md"})
    void commandsParse(String document) throws IOException {
        for (String block : blocks(document)) {
            for (String line : block.split("\n")) {
                // What the shell does with the output is none of the program's business.
                HelpFitsAndItsExamplesParseTest.parse(line.replaceFirst("^\\./", "").replaceFirst(" > .*", ""));
            }
        }
    }

    @Test
    void theKoreanDocumentsAreFound() throws IOException {
        assertTrue(Files.readString(ROOT.resolve("README.md")).contains("(README.ko.md)"));
        assertTrue(Files.readString(ROOT.resolve("docs/RECIPES.md")).contains("(RECIPES.ko.md)"));
    }
}
