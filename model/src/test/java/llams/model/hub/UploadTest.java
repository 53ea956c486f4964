package llams.model.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import llams.model.files.ByteProgress;
import llams.model.files.Checksums;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/// What is uploaded is on the hub once and whole, whatever the network does.
@Timeout(60)
class UploadTest implements TransferListener {
    private static final String REPO = "maker/model";
    private static final Map<String, byte[]> MODEL = new TreeMap<>(Map.of("config.json",
            "{}".getBytes(StandardCharsets.UTF_8), "model.safetensors", FakeHub.content(250_001, 1), "tokenizer.json",
            FakeHub.content(5_000, 2), "README.md", "---\nlicense: llama3\n---\n".getBytes(StandardCharsets.UTF_8)));

    @TempDir
    Path directory;
    private FakeUploadHub hub;
    private final List<String> notes = new ArrayList<>();
    private HubUpload.Options options = HubUpload.Options.standard();
    private List<String> include = List.of();

    @BeforeEach
    void start() throws IOException {
        hub = new FakeUploadHub();
        for (Map.Entry<String, byte[]> file : MODEL.entrySet()) {
            Files.write(directory.resolve(file.getKey()), file.getValue());
        }
        // What nobody else needs.
        Files.writeString(directory.resolve("train.jsonl"), "{}");
        Files.writeString(directory.resolve(".llams-download.json"), "{}");
        Files.writeString(Files.createDirectories(directory.resolve("step-5")).resolve("state.safetensors"), "x");
    }

    @AfterEach
    void stop() throws IOException {
        hub.close();
    }

    @Override
    public void at(long doneBytes, long totalBytes) {
        assertTrue(doneBytes <= totalBytes, doneBytes + " of " + totalBytes);
    }

    @Override
    public void note(String line) {
        assertFalse(line.contains(FakeUploadHub.TOKEN), line);
        notes.add(line);
    }

    private HubUpload.Report upload(String token, boolean dryRun, Duration stall) throws IOException {
        HubModel model = new HubModel(hub.endpoint(), REPO, "main");
        List<UploadFile> files = UploadFile.in(directory, include, this);
        return dryRun && token == null
                ? HubUpload.plan(files, model, null, options, this)
                : HubUpload.run(files, model, token == null ? null : HubTestCase.token(token), options, this,
                        new Retry.Patience(3, Duration.ofMillis(1), stall, 100), dryRun);
    }

    private HubUpload.Report upload() throws IOException {
        return upload(FakeUploadHub.TOKEN, false, Duration.ofSeconds(10));
    }

    private void refused(String token, String... parts) {
        String message = assertThrows(IOException.class, () -> upload(token, false, Duration.ofSeconds(10)))
                .getMessage();
        assertEquals(1, message.lines().count(), message);
        assertFalse(message.contains("hf_"), message);
        for (String part : parts) {
            assertTrue(message.contains(part), "wanted \"" + part + "\" in: " + message);
        }
    }

    private void holdsTheModel() {
        Map<String, byte[]> there = hub.files(REPO);
        assertEquals(MODEL.keySet(), there.keySet());
        MODEL.forEach((name, content) -> assertArrayEquals(content, there.get(name), name));
        assertEquals(2, hub.repos.get(REPO).commits.size());
    }

    @Test
    void aNewModel() throws IOException {
        HubUpload.Report report = upload();
        holdsTheModel();
        assertTrue(hub.repos.get(REPO).isPrivate);
        assertTrue(report.creates());
        assertEquals(255_027, report.newBytes());
        assertEquals(String.format("%040x", 2), report.commit());
        // Two whole parts and the rest, and the tokenizer in one.
        assertEquals(4, hub.count("PUT "));
        assertEquals(List.of(), notes);
    }

