package llams.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// What the invocations did; JMH divides by the time and reports rates per second beside the main result.
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Work {
    /// 10^9 additions and multiplications of the textbook formula.
    public double gflops;
    /// 10^9 bytes that have to be read or written at least once.
    public double gigabytes;
    public double tokens;

    void add(double flops, double bytes, double tokenCount) {
        gflops += flops * 1e-9;
        gigabytes += bytes * 1e-9;
        tokens += tokenCount;
    }
}
