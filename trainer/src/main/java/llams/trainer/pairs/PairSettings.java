package llams.trainer.pairs;

import java.time.Duration;
import llams.model.files.SettingException;

/// How pairs are asked for.
///
/// @param perRequest        pairs that one request asks for
/// @param parallel          requests at a time
/// @param requestsPerMinute the most that begin in a minute, attempts included; 0 for no limit
/// @param attempts          of one request in a row, where the network or the server fails
/// @param firstWait         before the second attempt; each further one waits twice as long, and up to half of it less
/// @param timeout           for one attempt, from its start to its last byte
/// @param asks              how often a request is made, in all, if its answers have no pair
/// @param barren            requests in a row without a new pair, after which the run ends
/// @param temperature       null for the endpoint's own
/// @param maxTokens         of one answer; null for the endpoint's own limit
/// @param jsonMode          whether the endpoint is set to answer in JSON, which some do not support
/// @param seed              which topics and examples go with which request
public record PairSettings(int perRequest, int parallel, int requestsPerMinute, int attempts, Duration firstWait,
        Duration timeout, int asks, int barren, Double temperature, Integer maxTokens, boolean jsonMode, long seed) {
    /// @throws SettingException if a value is out of its range
    public PairSettings {
        SettingException.atLeast("perRequest", 1, perRequest);
        SettingException.atLeast("parallel", 1, parallel);
        SettingException.atLeast("requestsPerMinute", 0, requestsPerMinute);
        SettingException.atLeast("attempts", 1, attempts);
        SettingException.check(timeout.isPositive(), "timeout", timeout.toSeconds(), "above 0");
        SettingException.atLeast("asks", 1, asks);
        SettingException.atLeast("barren", 1, barren);
        SettingException.check(temperature == null || temperature >= 0 && Double.isFinite(temperature), "temperature",
                temperature, "0 or more");
        SettingException.atLeast("maxTokens", 1, maxTokens == null ? 1 : maxTokens);
    }

    /// Five pairs per request, four requests at a time.
    public static PairSettings standard() {
        return new PairSettings(5, 4, 0, 6, Duration.ofSeconds(1), Duration.ofMinutes(3), 3, 10, null, null, true, 0);
    }

    public PairSettings withPerRequest(int count) {
        return new PairSettings(count, parallel, requestsPerMinute, attempts, firstWait, timeout, asks, barren,
                temperature, maxTokens, jsonMode, seed);
    }

    public PairSettings withParallel(int requests) {
        return new PairSettings(perRequest, requests, requestsPerMinute, attempts, firstWait, timeout, asks, barren,
                temperature, maxTokens, jsonMode, seed);
    }

    public PairSettings withRequestsPerMinute(int requests) {
        return new PairSettings(perRequest, parallel, requests, attempts, firstWait, timeout, asks, barren, temperature,
                maxTokens, jsonMode, seed);
    }

    public PairSettings withAttempts(int count, Duration wait) {
        return new PairSettings(perRequest, parallel, requestsPerMinute, count, wait, timeout, asks, barren,
                temperature, maxTokens, jsonMode, seed);
    }

    public PairSettings withTimeout(Duration limit) {
        return new PairSettings(perRequest, parallel, requestsPerMinute, attempts, firstWait, limit, asks, barren,
                temperature, maxTokens, jsonMode, seed);
    }

    public PairSettings withAsks(int count) {
        return new PairSettings(perRequest, parallel, requestsPerMinute, attempts, firstWait, timeout, count, barren,
                temperature, maxTokens, jsonMode, seed);
    }

    public PairSettings withBarren(int requests) {
        return new PairSettings(perRequest, parallel, requestsPerMinute, attempts, firstWait, timeout, asks, requests,
                temperature, maxTokens, jsonMode, seed);
    }

    public PairSettings withTemperature(Double other) {
        return new PairSettings(perRequest, parallel, requestsPerMinute, attempts, firstWait, timeout, asks, barren,
                other, maxTokens, jsonMode, seed);
    }

    public PairSettings withMaxTokens(Integer tokens) {
        return new PairSettings(perRequest, parallel, requestsPerMinute, attempts, firstWait, timeout, asks, barren,
                temperature, tokens, jsonMode, seed);
    }

    public PairSettings withJsonMode(boolean json) {
        return new PairSettings(perRequest, parallel, requestsPerMinute, attempts, firstWait, timeout, asks, barren,
                temperature, maxTokens, json, seed);
    }

    public PairSettings withSeed(long other) {
        return new PairSettings(perRequest, parallel, requestsPerMinute, attempts, firstWait, timeout, asks, barren,
                temperature, maxTokens, jsonMode, other);
    }
}
