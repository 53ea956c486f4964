package llams.model.merge.config;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import llams.engine.Fuzzed;
import llams.model.files.DataException;

/// Whatever stands in a merge's file, it is read or refused.
class MergeFuzzTest {
    @FuzzTest
    void merge(byte[] yaml) throws Exception {
        Fuzzed.file("merge.yaml", yaml, MergeConfigFile::read, IOException.class, DataException.class);
    }
}
