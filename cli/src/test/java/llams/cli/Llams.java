package llams.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/// One run of the program inside the test's JVM.
record Llams(int code, String out, String err) {
    static Llams run(String... args) {
        return withInput("", args);
    }

    static Llams withInput(String input, String... args) {
        return withInput(input.getBytes(StandardCharsets.UTF_8), args);
    }

    static Llams withInput(byte[] input, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Llams run = into(out, input, args);
        return new Llams(run.code, out.toString(StandardCharsets.UTF_8), run.err);
    }

    static Llams into(OutputStream out, byte[] input, String... args) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Main.run(args, new ByteArrayInputStream(input), out, err);
        return new Llams(code, "", err.toString(StandardCharsets.UTF_8));
    }
}
