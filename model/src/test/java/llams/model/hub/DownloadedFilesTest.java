package llams.model.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import llams.model.PassingDisk;
import llams.model.files.DirectoryLock;
import org.junit.jupiter.api.Test;

/// Which files a directory has after a download, and which of them a second one asks for.
class DownloadedFilesTest extends HubTestCase {
    private void names(String... names) {
        for (String name : names) {
            hub.with(name, FakeHub.content(10 + name.length(), name.hashCode()));
        }
    }

    @Test
    void whatAModelNeedsAndNoMore() throws IOException {
        names(".gitattributes", "LICENSE", "USE_POLICY.md", "README.md", "config.json", "generation_config.json",
                "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json",
                "chat_template.jinja", "original/tokenizer.model", "original/params.json",
                "original/consolidated.00.pth", "consolidated.safetensors", "pytorch_model.bin", "model.gguf",
                "flax.msgpack", "tf.h5", "onnx/model.onnx", "onnx/config.json", "figure.png", "tokenizer.model");
        HubDownload.Report report = download();
        holds("LICENSE", "USE_POLICY.md", "README.md", "config.json", "generation_config.json",
                "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json",
                "chat_template.jinja", "original/tokenizer.model", "tokenizer.model");
        assertEquals(11, report.downloaded().size());
        assertEquals(FakeHub.COMMIT, report.commit());
    }

    @Test
    void includeReplacesThatChoice() throws IOException {
        names("config.json", "original/params.json", "original/consolidated.00.pth", "a b.bin", "model-1.gguf",
                "model-2.gguf", "empty");
        hub.with("empty", new byte[0]);
        download("orig*.pth", "a b.bin", "model-[!2].gguf", "e?pty");
        holds("original/consolidated.00.pth", "a b.bin", "model-1.gguf", "empty");
        to = temporary.resolve("other");
        download("original/");
        holds("original/params.json", "original/consolidated.00.pth");
        assertTrue(assertThrows(IOException.class, () -> download("*.zip", "x.[")).getMessage()
                .contains("no file that matches *.zip or x.["));
    }

    @Test
    void whatIsThereIsNotAskedForAgain() throws IOException {
        hub.withModel();
        download();
        int before = hub.gets().size();
        HubDownload.Report again = download();
        assertEquals(before, hub.gets().size());
        assertEquals(List.of("config.json", "model.safetensors", "tokenizer.json"), again.present());
        assertEquals(0, again.downloadedBytes());
        // Touched, so that its record no longer holds: its hash still does.
        Files.setLastModifiedTime(to.resolve("model.safetensors"), FileTime.fromMillis(1_000));
        download();
        assertEquals(before, hub.gets().size());
    }

    @Test
    void whatWasChangedHereComesAnew() throws IOException {
        hub.withModel();
        download();
        byte[] changed = hub.files.get("model.safetensors").clone();
        changed[7]++;
        Files.write(to.resolve("model.safetensors"), changed);
        Files.setLastModifiedTime(to.resolve("model.safetensors"), FileTime.fromMillis(1_000));
        Files.writeString(to.resolve("config.json"), "longer");
        HubDownload.Report again = download();
        holds("config.json", "model.safetensors", "tokenizer.json");
        assertEquals(List.of("config.json", "model.safetensors"), again.downloaded());
    }

    @Test
    void allFilesAreOfTheListedCommit() throws IOException {
        hub.withModel();
        download();
        assertTrue(hub.atHub.stream()
                .skip(1)
                .allMatch(request -> request.path().startsWith("/maker/model/resolve/" + FakeHub.COMMIT + "/")));
        hub.commit = "f".repeat(40);
        hub.with("config.json", "{\"a\":1}".getBytes());
        assertEquals(List.of("config.json"), download().downloaded());
        holds("config.json", "model.safetensors", "tokenizer.json");
    }

    @Test
    void twoCommitsAreNotMixed() throws IOException {
        hub.withModel();
        download();
        hub.commit = "f".repeat(40);
        hub.files.remove("tokenizer.json");
        refused("has tokenizer.json of commit " + FakeHub.COMMIT, "revision " + FakeHub.COMMIT);
        Files.delete(to.resolve("tokenizer.json"));
        download();
        holds("config.json", "model.safetensors");
    }

    @Test
    void anotherModelsDirectoryIsLeftAlone() throws IOException {
        hub.withModel();
        download();
        refused(new HubModel(hub.endpoint(), "maker/other", "main"), null,
                "holds a download of maker/model, not of maker/other");
        Files.writeString(to.resolve(DownloadRecord.FILE), "{");
        refused(DownloadRecord.FILE, "cannot be read");
    }

    @Test
    void oneDownloadADirectory() throws IOException {
        hub.withModel();
        download("config.json");
        try (DirectoryLock _ = DirectoryLock.take(to)) {
            refused("in use by");
        }
    }

    @Test
    void aFullDiskIsOneLineAndLeavesNoFile() throws IOException {
        hub.withModel();
        download("config.json");
        new PassingDisk() {
            @Override
            protected void writing(Path file, ByteBuffer bytes, long position) throws IOException {
                if (file.getFileName().toString().startsWith("model.safetensors")) {
                    throw new IOException("No space left on device");
                }
            }
        }.during(() -> refused("model.safetensors: cannot be written", "No space left on device", "same command"));
        assertFalse(Files.exists(to.resolve("model.safetensors")));
        assertEquals(List.of(), notes);
    }

    @Test
    void nothingIsWrittenThroughALink() throws IOException {
        hub.withModel();
        download("config.json");
        Path victim = Files.writeString(temporary.resolve("victim"), "precious");
        Path incomplete = to.resolve("model.safetensors.incomplete-"
                + FakeHub.hash("SHA-256", hub.files.get("model.safetensors")).substring(0, 16));
        Files.createSymbolicLink(incomplete, victim);
        refused("model.safetensors: cannot be written", "it is a link");
        assertEquals("precious", Files.readString(victim));
    }
}
