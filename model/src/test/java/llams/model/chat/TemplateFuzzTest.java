package llams.model.chat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import llams.engine.Fuzzed;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.parallel.Isolated;

/// Whatever a chat template says, it is rendered or refused.
@Isolated("watches the time")
class TemplateFuzzTest {
    private static final Tokenizer TOKENIZER = Tokenizer
            .of(IntStream.range(0, 256).mapToObj(b -> new byte[] {(byte) b}).toList(), Tokenizer.llama3Specials());
    private static final List<ChatMessage> MESSAGES = List.of(new ChatMessage("system", "Be brief."),
            new ChatMessage("user", "Hi"), new ChatMessage("assistant", "Hello! <|eot_id|>"));

    @FuzzTest
    void template(byte[] jinja) throws Exception {
        Fuzzed.file("chat_template.jinja", jinja,
                path -> ChatTemplate.of(path.getParent(), TOKENIZER, ChatTemplate.TRAINING).encode(MESSAGES, List.of()),
                IOException.class, IllegalArgumentException.class);
    }
}
