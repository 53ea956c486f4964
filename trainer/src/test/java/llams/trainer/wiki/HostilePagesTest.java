package llams.trainer.wiki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Marks that are nested, left open or repeated without end. What must not be quadratic would take hours at these
/// sizes: the time allowed is a hundred times what is needed.
class HostilePagesTest {
    private static final int CHARACTERS = 3_000_000;
    private static final Duration LIMIT = Duration.ofMinutes(2);

    @Test
    void repeatedMarksTakeLinearTime() {
        List<String> parts = new ArrayList<>(List.of("{{", "}}", "{", "}", "[[", "]]", "[", "]", "[[a|", "[[a|\n",
                "[[a|b\n|}\n", "{{a|", "{{a|{{b}}", "{|\n", "\n|}", "{|\n[[a|", "[http://a ", "[http://a", "http://",
                "https://a(", "'", "''", "'''''a", "<", "<ref", "<ref>", "<ref/", "<nowiki>", "<ref></b>", "</ref>",
                "<math>a", "<!--", "&", "&a", "&#", "_", "__", "__a", "=", "= ", "==a\n", "= a =\n", "== a ==\n", "(",
                ")", "(, ", ",)", "( ", "|", "|\n", "\n", " ", "*", ":{|\n", "{{lang|a|", "{{lang|a|b", "{{nowrap|a}}",
                "[[파일:a|", "[[a]]", "가", "\r", "\u0000", "\ud800", "h", "ftp://a ", "《", "<div>", "<br>", "-", "{{x}}",
                "{{x}} ", "{{x}}. ", "({{x}}, ", "a. {{x}}", "\". ", "<sup>", "<sup>2</sup>", "<math>a</math>", "{{{",
                "}}}", "{{convert|1|to|", "{{formatnum:", "{{val|1", "a|b}}"));
        assertTimeoutPreemptively(LIMIT, () -> {
            for (String part : parts) {
                Dumps.body(part.repeat(CHARACTERS / 10 / part.length()));
            }
        });
    }

    /// Not the time, but how it grows: 16 times the marks may take 16 times as long, and would take 256 times if it
    /// were quadratic.
    @Test
    void timeGrowsWithThePage() {
        for (String part : List.of("[[", "{{", "{{{", "'''", "{|\n", "<ref", "<ref>", "<!--", "[[a|", "{{a|",
                "{{convert|5|", "({{x}}, ", "<math>", "<sup>")) {
            double growth = growth(part);
            assertTrue(growth < 100, () -> part + ": 16 times the page took " + growth + " times as long");
        }
    }

    /// Of many rounds, unless three show that it is small: what else the machine does counts for the time too.
    private static double growth(String part) {
        double small = Double.POSITIVE_INFINITY;
        double large = Double.POSITIVE_INFINITY;
        double growth = Double.POSITIVE_INFINITY;
        for (int round = 0; round < 3 || growth >= 100 && round < 40; round++) {
            small = Math.min(small, seconds(part.repeat(4_000)));
            large = Math.min(large, seconds(part.repeat(64_000)));
            growth = large / Math.max(small, 2e-3);
        }
        return growth;
    }

    private static double seconds(String page) {
        long start = System.nanoTime();
        Dumps.body(page);
        return (System.nanoTime() - start) * 1e-9;
    }

    @Test
    void openedAndClosedTakesLinearTime() {
        assertTimeoutPreemptively(LIMIT, () -> {
            for (String[] pair : new String[][] {{"{{", "}}"}, {"[[", "]]"}, {"[[a|", "]]"}, {"{{nowrap|", "}}"},
                    {"{{lang|a|b", "}}"}, {"{|\n", "\n|}"}, {"[http://a ", "]"}, {"[http://a b", " ]"}, {"(", ")"},
                    {"<b>", "</b>"}, {"{{a|[[", "]]}}"}, {"{{a|[[", "}}"}, {"<ref>", "</ref"}}) {
                int times = CHARACTERS / 2 / (pair[0].length() + pair[1].length());
                String page = pair[0].repeat(times) + "글".repeat(CHARACTERS / 4) + pair[1].repeat(times) + "\n끝이다.";
                String body = Dumps.body(page);
                assertTrue(body.endsWith("끝이다.\n"),
                        () -> pair[0] + ": " + body.substring(Math.max(0, body.length() - 20)));
            }
        });
    }

    @Test
    void whatIsNestedDeeperThanPagesMayBeLeavesNothing() {
        assertEquals("", Dumps.body("앞" + "{{nowrap|".repeat(50) + "글" + "}}".repeat(50) + "뒤"));
        assertEquals("앞글뒤\n", Dumps.body("앞" + "{{nowrap|".repeat(40) + "글" + "}}".repeat(40) + "뒤"));
    }
}
