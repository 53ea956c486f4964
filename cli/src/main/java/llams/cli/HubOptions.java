package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import llams.model.hub.HubModel;
import llams.model.hub.HubToken;
import picocli.CommandLine.Option;

/// Which hub, and who asks.
final class HubOptions {
    @Option(
            names = "--token",
            paramLabel = "T",
            description = "Access token. Other users of this machine can see it here, but not in HF_TOKEN.")
    String token;

    @Option(
            names = "--endpoint",
            paramLabel = "URL",
            description = "Another hub (default: " + HubModel.DEFAULT_ENDPOINT + " or HF_ENDPOINT).")
    String endpoint;

    String endpoint() {
        String variable = System.getenv().getOrDefault("HF_ENDPOINT", "");
        return endpoint != null ? endpoint : variable.isEmpty() ? HubModel.DEFAULT_ENDPOINT : variable;
    }

    /// @throws IllegalArgumentException if what is found is not a token
    HubToken tokenOrNull() throws IOException {
        return HubToken.findOrNull(token, System.getenv(), Path.of(System.getProperty("user.home")));
    }
}
