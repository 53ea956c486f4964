package llams.model.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A hub that takes uploads, and its store for large files. Both check what a hub checks: the token and where it must not
/// appear, lengths, hashes, parts.
final class FakeUploadHub extends FaultyServers {
    static final String TOKEN = "hf_secret";
    static final int LARGE_BYTES = 1000;

    /// A repository: its files, small ones as they are, large ones by their hash.
    static final class Repo {
        final Map<String, byte[]> small = new TreeMap<>();
        final Map<String, String> large = new TreeMap<>();
        final List<String> commits = new ArrayList<>();
        boolean isPrivate;
    }

    final Map<String, Repo> repos = new HashMap<>();
    final Map<String, byte[]> stored = new HashMap<>();
    final Set<String> ignored = Collections.synchronizedSet(new HashSet<>());
    /// Above this, files are sent in parts of this size.
    int partBytes = 100_000;
    private final Map<String, byte[]> parts = new HashMap<>();
    private int batches;
    FakeUploadHub() throws IOException {}

    @Override
    synchronized void answer(Request request, boolean atStore, OutputStream out) throws IOException {
        byte[] body = request.content();
        if (atStore) {
            put(request, body, out);
        } else if (!("Bearer " + TOKEN).equals(request.headers().get("authorization"))
                && !request.path().startsWith("/complete/")) {
            json(out, 401, error("Invalid username or password."));
        } else {
            route(request, body, out);
        }
    }

    private void route(Request request, byte[] body, OutputStream out) throws IOException {
        Matcher model = Pattern.compile("/api/models/(\\w+/[\\w.-]+)/(revision|preupload|commit)/main(\\?.*)?")
                .matcher(request.path());
        Matcher batch = Pattern.compile("/(\\w+/[\\w.-]+)\\.git/info/lfs/objects/batch").matcher(request.path());
        if (request.path().equals("/api/repos/create")) {
            create(parse(body), out);
        } else if (request.path().equals("/api/validate-yaml")) {
            boolean isGood = !parse(body).path("content").asString("").contains("license: wrong");
            ObjectNode said = object();
            said.putArray("warnings");
            ArrayNode errors = said.putArray("errors");
            if (!isGood) {
                errors.addObject().put("message", "\"license\" must be one of those that the hub knows");
            }
            json(out, isGood ? 200 : 400, said);
        } else if (model.matches() && !repos.containsKey(model.group(1))) {
            json(out, 404, error("Repository not found"), "X-Error-Code", "RepoNotFound");
        } else if (model.matches()) {
            Repo repo = repos.get(model.group(1));
            switch (model.group(2)) {
                case "revision" -> json(out, 200, listing(repo));
                case "preupload" -> json(out, 200, preupload(repo, parse(body)));
                default -> commit(model.group(1), body, out);
            }
        } else if (batch.matches()) {
            json(out, 200, batch(parse(body)));
        } else if (request.path().startsWith("/complete/")) {
            complete(request.path().substring("/complete/".length()), parse(body), out);
        } else if (request.path().equals("/verify")) {
            json(out, stored.containsKey(parse(body).path("oid").asString("")) ? 200 : 404, object());
        } else {
            json(out, 404, error("no such thing: " + request));
        }
    }

    private void create(JsonNode wanted, OutputStream out) throws IOException {
        String name = wanted.path("organization").asString("") + "/" + wanted.path("name").asString("");
        if (!name.startsWith("maker/")) {
            json(out, 403, error("You don't have the rights to create a model under this namespace"));
        } else if (repos.containsKey(name)) {
            json(out, 409, error("You already created this model repo"));
        } else {
            Repo repo = new Repo();
            repo.isPrivate = wanted.path("private").asBoolean(false)
                    || wanted.path("visibility").asString("").equals("private");
            repo.commits.add("initial commit");
            repos.put(name, repo);
            json(out, 200, object().put("url", endpoint() + "/" + name).put("name", name));
        }
    }

    private static String head(Repo repo) {
        return String.format("%040x", repo.commits.size());
    }

    private static ObjectNode listing(Repo repo) {
        ObjectNode said = object().put("sha", head(repo)).put("private", repo.isPrivate);
        ArrayNode siblings = said.putArray("siblings");
        repo.small.keySet().forEach(name -> siblings.addObject().put("rfilename", name));
        repo.large.keySet().forEach(name -> siblings.addObject().put("rfilename", name));
        return said;
    }

