package llams.trainer.task;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import llams.engine.Fuzzed;
import llams.model.files.DataException;

/// Whatever stands in a task's file, it is read or refused.
class TaskFuzzTest {
    @FuzzTest
    void task(byte[] yaml) throws Exception {
        Fuzzed.file("task.yaml", yaml, path -> Tasks.find(path.toString()), IOException.class, DataException.class);
    }
}
