package llams.trainer.run;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import llams.engine.Fuzzed;
import org.junit.jupiter.api.parallel.Isolated;

/// What an interrupted run left behind is read or refused, whatever became of it.
@Isolated("watches the time")
class RunFilesFuzzTest {
    @FuzzTest
    void trainingLog(byte[] log) throws Exception {
        Fuzzed.file("train.jsonl", log, path -> TrainingLog.open(path, 5, note -> {}).close(), IOException.class);
    }

    @FuzzTest
    void savedState(byte[] json) throws Exception {
        Fuzzed.file("state.json", json, path -> SavedState.read(path.getParent()), IOException.class);
    }
}
