package llams.model.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A download that was damaged later is told file by file, without a network, and the next download mends just that.
class DamageIsFoundAndMendedTest extends HubTestCase {
    private HubVerification.Report verify() throws IOException {
        return HubVerification.run(FakeHub.REPO, to, this);
    }

    /// As a bad disk does it: nothing but a bit of the content changes.
    private void flip(String name) throws IOException {
        Path file = to.resolve(name);
        FileTime before = Files.getLastModifiedTime(file);
        byte[] content = Files.readAllBytes(file);
        content[content.length / 2] ^= 4;
        Files.write(file, content);
        Files.setLastModifiedTime(file, before);
    }

    @Test
    void whatIsAsItCameIsGood() throws IOException {
        hub.withModel().etags.put("tokenizer.json", "v1");
        download();
        hub.close();
        progress.clear();
        HubVerification.Report report = verify();
        assertEquals(List.of("config.json", "model.safetensors"), report.whole());
        assertEquals(List.of("tokenizer.json"), report.unhashed());
        assertTrue(report.isGood());
        assertEquals(FakeHub.COMMIT, report.commit());
        assertEquals(2_500_000 + 2 + 999, progress.getLast());
    }

    @Test
    void aFlippedBitIsNamedAndOnlyThatFileComesAnew() throws IOException {
        hub.withModel();
        download();
        flip("model.safetensors");
        int before = hub.gets().size();
        // Neither size nor time tells.
        download();
        assertEquals(before, hub.gets().size());
        HubVerification.Report report = verify();
        assertEquals(List.of("model.safetensors"), report.damaged());
        assertFalse(report.isGood());
        assertEquals(report, verify());
        assertEquals(List.of("model.safetensors"), download().downloaded());
        holds("config.json", "model.safetensors", "tokenizer.json");
        assertTrue(verify().isGood());
    }

    @Test
    void shortenedAndRemovedFilesAndBeginningsAreTold() throws IOException {
        hub.withModel();
        download();
        Files.write(to.resolve("model.safetensors"), new byte[5]);
        Files.delete(to.resolve("tokenizer.json"));
        Files.write(to.resolve("other.safetensors.incomplete-0123456789abcdef"), new byte[9]);
        HubVerification.Report report = verify();
        assertEquals(List.of("model.safetensors"), report.damaged());
        assertEquals(List.of("other.safetensors", "tokenizer.json"), report.missing().stream().sorted().toList());
    }

    @Test
    void whatIsNoDownloadIsRefused() throws IOException {
        hub.withModel();
        assertTrue(assertThrows(IOException.class, this::verify).getMessage()
                .contains("holds no download of maker/model"));
        download();
        Path record = to.resolve(DownloadRecord.FILE);
        Files.writeString(record, Files.readString(record).replace("config.json", "../config.json"));
        assertTrue(assertThrows(IOException.class, this::verify).getMessage().contains("outside the directory"));
    }
}
