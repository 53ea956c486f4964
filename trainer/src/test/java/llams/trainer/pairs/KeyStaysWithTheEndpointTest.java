package llams.trainer.pairs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The key goes to the endpoint, and nowhere else: not to another server, not into a file, not into a message.
class KeyStaysWithTheEndpointTest extends PairsTestCase {
    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void redirectsAreNotFollowed(int status) throws IOException {
        try (FakeEndpoint other = new FakeEndpoint()) {
            server.usual = FakeEndpoint.status(status, "", "Location", other.address() + "/v1?key=" + KEY);
            refused(request(2), server.address() + ": redirects to http://127.0.0.1, which is not followed;",
                    "`endpoint`");
            assertEquals(List.of(), other.requests);
            assertEquals(1, server.requests.size());
        }
        server.usual = FakeEndpoint.status(status, "");
        refused(request(2), "which is not followed");
        server.usual = FakeEndpoint.status(status, "", "Location", "http://[" + KEY);
        refused(request(2), "redirects to a malformed address");
    }

    @Test
    void refusalsThatRepeatIt() throws IOException {
        String says = "{\"error\": {\"message\": \"Incorrect API key provided: " + KEY + "\"}}";
        for (int status : new int[] {401, 403}) {
            server.usual = FakeEndpoint.status(status, says.replace(KEY, "sk-01234...SECRET"));
            refused(request(2), server.address() + ": does not accept the key from KEY (" + status + ")");
        }
        assertEquals(2, server.requests.size());
        server.usual = FakeEndpoint.status(400, says);
        refused(request(2), "answers 400: Incorrect API key provided: [KEY]");
        server.usual = FakeEndpoint.status(404, says);
        refused(request(2), "Incorrect API key provided: [KEY]");
        server.usual = FakeEndpoint.status(500, says);
        refused(request(2), "answers 500 (Incorrect API key provided: [KEY])");
        server.usual = FakeEndpoint.status(200, "what? " + KEY);
        refused(request(2), "not JSON");
    }

    @ParameterizedTest
    @EnumSource(Api.class)
    void answersThatRepeatIt(Api api) throws IOException {
        server.usual = FakeEndpoint.says("[" + FakeEndpoint.pair("가", 1).json().toString().replace("The", KEY) + "]");
        new PairGeneration(new PairRequest(endpoint(api), 1, out, topics(),
                new PairPrompt(FakeEndpoint.TEMPLATE, List.of(), 0), settings), this).run();
        assertTrue(Files.readString(out).contains("[KEY] answer is 1."), Files.readString(out));
        server.fault(FakeEndpoint.says(KEY), FakeEndpoint.says("{\"" + KEY + "\": [" + KEY));
        server.usual = FakeEndpoint.says("[" + FakeEndpoint.pair("나", 2).json() + "]");
        assertEquals(2, generate(2).pairs());
        theKeyIsNowhere();
    }

    /// Where no key is wanted, people give `none`, which is also a word.
    @Test
    void whatIsTooShortForASecretStaysInAnswers() {
        assertEquals("none of it", key("none").hide("none of it"));
    }

    @Test
    void itIsNotSentUnencryptedToAnotherMachine() throws IOException {
        for (String address : List.of("http://example.com", "http://127.0.0.1.example.com:80/v1",
                "http://localhost.example.com", "http://10.0.0.1:8000")) {
            Endpoint endpoint = endpoint(Api.OPENAI).withAddress(address);
            PairRequest plain = new PairRequest(endpoint, 2, out, topics(), request(1).prompt(), settings);
            refused(plain, "`endpoint` must be an address with https", "from KEY", "`allowHttp`");
            assertEquals("http", endpoint.withAllowHttp(true).target().getScheme());
            assertEquals("http", endpoint.withKey(null).target().getScheme());
        }
        for (String address : List.of("http://localhost:1", "http://LOCALHOST", "http://127.9.9.9", "http://[::1]:8")) {
            assertEquals("http", endpoint(Api.OPENAI).withAddress(address).target().getScheme());
        }
    }

    @Test
    void addressesWithSecretsAreNotShown() throws IOException {
        for (String address : List.of("https://user:SECRET@a.b", "https://a.b/v1?key=SECRET", "https://a.b/#SECRET",
                "SECRET", "https://SECRET in it", "ftp://SECRET/", "https:///SECRET")) {
            Endpoint endpoint = endpoint(Api.OPENAI).withAddress(address);
            refused(new PairRequest(endpoint, 2, out, topics(), request(1).prompt(), settings),
                    "`endpoint` must be an address");
        }
    }

    @Test
    void whatIsNoKeyIsNotShown() {
        String message = assertThrows(IllegalArgumentException.class, () -> key("SE\nCRET")).getMessage();
        assertTrue(message.startsWith("KEY: does not hold a key") && !message.contains("CRET"), message);
        assertNull(ApiKey.findOrNull("KEY", Map.of()));
        assertNull(key(" "));
        assertFalse(endpoint(Api.OPENAI).toString().contains("SECRET"));
        assertFalse(request(1).toString().contains("SECRET"));
    }

    @Test
    void whoAsksMayBeMissing() throws IOException {
        server.usual = FakeEndpoint.status(401, "");
        PairRequest bare = new PairRequest(endpoint(Api.OPENAI).withKey(null), 2, out, topics(), request(1).prompt(),
                settings);
        refused(bare, "asks for a key (401): put yours into the variable OPENAI_API_KEY");
    }
}
