package llams.trainer.measure;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Measures this machine. A service, because the measuring harness is no part of the program proper: `./llams bench`
/// starts the program with it.
public interface Benchmarks {
    /// What to measure.
    ///
    /// @param patterns   regular expressions; what any of them finds is measured, everything if there are none
    /// @param quick      the first case of each benchmark, briefly
    /// @param threads    thread counts; empty for the usual ones
    /// @param vectorBits vector widths; empty for the machine's own
    /// @param parameters values by parameter name, in place of the built-in ones
    /// @param ceilings   true to measure first what the machine can do at most
    /// @param json       a file for all results, or null
    /// @param verbose    also shows what the harness prints
    record Request(List<String> patterns, boolean quick, List<Integer> threads, List<Integer> vectorBits,
            Map<String, List<String>> parameters, boolean ceilings, Path json, boolean verbose) {}

    /// Prints one line for each benchmark.
    void list(PrintStream out);

    /// Measures, and prints a row as each result comes.
    ///
    /// @return how many benchmarks failed; why is on `err`
    /// @throws IllegalArgumentException if nothing fits the request
    int run(Request request, PrintStream out, PrintStream err) throws IOException;
}