    @Test
    void whatIsThereIsNotSentAgain() throws IOException {
        upload();
        int before = hub.requests.size();
        HubUpload.Report again = upload();
        assertEquals(0, again.newBytes());
        assertEquals(String.format("%040x", 2), again.commit());
        assertEquals(4, hub.count("PUT "));
        assertTrue(hub.requests.subList(before, hub.requests.size())
                .stream()
                .noneMatch(request -> request.toString().contains("/commit/")), hub.requests.toString());
        holdsTheModel();
        Files.writeString(directory.resolve("config.json"), "{\"a\": 1}");
        assertEquals(8, upload().newBytes());
        assertEquals(4, hub.count("PUT "));
        assertEquals(3, hub.repos.get(REPO).commits.size());
    }

    @Test
    void aDryRunChangesNothing() throws IOException {
        assertEquals(255_027, upload(null, true, Duration.ofSeconds(10)).newBytes());
        assertEquals(0, hub.requests.size());
        assertTrue(upload(FakeUploadHub.TOKEN, true, Duration.ofSeconds(10)).creates());
        assertEquals(Set.of(), hub.repos.keySet());
        upload();
        Files.writeString(directory.resolve("config.json"), "{\"a\": 1}");
        HubUpload.Report plan = upload(FakeUploadHub.TOKEN, true, Duration.ofSeconds(10));
        assertEquals(8, plan.newBytes());
        assertFalse(plan.creates());
        holdsTheModel();
    }

    @Test
    void cutsAndFailuresCostOnlyWhatTheyHit() throws IOException {
        hub.fault("POST /api/repos/create", FakeUploadHub.status(500), hub.lostAnswer());
        hub.fault("/preupload/", FakeUploadHub.status(429, "Retry-After", "0"), FakeUploadHub.cutAfter(10));
        hub.fault("/objects/batch", FakeUploadHub.cutAfter(0));
        hub.fault("/2?signature", FakeUploadHub.cutAfter(50_000), FakeUploadHub.status(503));
        hub.fault("/complete/", FakeUploadHub.status(500));
        hub.fault("/verify", FakeUploadHub.status(502));
        hub.fault("/commit/", FakeUploadHub.status(500), hub.lostAnswer());
        HubUpload.Report report = upload();
        holdsTheModel();
        assertEquals(String.format("%040x", 2), report.commit());
        assertEquals(6, hub.count("PUT "));
        assertEquals(11, notes.size(), notes.toString());
    }

    @Test
    void silenceCountsAsACut() throws IOException {
        hub.fault("/1?signature", FakeUploadHub.silentAfter(30_000));
        upload(FakeUploadHub.TOKEN, false, Duration.ofMillis(150));
        holdsTheModel();
        assertTrue(notes.getFirst().contains("no answer within"), notes.toString());
    }

    @Test
    void anUploadThatWasGivenUpContinues() throws IOException {
        hub.fault("/3?signature", FakeUploadHub.status(500), FakeUploadHub.status(500), FakeUploadHub.status(500));
        refused(FakeUploadHub.TOKEN, "model.safetensors", "given up after 3 attempts", "the same command continues");
        assertEquals(1, hub.repos.get(REPO).commits.size());
        Files.write(directory.resolve("a.safetensors"), FakeHub.content(2_000, 3));
        hub.fault("/commit/", FakeUploadHub.cutAfter(0), FakeUploadHub.cutAfter(0), FakeUploadHub.cutAfter(0));
        refused(FakeUploadHub.TOKEN, "the commit");
        long sent = hub.count("PUT ");
        upload();
        assertEquals(sent, hub.count("PUT "));
        assertEquals(5, hub.files(REPO).size());
    }

    @Test
    void addressesThatExpireAreAskedForAgain() throws IOException {
        hub.fault("/3?signature", FakeUploadHub.status(403));
        upload();
        holdsTheModel();
        assertEquals(3, hub.count("/objects/batch"));
    }

