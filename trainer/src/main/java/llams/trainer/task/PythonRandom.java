package llams.trainer.task;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Python's `random.Random`, as far as `sample` needs it, so that the same seed picks the same examples as
/// lm-evaluation-harness does: the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), seeded by an array of the
/// seed's 32-bit digits.
final class PythonRandom {
    private static final int N = 624;
    private static final int M = 397;

    private final int[] state = new int[N];
    private int at = N;

    /// @param seed not negative
    PythonRandom(long seed) {
        int[] key = seed >>> 32 == 0 ? new int[] {(int) seed} : new int[] {(int) seed, (int) (seed >>> 32)};
        state[0] = 19650218;
        for (int i = 1; i < N; i++) {
            state[i] = 1812433253 * mixed(i) + i;
        }
        int i = 1;
        for (int k = 0; k < N; k++) {
            state[i] = (state[i] ^ mixed(i) * 1664525) + key[k % key.length] + k % key.length;
            i = next(i);
        }
        for (int k = 1; k < N; k++) {
            state[i] = (state[i] ^ mixed(i) * 1566083941) - i;
            i = next(i);
        }
        state[0] = 1 << 31;
    }

    private int mixed(int i) {
        return state[i - 1] ^ state[i - 1] >>> 30;
    }

    private int next(int i) {
        if (i + 1 < N) {
            return i + 1;
        }
        state[0] = state[N - 1];
        return 1;
    }

    /// 32 random bits.
    private int bits() {
        if (at == N) {
            for (int i = 0; i < N; i++) {
                int y = state[i] & 1 << 31 | state[(i + 1) % N] & Integer.MAX_VALUE;
                state[i] = state[(i + M) % N] ^ y >>> 1 ^ ((y & 1) == 0 ? 0 : 0x9908b0df);
            }
            at = 0;
        }
        int y = state[at++];
        y ^= y >>> 11;
        y ^= y << 7 & 0x9d2c5680;
        y ^= y << 15 & 0xefc60000;
        return y ^ y >>> 18;
    }

    /// A number from 0 to `bound - 1`.
    private int below(int bound) {
        int shift = Integer.numberOfLeadingZeros(bound);
        int number = bits() >>> shift;
        while (number >= bound) {
            number = bits() >>> shift;
        }
        return number;
    }

    /// Different numbers from 0 to `population - 1`, in the order in which they are drawn.
    List<Integer> sample(int population, int count) {
        int setSize = 21;
        if (count > 5) {
            setSize += 1 << 2 * (int) Math.ceil(Math.log(count * 3) / Math.log(4));
        }
        List<Integer> drawn = new ArrayList<>();
        if (population <= setSize) {
            List<Integer> left = new ArrayList<>();
            for (int i = 0; i < population; i++) {
                left.add(i);
            }
            for (int i = 0; i < count; i++) {
                int j = below(population - i);
                drawn.add(left.get(j));
                left.set(j, left.get(population - i - 1));
            }
            return drawn;
        }
        Set<Integer> seen = new HashSet<>();
        while (drawn.size() < count) {
            int j = below(population);
            if (seen.add(j)) {
                drawn.add(j);
            }
        }
        return drawn;
    }
}
