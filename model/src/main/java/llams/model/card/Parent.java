package llams.model.card;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.engine.gguf.GgufFile;
import llams.model.files.ModelFiles;
import llams.model.hub.HubDownload;

/// A model that another is made from, as far as its directory or file tells.
///
/// @param role      what it is to the result: `base`, `instruct`
/// @param name      of its directory or file, without the path
/// @param repo      on the hub, `owner/name`; empty if it is not known to come from there
/// @param commit    of that repository; empty if it is not known
/// @param bases     the hub's models that it was made from itself
/// @param languages by their codes
public record Parent(String role, String name, String repo, String commit, ModelLicence licence, List<String> bases,
        List<String> languages) {
    /// Where Python's hub programs keep models.
    private static final Pattern CACHE = Pattern.compile(".*/models--([^/]+?)--([^/]+)/snapshots/([0-9a-f]+)");

    /// @param directory or a GGUF file
    public static Parent of(String role, Path directory) throws IOException {
        if (GgufFile.is(directory)) {
            return GgufOrigin.parent(role, directory);
        }
        CardMetadata card = CardMetadata.of(directory);
        Path place = directory.toAbsolutePath().normalize();
        String repo = "";
        String commit = "";
        Matcher cached = CACHE.matcher(place.toString().replace('\\', '/'));
        HubDownload.Origin download = HubDownload.originOrNull(place);
        if (download != null) {
            repo = download.repo();
            commit = download.commit();
        } else if (cached.matches()) {
            repo = cached.group(1) + "/" + cached.group(2);
            commit = cached.group(3);
        }
        return new Parent(role, String.valueOf(place.getFileName()), repo, commit, ModelLicence.of(card),
                card.all("base_model"), card.all("language"));
    }

    /// The names by which a hub knows it, or what it was made from.
    List<String> hubModels() {
        return repo.isEmpty() ? bases : List.of(repo);
    }

    /// As a name in running text.
    String text() {
        return repo.isEmpty() ? "`" + name + "`" : "[" + repo + "](https://huggingface.co/" + repo + ")";
    }

    /// As a title has it.
    String title() {
        return repo.isEmpty() ? name : repo.substring(repo.indexOf('/') + 1);
    }

    /// The files of a directory that its makers want to stay with the model.
    static List<String> legal(Path directory) {
        List<String> files = new ArrayList<>(ModelFiles.LEGAL);
        files.removeIf(name -> !Files.isRegularFile(directory.resolve(name)));
        return files;
    }
}
