package llams.langchain4j;

import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import llams.server.ModelService;

public final class ChatProgram {
    public static void main(String[] arguments) throws IOException {
        try (ModelService service = ModelService.open(Path.of(arguments[0]))) {
            System.out.println(new LlamsChatModel(service).chat("What is the capital of Germany?"));

            CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
            new LlamsStreamingChatModel(service).chat("Tell me a long story about animals",
                    new StreamingChatResponseHandler() {
                        @Override
                        public void onPartialResponse(String piece) {
                            System.out.print(piece);
                        }

                        @Override
                        public void onCompleteResponse(ChatResponse response) {
                            whole.complete(response);
                        }

                        @Override
                        public void onError(Throwable problem) {
                            whole.completeExceptionally(problem);
                        }
                    });
            System.out.println("\n" + whole.join().metadata().tokenUsage());
        }
    }
}
