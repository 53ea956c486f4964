package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.trainer.data.TokenCache;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams data cache`
@Command(
        name = "cache",
        description = {"List the tokens of large data files that are kept, the last used first, or delete them.",
                "They are written again when they are needed."},
        footer = {"", "Example:", "  llams data cache --clear"})
final class CacheCommand implements Callable<Integer> {
    @ParentCommand
    DataCommand parent;

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            description = "Where they are kept (default: LLAMS_CACHE or ~/.cache/llams).")
    Path directory;

    @Option(names = "--clear", description = "Delete all of them.")
    boolean clear;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        TokenCache cache = directory == null ? TokenCache.standard() : TokenCache.in(directory);
        if (clear) {
            long bytes = cache.clear();
            parent.console.out.println(json
                    ? JsonNodeFactory.instance.objectNode()
                            .put("directory", cache.directory().toString())
                            .put("freedBytes", bytes)
                            .toString()
                    : cache.directory() + ": " + MachineMemory.text(bytes) + " freed");
            return Console.DONE;
        }
        List<TokenCache.Entry> entries = cache.entries();
        if (json) {
            parent.console.out.println(report(cache, entries));
            return Console.DONE;
        }
        for (TokenCache.Entry entry : entries) {
            parent.console.out.println(String.format(Locale.ROOT, "%s  %,15d tokens  %9s  last used %.16s  %s",
                    entry.file().getFileName(), entry.tokens(), MachineMemory.text(entry.bytes()),
                    entry.used().toString().replace('T', ' '), entry.dataFile()));
        }
        long bytes = entries.stream().mapToLong(TokenCache.Entry::bytes).sum();
        parent.console.out.println(String.format(Locale.ROOT, "%s: tokens of %,d file%s, %s", cache.directory(),
                entries.size(), entries.size() == 1 ? "" : "s", MachineMemory.text(bytes)));
        return Console.DONE;
    }

    private static ObjectNode report(TokenCache cache, List<TokenCache.Entry> entries) {
        ObjectNode report = JsonNodeFactory.instance.objectNode().put("directory", cache.directory().toString());
        var list = report.putArray("entries");
        for (TokenCache.Entry entry : entries) {
            list.addObject()
                    .put("file", entry.file().getFileName().toString())
                    .put("data", entry.dataFile())
                    .put("documents", entry.documents())
                    .put("tokens", entry.tokens())
                    .put("bytes", entry.bytes())
                    .put("used", entry.used().toString());
        }
        return report;
    }
}
