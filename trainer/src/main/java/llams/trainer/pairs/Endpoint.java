package llams.trainer.pairs;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import llams.model.files.SettingException;

/// Who writes the pairs.
///
/// @param address   `https://HOST`, with or without the path to the interface
/// @param model     the model's name there
/// @param keyOrNull null for an endpoint that needs none
/// @param allowHttp true to send the key to another machine unencrypted
public record Endpoint(Api api, String address, String model, ApiKey keyOrNull, boolean allowHttp) {
    /// At the address of the service itself, without a key.
    public static Endpoint standard(Api api, String model) {
        return new Endpoint(api, api.address, model, null, false);
    }

    public Endpoint withAddress(String other) {
        return new Endpoint(api, other, model, keyOrNull, allowHttp);
    }

    public Endpoint withKey(ApiKey other) {
        return new Endpoint(api, address, model, other, allowHttp);
    }

    public Endpoint withAllowHttp(boolean allow) {
        return new Endpoint(api, address, model, keyOrNull, allow);
    }

    /// Where requests go.
    ///
    /// @throws SettingException if that is no address, or the key would travel unencrypted
    URI target() {
        SettingException.check(model.matches("[\\w./:@+-]+"), "model", "\"" + model + "\"",
                "a name of letters, digits and . / : @ + -");
        URI base;
        try {
            base = new URI(address);
        } catch (URISyntaxException e) {
            throw wrongAddress();
        }
        boolean http = "http".equals(base.getScheme());
        if (!http && !"https".equals(base.getScheme()) || base.getHost() == null) {
            throw wrongAddress();
        }
        // These may hold a key, and messages show addresses.
        if (base.getRawUserInfo() != null || base.getRawQuery() != null || base.getRawFragment() != null) {
            throw new SettingException("endpoint", base.getScheme() + "://" + base.getHost() + "...",
                    "an address without user, ? and #");
        }
        if (http && keyOrNull != null && !allowHttp && !isThisMachine(base.getHost())) {
            throw new SettingException("endpoint", "http://" + base.getHost(), "an address with https, as the key from "
                    + keyOrNull.source + " would travel unencrypted, unless `allowHttp` is set");
        }
        return base.resolve(api.path(base.getRawPath().replaceFirst("/+$", ""), model));
    }

    private static SettingException wrongAddress() {
        return new SettingException("endpoint", "what was given", "an address like https://HOST or http://HOST:PORT");
    }

    static boolean isThisMachine(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return name.equals("localhost") || name.equals("[::1]") || name.matches("127(\\.\\d{1,3}){3}");
    }
}
