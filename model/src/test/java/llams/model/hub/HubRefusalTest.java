package llams.model.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What cannot be is said before a byte of a file was asked for and before anything is written, with what to do about
/// it.
class HubRefusalTest extends HubTestCase {
    @AfterEach
    void nothingWasFetchedOrWritten() throws IOException {
        assertEquals(0, hub.gets().size(), hub.gets().toString());
        assertEquals(0, there().stream().filter(name -> !name.equals("mine")).count(), there().toString());
    }

    @Test
    void aGatedModel() throws IOException {
        hub.withModel();
        hub.fault("HEAD config.json", FakeHub.status(401, "X-Error-Code", "GatedRepo"),
                FakeHub.status(403, "X-Error-Code", "GatedRepo"));
        refused(hub.endpoint() + "/maker/model: ", "gated", "accept its licence on that page",
                hub.endpoint() + "/settings/tokens", "`token`", "HF_TOKEN");
        refused(hub.model(), token("hf_x"), "gated", "the account of the token from `token` has no access",
                "fine-grained");
    }

    @Test
    void aMissingModel() throws IOException {
        hub.fault("", FakeHub.status(401, "X-Error-Code", "RepoNotFound"),
                FakeHub.status(404, "X-Error-Code", "RepoNotFound"));
        refused("no such model, or it is private", "give a token");
        refused(hub.model(), token("hf_x"), "no such model", "may not see it");
    }

    @Test
    void aTokenThatIsNotAccepted() throws IOException {
        hub.fault("", FakeHub.status(401, "X-Error-Message", "Invalid credentials"), FakeHub.status(401));
        refused(hub.model(), token("hf_x"), "the token from `token` is not accepted", "Invalid credentials",
                "/settings/tokens");
        refused("asks for a token (401)", "give a token");
    }

    @Test
    void aMissingRevisionOrFile() {
        hub.withModel();
        refused(new HubModel(hub.endpoint(), FakeHub.REPO, "refs/pr/1"), null, "no revision \"refs/pr/1\"", "main");
        assertEquals("/api/models/maker/model/revision/refs%2Fpr%2F1", hub.atHub.getLast().path());
        hub.fault("HEAD tokenizer.json", FakeHub.status(404, "X-Error-Code", "EntryNotFound"));
        refused("no file tokenizer.json");
    }

    @Test
    void whatIsNoHub() {
        hub.fault("", (_, _, out) -> FakeHub.write(out, 200, 6, "<html>".getBytes(), 6),
                (_, _, out) -> FakeHub.write(out, 200, 2, "{}".getBytes(), 2), FakeHub.status(404));
        refused("not a model's listing", "address of a hub");
        refused("lacks \"sha\"", "address of a hub");
        refused("is 404");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"../evil.json", "a/../../evil.json", "/etc/evil.json", "a\\evil.json", "C:/evil.json",
                    "a//evil.json", "./evil.json", "evil.json/", "", "evil\0.json", "..", ".llams-download.json",
                    "in-use.lock"})
    void aNameThatLeadsOut(String name) {
        hub.withModel().with(name, new byte[1]);
        refused("lists a file named", name.replace('\0', '?'), "nothing was downloaded");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/b/c", "../b", "a/..", "a/b?c", "https://x/a/b", "/a", "a b", "a/b#c", "a/b..c"})
    void whatIsNoNameOfAModel(String repo) {
        String message = assertThrows(IllegalArgumentException.class, () -> new HubModel(hub.endpoint(), repo, "main"))
                .getMessage();
        assertTrue(message.contains("\"" + repo + "\"") && message.contains("OWNER/NAME"), message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "huggingface.co", "ftp://x", "http://", "http://user@host", "http://host?x", "http://a b"})
    void whatIsNoAddress(String endpoint) {
        assertThrows(IllegalArgumentException.class, () -> new HubModel(endpoint, "a/b", "main"));
    }

    @Test
    void whatHasNoWeights() {
        hub.with("config.json", new byte[2]).with("pytorch_model.bin", new byte[2]);
        refused("no weights as .safetensors", "config.json, pytorch_model.bin", "`include`");
    }

    @Test
    void whatTheDiskHasNoRoomFor() {
        hub.withModel();
        hub.fault("HEAD config.json",
                FakeHub.status(200, "X-Linked-Size", "900000000000000000", "X-Linked-Etag", "ab".repeat(32)));
        refused("900,000,000,002,500,999 bytes are to come", "room for", "another directory");
    }

    @Test
    void aSizeThatCannotBe() {
        hub.withModel();
        hub.fault("HEAD config.json", FakeHub.status(200, "X-Linked-Size", "-1"));
        refused("config.json", "does not say its size");
    }

    @Test
    void aDirectoryWithOtherThings() throws IOException {
        Files.createDirectories(to);
        Files.writeString(to.resolve("mine"), "x");
        hub.withModel();
        refused(to.toString(), "is not empty", "another directory");
        assertEquals(0, hub.atHub.size());
        assertEquals("x", Files.readString(to.resolve("mine")));
    }

    @Test
    void aPlaceThatCannotBeWrittenTo() throws IOException {
        hub.withModel();
        to = Files.writeString(temporary.resolve("file"), "").resolve("model");
        refused(to.toString(), "cannot be written");
    }
}
