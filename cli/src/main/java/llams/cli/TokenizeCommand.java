package llams.cli;
import picocli.CommandLine.Command;
@Command(name = "tokenize", description = "Text to ids, or back.")
final class TokenizeCommand implements Runnable { public void run() {} }
