package llams.model.http;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Proxies as curl and Python take them from the environment: `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`,
/// in lower or upper case, but not `HTTP_PROXY`, which web servers set from requests. This machine itself needs none.
public final class Proxies extends ProxySelector {
    private final Map<String, String> environment;
    private final ProxySelector otherwise;

    /// @param otherwise used where the environment says nothing
    public Proxies(Map<String, String> environment, ProxySelector otherwise) {
        this.environment = environment;
        this.otherwise = otherwise;
    }

    /// @throws IllegalArgumentException if a variable names an unusable proxy
    @Override
    public List<Proxy> select(URI uri) {
        String name = uri.getScheme() + "_proxy";
        String address = value(name).isEmpty() ? value("all_proxy") : value(name);
        if (address.isEmpty()) {
            return otherwise.select(uri);
        }
        return isExempt(uri.getHost().toLowerCase(Locale.ROOT))
                ? List.of(Proxy.NO_PROXY)
                : List.of(proxy(name, address));
    }

    private String value(String name) {
        String capital = name.equals("http_proxy") ? "" : environment.getOrDefault(name.toUpperCase(Locale.ROOT), "");
        return environment.getOrDefault(name, capital).strip();
    }

    private static Proxy proxy(String name, String address) {
        URI proxy;
        try {
            proxy = URI.create(address.contains("://") ? address : "http://" + address);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + ": is not a proxy's address; wanted one like http://HOST:PORT",
                    e);
        }
        if (!"http".equals(proxy.getScheme()) || proxy.getHost() == null || proxy.getUserInfo() != null) {
            throw new IllegalArgumentException(
                    name + ": only a proxy like http://HOST:PORT, without user and password, can be used");
        }
        return new Proxy(Proxy.Type.HTTP,
                new InetSocketAddress(proxy.getHost(), proxy.getPort() < 0 ? 80 : proxy.getPort()));
    }

    /// `no_proxy` lists names (with their subdomains), addresses, or `*`.
    private boolean isExempt(String host) {
        if (host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]")) {
            return true;
        }
        for (String entry : value("no_proxy").toLowerCase(Locale.ROOT).split("[,\\s]+")) {
            String name = entry.replaceFirst("^\\*?\\.", "").replaceFirst(":\\d+$", "");
            if (entry.equals("*") || !name.isEmpty() && (host.equals(name) || host.endsWith("." + name))) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // The request tells.
    }
}
