package llams.trainer.measure;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Measures this machine. A service, because the measuring harness is not part of the program proper: `./llams bench`
/// starts the program with it.
public interface Benchmarks {
    /// What to measure.
    ///
    /// @param patterns  regular expressions; whatever matches one of them is measured, everything if there are none
    /// @param variants  what to vary
    /// @param quick     the first case of each benchmark, briefly
    /// @param forks     JVMs that measure each case, one after the other
    /// @param ceilings  true to measure the machine's peak first
    /// @param profilers of the harness, by their names there
    /// @param json      a file for all results, or null
    /// @param html      a file for a page about them, or null
    /// @param program   this program's version, which results are kept with
    /// @param progress  is told what is measured
    /// @param verbose   also shows what the harness prints
    record Request(List<String> patterns, Variants variants, boolean quick, int forks, boolean ceilings,
            List<String> profilers, Path json, Path html, String program, Progress progress, boolean verbose) {}

    /// Shows what is going on, where that does not mix with results.
    interface Progress {
        /// A line about what comes next and the time left.
        void at(String line);

        /// Something else will be printed now.
        void clear();
    }

    /// What each benchmark is measured with.
    ///
    /// @param threads    thread counts; empty for the usual ones
    /// @param vectorBits vector widths; empty for the machine's own
    /// @param parameters values by parameter name, in place of the built-in ones
    record Variants(List<Integer> threads, List<Integer> vectorBits, Map<String, List<String>> parameters) {}

    /// Prints one line for each benchmark.
    void list(PrintStream out);

    /// Measures, and prints a row as each result comes.
    ///
    /// @return how many benchmarks failed; why is on `err`
    /// @throws IllegalArgumentException if nothing fits the request
    int run(Request request, PrintStream out, PrintStream err) throws IOException;

    /// Writes the page about results that were measured before.
    ///
    /// @param results what `json` of a request was
    /// @throws IOException if they cannot be read
    void page(Path results, Path html) throws IOException;

    /// Prints what differs between two files of results beyond their noise.
    ///
    /// @param htmlOrNull a file for the same as a page
    /// @throws IOException if one cannot be read, or they have no case in common
    void compare(Path before, Path after, Path htmlOrNull, PrintStream out) throws IOException;

    /// Writes a page that ranks the machines whose results are in a directory, a file `*.json` for each.
    ///
    /// @throws IOException if there are none, or one cannot be read
    void leaderboard(Path directory, Path html) throws IOException;
}
