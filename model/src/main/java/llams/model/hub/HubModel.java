package llams.model.hub;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/// A model on a hub, and its addresses there.
///
/// @param endpoint the hub, as [#DEFAULT_ENDPOINT]
/// @param repo     `owner/name`, or one part
/// @param revision a branch, a tag or a commit
public record HubModel(String endpoint, String repo, String revision) {
    public static final String DEFAULT_ENDPOINT = "https://huggingface.co";
    private static final Pattern REPO = Pattern.compile("\\w[\\w.-]*(/\\w[\\w.-]*)?");

    /// @throws IllegalArgumentException if one of them is malformed
    public HubModel {
        if (!REPO.matcher(repo).matches() || repo.contains("..")) {
            throw new IllegalArgumentException("\"" + repo + "\" is not a model's name on a hub; wanted OWNER/NAME,"
                    + " like meta-llama/Llama-3.2-1B");
        }
        if (!endpoint.matches("https?://[^/?#@]+(/[^?#]*)?") || URI.create(endpoint).getHost() == null) {
            throw new IllegalArgumentException(
                    "\"" + endpoint + "\" is not a hub's address; wanted one like " + DEFAULT_ENDPOINT);
        }
        if (revision.isBlank()) {
            throw new IllegalArgumentException("the revision is empty; wanted a branch, a tag or a commit, like main");
        }
        endpoint = endpoint.replaceFirst("/+$", "");
    }

    /// The name without its owner.
    public String name() {
        return repo.substring(repo.indexOf('/') + 1);
    }

    /// The model's page, for people.
    String page() {
        return endpoint + "/" + repo;
    }

    URI listing() {
        return URI.create(endpoint + "/api/models/" + repo + "/revision/" + encoded(revision));
    }

    URI file(String commit, String path) {
        return URI.create(page() + "/resolve/" + commit + "/" + encoded(path).replace("%2F", "/"));
    }

    /// Where a model's repository is made.
    URI create() {
        return api("repos/create");
    }

    URI api(String path) {
        return URI.create(endpoint + "/api/" + path);
    }

    /// Where the revision is changed.
    URI changes(String how) {
        return api("models/" + repo + "/" + how + "/" + encoded(revision));
    }

    /// Where git-lfs asks how large files are sent.
    URI largeFiles() {
        return URI.create(page() + ".git/info/lfs/objects/batch");
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