    private ObjectNode preupload(Repo repo, JsonNode wanted) {
        ObjectNode said = object();
        ArrayNode files = said.putArray("files");
        for (JsonNode file : wanted.path("files")) {
            String path = file.path("path").asString("");
            byte[] sample = Base64.getDecoder().decode(file.path("sample").asString(""));
            if (sample.length != Math.min(512, file.path("size").asInt())) {
                continue;
            }
            boolean isLarge = file.path("size").asInt() >= LARGE_BYTES || path.endsWith(".safetensors");
            ObjectNode one = files.addObject()
                    .put("path", path)
                    .put("uploadMode", isLarge ? "lfs" : "regular")
                    .put("shouldIgnore", ignored.contains(path));
            if (repo.large.containsKey(path)) {
                one.put("oid", repo.large.get(path));
            } else if (repo.small.containsKey(path)) {
                byte[] content = repo.small.get(path);
                one.put("oid", FakeHub.hash("SHA-1",
                        ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII), content));
            }
        }
        return said;
    }

    private ObjectNode batch(JsonNode wanted) {
        ObjectNode said = object().put("transfer", "multipart");
        ArrayNode objects = said.putArray("objects");
        for (JsonNode one : wanted.path("objects")) {
            String oid = one.path("oid").asString("");
            long size = one.path("size").asLong();
            ObjectNode object = objects.addObject().put("oid", oid).put("size", size);
            if (stored.containsKey(oid)) {
                continue;
            }
            String id = oid + "/" + batches++;
            ObjectNode actions = object.putObject("actions");
            ObjectNode upload = actions.putObject("upload");
            if (size <= partBytes) {
                upload.put("href", address(id, 1) + "&whole=true");
            } else {
                upload.put("href", endpoint() + "/complete/" + id);
                ObjectNode header = upload.putObject("header").put("chunk_size", String.valueOf(partBytes));
                for (int part = 1; part <= Math.ceilDiv(size, partBytes); part++) {
                    header.put(String.valueOf(part), address(id, part));
                }
            }
            actions.putObject("verify").put("href", endpoint() + "/verify");
        }
        return said;
    }

    private String address(String id, int part) {
        return storeEndpoint() + "/store/" + id + "/" + part + "?signature=a%2Fb";
    }

    private void put(Request request, byte[] body, OutputStream out) throws IOException {
        String[] path = request.path().replaceFirst("\\?.*", "").split("/");
        if (request.headers().containsKey("authorization") || request.headers().containsKey("transfer-encoding")
                || !request.method().equals("PUT")) {
            write(out, 400, new byte[0]);
            return;
        }
        if (request.path().endsWith("&whole=true")) {
            if (!FakeHub.hash("SHA-256", body).equals(path[2])) {
                write(out, 400, new byte[0]);
                return;
            }
            stored.put(path[2], body);
        }
        parts.put(path[2] + "/" + path[3] + "/" + path[4], body);
        write(out, 200, new byte[0], "ETag", "\"" + FakeHub.hash("MD5", body) + "\"");
    }

    private void complete(String id, JsonNode wanted, OutputStream out) throws IOException {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        int number = 0;
        for (JsonNode part : wanted.path("parts")) {
            number++;
            byte[] content = parts.get(id + "/" + part.path("partNumber").asInt());
            if (content == null || part.path("partNumber").asInt() != number
                    || !part.path("etag").asString("").equals("\"" + FakeHub.hash("MD5", content) + "\"")) {
                json(out, 400, error("part " + number + " is not what was sent"));
                return;
            }
            whole.writeBytes(content);
        }
        String oid = wanted.path("oid").asString("");
        if (!FakeHub.hash("SHA-256", whole.toByteArray()).equals(oid)) {
            json(out, 400, error("the parts do not make " + oid));
            return;
        }
        stored.put(oid, whole.toByteArray());
        json(out, 200, object());
    }

    private void commit(String name, byte[] lines, OutputStream out) throws IOException {
        Repo repo = repos.get(name);
        Map<String, byte[]> small = new HashMap<>();
        Map<String, String> large = new HashMap<>();
        String summary = "";
        for (String line : new String(lines, StandardCharsets.UTF_8).split("\n")) {
            JsonNode item = parse(line.getBytes(StandardCharsets.UTF_8));
            JsonNode value = item.path("value");
            String path = value.path("path").asString("");
            switch (item.path("key").asString("")) {
                case "header" -> summary = value.path("summary").asString("");
                case "file" -> small.put(path, Base64.getDecoder().decode(value.path("content").asString("")));
                case "lfsFile" -> large.put(path, value.path("oid").asString(""));
                default -> summary = "";
            }
        }
        if (summary.isEmpty() || !stored.keySet().containsAll(large.values())) {
            json(out, 400, error("the commit has no summary, or names what is not in the store"));
            return;
        }
        small.forEach((path, content) -> {
            repo.small.put(path, content);
            repo.large.remove(path);
        });
        large.forEach((path, oid) -> {
            repo.large.put(path, oid);
            repo.small.remove(path);
        });
        repo.commits.add(summary);
        json(out, 200, object().put("commitOid", head(repo))
                .put("commitUrl", endpoint() + "/" + name + "/commit/" + head(repo)));
    }

    /// The files of a repository.
    Map<String, byte[]> files(String name) {
        Repo repo = repos.get(name);
        Map<String, byte[]> files = new TreeMap<>(repo.small);
        repo.large.forEach((path, oid) -> files.put(path, stored.get(oid)));
        return files;
    }

    private static ObjectNode object() {
        return JsonMapper.shared().createObjectNode();
    }

    private static ObjectNode error(String words) {
        return object().put("error", words);
    }

    private static JsonNode parse(byte[] json) {
        return JsonMapper.shared().readTree(json);
    }

}
