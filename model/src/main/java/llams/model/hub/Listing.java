package llams.model.hub;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import llams.engine.io.Json;
import llams.model.files.DirectoryLock;
import llams.model.files.ModelFiles;
import tools.jackson.databind.JsonNode;

/// The files of a model at one commit. Their names are safe: appended to a directory, each stays below it.
record Listing(String commit, List<String> files) {
    private static final int SHOWN = 8;

    /// @throws HubException if `json` is not a listing, or has a name that leads out of the model's directory
    static Listing parse(byte[] json, HubModel model) throws HubException {
        JsonNode root;
        try {
            root = Json.parse("answer", json);
        } catch (IOException e) {
            throw new HubException(model.listing() + ": the answer is not a model's listing (" + e.getMessage()
                    + "); is this the address of a hub?", e);
        }
        String commit = root.path("sha").asString("");
        if (!commit.matches("[0-9a-f]{40}") || !root.path("siblings").isArray()) {
            throw new HubException(model.listing() + ": the answer is not a model's listing: it lacks \"sha\" or"
                    + " \"siblings\"; is this the address of a hub?");
        }
        List<String> files = new ArrayList<>();
        for (JsonNode sibling : root.path("siblings")) {
            String name = sibling.path("rfilename").asString("");
            if (leadsOut(name)) {
                throw new HubException(model.page() + ": lists a file named \"" + name.replaceAll("\\p{Cntrl}", "?")
                        + "\", which could be written outside its directory; nothing was downloaded");
            }
            files.add(name);
        }
        return new Listing(commit, files);
    }

    /// On every system: a plain character on one separates directories or drives on another.
    static boolean leadsOut(String name) {
        if (name.matches("(?s).*[\\\\\\p{Cntrl}].*|[A-Za-z]:.*") || name.equals(DownloadRecord.FILE)
                || name.equals(DirectoryLock.FILE)) {
            return true;
        }
        for (String part : name.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                return true;
            }
        }
        return false;
    }

    /// The files to download: those that match one of `globs`; without globs, those that a model directory needs.
    ///
    /// @throws HubException if there is nothing to download, with the names that there are
    List<String> choose(List<String> globs, HubModel model) throws HubException {
        List<String> chosen = files.stream().distinct().filter(matching(globs)).toList();
        String wanted = globs.isEmpty() ? "weights as .safetensors" : "file that matches " + String.join(" or ", globs);
        if (globs.isEmpty() ? chosen.stream().noneMatch(name -> name.endsWith(".safetensors")) : chosen.isEmpty()) {
            throw new HubException(model.page() + ": has no " + wanted + "; it has "
                    + String.join(", ", files.stream().limit(SHOWN).toList())
                    + (files.size() > SHOWN ? " and " + (files.size() - SHOWN) + " more" : "") + "; `include` says"
                    + " what to take");
        }
        return chosen;
    }

    /// Whether a path matches one of `globs`; without globs, whether it is a file that a model directory needs.
    static Predicate<String> matching(List<String> globs) {
        List<Pattern> patterns = globs.stream().map(Listing::pattern).toList();
        return name -> globs.isEmpty()
                ? ModelFiles.isNeeded(name)
                : patterns.stream().anyMatch(pattern -> pattern.matcher(name).matches());
    }

    /// As in other hub programs: `*` matches any text, `/` included, `?` one character, `[...]` one of a set, `[!...]`
    /// one not in it.
    private static Pattern pattern(String glob) {
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            int end = c == '[' ? glob.indexOf(']', i + 2) : -1;
            if (end > 0) {
                boolean others = glob.charAt(i + 1) == '!';
                String set = glob.substring(i + (others ? 2 : 1), end).replaceAll("[\\[\\]\\\\^&]", "\\\\$0");
                regex.append(others ? "[^" : "[").append(set).append(']');
                i = end;
            } else {
                regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
            }
        }
        return Pattern.compile(glob.endsWith("/") ? regex + ".*" : regex.toString());
    }
}
