package llams.trainer.data;

import java.util.List;

/// What a teacher finds most likely to come next, as [llams.engine.graph.TopTokens] gives it: zeros where the loss does
/// not count.
///
/// @param count of a token
/// @param ids   `[tokens, count]`
/// @param logp  `[tokens, count]`
public record TeacherTokens(int count, int[] ids, float[] logp) {
    static TeacherTokens empty(int tokens, int count) {
        return new TeacherTokens(count, new int[tokens * count], new float[tokens * count]);
    }

    /// Of several sequences, one after the other.
    static TeacherTokens concat(List<TeacherTokens> all) {
        int values = all.stream().mapToInt(one -> one.ids.length).sum();
        int count = all.getFirst().count;
        TeacherTokens joined = empty(values / count, count);
        int at = 0;
        for (TeacherTokens one : all) {
            System.arraycopy(one.ids, 0, joined.ids, at, one.ids.length);
            System.arraycopy(one.logp, 0, joined.logp, at, one.logp.length);
            at += one.ids.length;
        }
        return joined;
    }
}
