package llams.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.UsageMessageSpec;

/// The top-level help lists commands by purpose, in the order in which a newcomer meets them.
final class CommandGroups {
    static final Map<String, List<String>> GROUPS = new LinkedHashMap<>();

    static {
        GROUPS.put("Start", List.of("demo", "download", "init", "info"));
        GROUPS.put("Text and data", List.of("tokenize", "data"));
        GROUPS.put("Run", List.of("generate", "chat", "serve"));
        GROUPS.put("Train and measure",
                List.of("train", "launch", "merge", "extend", "quantize", "report", "verify", "eval", "recipe"));
        GROUPS.put("Look inside", List.of("explain", "replay"));
        GROUPS.put("Share", List.of("export", "import", "upload", "checksum"));
        GROUPS.put("This machine", List.of("devices", "bench", "measure", "bundle", "completion"));
    }

    private CommandGroups() {}

    /// Every command, in the order of the help.
    static List<String> names() {
        List<String> names = new ArrayList<>();
        GROUPS.values().forEach(names::addAll);
        return names;
    }

    static void install(CommandLine root) {
        root.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING, help -> "");
        root.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, CommandGroups::render);
    }

    private static String render(Help help) {
        Map<String, Help> commands = new LinkedHashMap<>();
        help.subcommands().values().forEach(command -> commands.put(command.commandSpec().name(), command));
        int width = commands.keySet().stream().mapToInt(String::length).max().orElse(0);
        StringBuilder text = new StringBuilder();
        GROUPS.forEach((group, names) -> {
            List<String> present = new ArrayList<>(names);
            present.retainAll(commands.keySet());
            if (!present.isEmpty()) {
                text.append(System.lineSeparator()).append(group).append(':').append(System.lineSeparator());
            }
            for (String name : present) {
                String[] description = commands.get(name).commandSpec().usageMessage().description();
                text.append(String.format("  %-" + width + "s  %s%n", name, description[0]));
            }
        });
        return text.toString();
    }
}
