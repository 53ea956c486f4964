package llams.springai;

import java.io.IOException;
import java.nio.file.Path;
import llams.server.ModelService;
import org.springframework.ai.chat.client.ChatClient;

public final class ChatProgram {
    public static void main(String[] arguments) throws IOException {
        try (ModelService service = ModelService.open(Path.of(arguments[0]))) {
            LlamsChatOptions options = LlamsChatOptions.builder().temperature(0.7).maxTokens(100).build();
            ChatClient client = ChatClient.create(new LlamsChatModel(service).withOptions(options));

            System.out.println(client.prompt("What is the capital of Korea?").call().content());

            client.prompt("Tell me a story.").stream().content().doOnNext(System.out::print).blockLast();
            System.out.println();
        }
    }
}
