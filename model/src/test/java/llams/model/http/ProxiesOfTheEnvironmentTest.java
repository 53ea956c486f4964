package llams.model.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A proxy is taken from the variables that curl and Python take it from.
class ProxiesOfTheEnvironmentTest {
    private static final ProxySelector NONE = ProxySelector.of(null);

    private static String of(Map<String, String> environment, String uri) {
        Proxy proxy = new Proxies(environment, NONE).select(URI.create(uri)).getFirst();
        return proxy.address() instanceof InetSocketAddress address
                ? address.getHostString() + ":" + address.getPort()
                : "none";
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {"https_proxy, http://proxy:3128,  https://huggingface.co/a, proxy:3128",
                    "HTTPS_PROXY, proxy:3128,         https://huggingface.co/a, proxy:3128",
                    "ALL_PROXY,   http://proxy,       https://huggingface.co/a, proxy:80",
                    "http_proxy,  http://proxy:1,     http://mirror/a,          proxy:1",
                    "http_proxy,  http://proxy:1,     https://huggingface.co/a, none",
                    "HTTP_PROXY,  http://proxy:1,     http://mirror/a,          none",
                    "https_proxy, '',                 https://huggingface.co/a, none",
                    "all_proxy,   http://proxy:1,     http://127.0.0.1:80/a,    none",
                    "all_proxy,   http://proxy:1,     http://localhost/a,       none",})
    void theVariableOfTheScheme(String name, String value, String uri, String expected) {
        assertEquals(expected, of(Map.of(name, value), uri));
    }

    @ParameterizedTest
    @CsvSource(
            value = {"huggingface.co,      none", ".huggingface.co,  none", "'a, huggingface.co b', none",
                    "*,       none", "co, none", "face.co,          proxy:1", "huggingface.com, proxy:1",
                    "'',              proxy:1", "HUGGINGFACE.co:443, none",})
    void whoIsExempt(String exempt, String expected) {
        assertEquals(expected,
                of(Map.of("https_proxy", "http://proxy:1", "NO_PROXY", exempt), "https://cdn.huggingface.co/a"));
    }

    @ParameterizedTest
    @CsvSource({"socks5://proxy:1080", "http://me:secret@proxy:1", "https://proxy", "'http://pro xy'"})
    void whatCannotBeUsedIsRefusedWithoutItsSecret(String address) {
        String message = assertThrows(IllegalArgumentException.class,
                () -> of(Map.of("https_proxy", address), "https://a.b/c")).getMessage();
        assertTrue(message.startsWith("https_proxy: ") && !message.contains("secret"), message);
    }

    @Test
    void withoutAVariableJavaDecides() {
        ProxySelector java = ProxySelector.of(InetSocketAddress.createUnresolved("java", 9));
        assertEquals("java",
                ((InetSocketAddress) new Proxies(Map.of(), java).select(URI.create("https://a.b/c"))
                        .getFirst()
                        .address()).getHostString());
    }
}
