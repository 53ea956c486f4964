package llams.model.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TokenStaysWithTheHubTest extends HubTestCase {
    private static final String AUTHORIZATION = "authorization";

    @Test
    void theStoreOnAnotherPortDoesNotSeeTheToken() throws IOException {
        hub.withModel();
        download(hub.model(), token("hf_secret"));
        holds("config.json", "model.safetensors", "tokenizer.json");
        assertFalse(hub.atStore.isEmpty());
        for (FakeHub.Request request : hub.atStore) {
            assertNull(request.headers().get(AUTHORIZATION), request.toString());
        }
        for (FakeHub.Request request : hub.atHub) {
            assertEquals("Bearer hf_secret", request.headers().get(AUTHORIZATION), request.toString());
            assertEquals("identity", request.headers().get("accept-encoding"), request.toString());
        }
    }

    @Test
    void aRedirectWithinTheHubKeepsItAndNothingBringsItBack() throws IOException {
        hub.withModel();
        hub.fault("config.json", FakeHub.status(307, "Location", "/store/config.json"),
                FakeHub.status(308, "Location",
                        "http://localhost:" + hub.endpoint().replaceAll(".*:", "") + "/store/config.json"),
                FakeHub.status(302, "Location", "/store/config.json"),
                FakeHub.status(302, "Location", hub.endpoint() + "/store/config.json"));
        download(hub.model(), token("hf_secret"), "config.json");
        assertEquals(Arrays.asList("Bearer hf_secret", "Bearer hf_secret", null, null, null),
                hub.gets().stream().map(request -> request.headers().get(AUTHORIZATION)).toList());
    }

    @Test
    void redirectsThatAreNotFollowed() throws IOException {
        hub.withModel();
        hub.fault("config.json", FakeHub.status(302, "Location", "file:///etc/passwd"));
        refused("redirects to file:");
        hub.fault("config.json", FakeHub.status(302));
        refused("config.json", "redirects");
        for (int i = 0; i < 11; i++) {
            hub.fault("config.json", FakeHub.status(302, "Location", "/store/config.json"));
        }
        refused("config.json", "more than 10 redirects");
    }

    @Test
    void itIsFoundWhereHubProgramsLookForIt() throws IOException {
        Path cache = Files.createDirectories(temporary.resolve(".cache/huggingface"));
        Map<String, String> environment = new HashMap<>();
        assertNull(HubToken.findOrNull(null, environment, temporary));
        Files.writeString(cache.resolve("token"), "hf_cache\n");
        assertEquals("Bearer hf_cache", HubToken.findOrNull(null, environment, temporary).header());
        environment.put("HF_HOME", Files.createDirectories(temporary.resolve("home")).toString());
        assertNull(HubToken.findOrNull(null, environment, temporary));
        Files.writeString(temporary.resolve("home/token"), " hf_home");
        assertEquals("Bearer hf_home", HubToken.findOrNull(null, environment, temporary).header());
        environment.put("HF_TOKEN_PATH", Files.writeString(temporary.resolve("path"), "hf_path").toString());
        assertEquals("Bearer hf_path", HubToken.findOrNull(null, environment, temporary).header());
        environment.put("HF_TOKEN", "hf_variable\n");
        assertEquals("Bearer hf_variable", HubToken.findOrNull(null, environment, temporary).header());
        assertEquals("Bearer hf_option", HubToken.findOrNull("hf_option", environment, temporary).header());
    }

    @Test
    void whatIsNoTokenIsNotShown() {
        String message = assertThrows(IllegalArgumentException.class, () -> token("se\ncret")).getMessage();
        assertTrue(message.startsWith("`token`: ") && !message.contains("cret"), message);
    }
}
