package llams.server;

import javax.management.MXBean;

/// What a [ModelService] has done, and what it is doing. Java's management reads it once it is registered, and so does
/// any other library of metrics that calls methods:
///
/// ```java
/// ManagementFactory.getPlatformMBeanServer().registerMBean(service.metrics(), new ObjectName("llams:type=Service"));
/// FunctionCounter.builder("llams.tokens", service.metrics(), ServiceMXBean::getGeneratedTokens).register(registry);
/// ```
@MXBean
public interface ServiceMXBean {
    /// Tokens of all prompts.
    long getPromptTokens();

    /// Tokens of prompts that were found in the cache.
    long getFoundTokens();

    long getGeneratedTokens();

    /// Conversations that are being continued.
    int getRunning();

    /// Conversations that wait for a slot.
    int getWaiting();

    /// Conversations that can be continued at once.
    int getSlots();

    /// Answers that have begun.
    long getFirstTokens();

    /// From their questions to their first tokens, all together.
    double getFirstTokenSeconds();

    /// Requests that have ended.
    long getRequests();

    /// From these requests to their ends, all together.
    double getRequestSeconds();
}