    @Test
    void whatTheHubRefuses() throws IOException {
        refused(null, "needs an account that may write to maker/model", "HF_TOKEN", "/settings/tokens");
        refused("hf_other", "the token from `token` is not accepted", "Invalid username");
        hub.fault("/api/repos/create", FakeUploadHub.status(403));
        refused(FakeUploadHub.TOKEN, "may not write there", "maker");
        hub.fault("/preupload/", FakeUploadHub.status(403, "X-Error-Message", "read only"));
        refused(FakeUploadHub.TOKEN, "the token from `token` may not write there", "read only");
        hub.fault("/revision/", FakeUploadHub.status(404, "X-Error-Code", "RevisionNotFound"));
        refused(FakeUploadHub.TOKEN, "no revision \"main\"");
        hub.fault("/commit/", FakeUploadHub.status(400, "X-Error-Message", "too many files"));
        refused(FakeUploadHub.TOKEN, "does not take the commit", "too many files");
        hub.fault("/preupload/", FakeUploadHub.status(307, "Location", "http://localhost/elsewhere"));
        refused(FakeUploadHub.TOKEN, "redirects to localhost", "not followed");
    }

    @Test
    void aCardThatTheHubDoesNotAccept() throws IOException {
        Files.writeString(directory.resolve("README.md"), "---\nlicense: wrong\n---\n");
        refused(FakeUploadHub.TOKEN, "README.md", "does not accept its metadata", "license");
        assertEquals(0, hub.count("PUT "));
        assertEquals(Set.of(), hub.repos.keySet());
    }

    @Test
    void onlyWhatIsAskedForAndNotIgnored() throws IOException {
        options = new HubUpload.Options(false, "Some files");
        include = List.of("*.json*", "step-*");
        hub.ignored.add("train.jsonl");
        HubUpload.Report report = upload();
        assertEquals(Set.of("config.json", "step-5/state.safetensors", "tokenizer.json"), hub.files(REPO).keySet());
        assertEquals(List.of("train.jsonl"), report.ignored());
        assertFalse(hub.repos.get(REPO).isPrivate);
        assertEquals("Some files", hub.repos.get(REPO).commits.getLast());
    }

    @Test
    void whatIsDamagedIsNotShared() throws IOException {
        Checksums.write(directory, ByteProgress.SILENT);
        assertEquals(5, upload().items().size());
        Files.writeString(directory.resolve("config.json"), "{\"a\": 1}");
        refused(FakeUploadHub.TOKEN, "config.json: is not what checksums.sha256 says");
    }

    @Test
    void whatIsNoModel() throws IOException {
        Files.delete(directory.resolve("model.safetensors"));
        refused(FakeUploadHub.TOKEN, directory.toString(), "no weights as .safetensors", "nothing to upload");
        assertEquals(0, hub.requests.size());
    }

    /// The hub of these tests against the hub's own client: `-Dllams.huggingface=PYTHON` names a Python that has it.
    @Test
    @EnabledIfSystemProperty(named = "llams.huggingface", matches = ".+")
    void theHubsOwnClientFindsTheSameHub() throws IOException, InterruptedException {
        Path log = directory.resolve("python.log");
        ProcessBuilder python = new ProcessBuilder(System.getProperty("llams.huggingface"), "-c", """
                import huggingface_hub as h, sys
                api = h.HfApi(endpoint=sys.argv[1], token=sys.argv[3])
                api.create_repo("maker/model", private=True, exist_ok=True)
                c = api.upload_folder(repo_id="maker/model", folder_path=sys.argv[2],
                    allow_patterns=["*.json", "model.safetensors", "README.md"], ignore_patterns=[".*"],
                    commit_message="By Python")
                print(c.oid)
                """, hub.endpoint(), directory.toString(), FakeUploadHub.TOKEN).redirectErrorStream(true)
                .redirectOutput(log.toFile());
        python.environment().put("HF_HUB_DISABLE_XET", "1");
        assertEquals(0, python.start().waitFor(), () -> {
            try {
                return Files.readString(log);
            } catch (IOException e) {
                return e.toString();
            }
        });
        holdsTheModel();
        assertEquals(0, upload().newBytes(), "what Python uploaded is there");
        holdsTheModel();
    }
}
