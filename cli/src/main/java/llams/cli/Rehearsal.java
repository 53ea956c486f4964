package llams.cli;

import java.io.InputStream;
import java.io.OutputStream;

/// Runs command lines one after the other in this process, as the launcher does once: the classes that they take then stand in
/// one archive.
final class Rehearsal {
    private Rehearsal() {}

    /// @param commands words with a blank between them; exits with the code of the first that fails
    public static void main(String[] commands) {
        for (String command : commands) {
            int code = Main.run(command.split(" "), InputStream.nullInputStream(), OutputStream.nullOutputStream(),
                    System.err);
            if (code != Console.DONE) {
                System.exit(code);
            }
        }
    }
}
