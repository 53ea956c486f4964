package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A bundle's script lets of a card be used what the user says, else what nvidia-smi states if that is a number, else
/// all.
class WhatMayBeUsedOfACardTest {
    @TempDir
    Path directory;

    private Path script(String name, String text) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        file.toFile().setExecutable(true);
        return file;
    }

    /// The setting that the script starts Java with; empty if it says none.
    ///
    /// @param stated by nvidia-smi
    private String memory(String stated, Map<String, String> environment) throws IOException, InterruptedException {
        try (InputStream launcher = Bundle.class.getResourceAsStream("bundle-launcher.sh")) {
            script("llams", new String(launcher.readAllBytes(), StandardCharsets.UTF_8));
        }
        script("runtime/bin/java", "#!/bin/sh\nfor word; do echo \"$word\"; done\n");
        script("tornado/flags", "");
        script("bin/nvidia-smi", "#!/bin/sh\nprintf '" + stated + "'\n");
        ProcessBuilder process = new ProcessBuilder(directory.resolve("llams").toString(), "devices")
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        process.environment().remove("LLAMS_GPU_MEMORY");
        process.environment().merge("PATH", directory.resolve("bin").toString(), (path, bin) -> bin + ":" + path);
        process.environment().putAll(environment);
        Process running = process.start();
        running.getOutputStream().close();
        String words = new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, running.waitFor());
        String setting = "-Dtornado.device.memory=";
        return words.lines()
                .filter(word -> word.startsWith(setting))
                .findFirst()
                .orElse(setting)
                .substring(setting.length());
    }

    @Test
    void asStated() throws IOException, InterruptedException {
        assertEquals("143771MB", memory("143771\\n", Map.of()));
        assertEquals("24564MB", memory("24564\\n81559\\n", Map.of()));
        assertEquals("40GB", memory("143771\\n", Map.of("LLAMS_GPU_MEMORY", "40GB")));
    }

    @Test
    void noNumber() throws IOException, InterruptedException {
        for (String stated : new String[] {"", "[N/A]\\n", "[Insufficient Permissions]\\n",
                "NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.\\n",
                "No devices were found\\n"}) {
            assertEquals("", memory(stated, Map.of()));
        }
    }
}
