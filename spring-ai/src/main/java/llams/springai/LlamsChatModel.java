package llams.springai;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import java.util.concurrent.CancellationException;
import llams.server.ChatQuestion;
import llams.server.ModelService;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.MessageAggregator;
import org.springframework.ai.chat.observation.ChatModelObservationContext;
import org.springframework.ai.chat.observation.ChatModelObservationConvention;
import org.springframework.ai.chat.observation.ChatModelObservationDocumentation;
import org.springframework.ai.chat.observation.DefaultChatModelObservationConvention;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/// Spring AI's chat model, answered in this JVM:
///
/// ```java
/// try (ModelService service = ModelService.open(Path.of("model"))) {
///     System.out.println(new LlamsChatModel(service).call("What is the capital of Korea?"));
/// }
/// ```
///
/// Any number of threads may use it. Tools are called by Spring AI's `ChatClient`, not here.
///
/// @param service      stays the caller's
/// @param options      for what a prompt leaves out
/// @param observations told about each request and its response
public record LlamsChatModel(ModelService service, LlamsChatOptions options,
        ObservationRegistry observations) implements ChatModel {
    private static final ChatModelObservationConvention CONVENTION = new DefaultChatModelObservationConvention();

    /// As the model's makers suggest, observed by nobody.
    public LlamsChatModel(ModelService service) {
        this(service, LlamsChatOptions.builder().build(), ObservationRegistry.NOOP);
    }

    public LlamsChatModel withOptions(LlamsChatOptions others) {
        return new LlamsChatModel(service, others, observations);
    }

    public LlamsChatModel withObservations(ObservationRegistry registry) {
        return new LlamsChatModel(service, options, registry);
    }

    @Override
    public LlamsChatOptions getOptions() {
        return options;
    }

    /// @throws IllegalArgumentException if the prompt cannot be answered; says why
    @Override
    public ChatResponse call(Prompt prompt) {
        Prompt whole = whole(prompt);
        ChatModelObservationContext context = context(whole, false);
        return observation(context).observe(() -> {
            ChatResponse response = Responses.whole(service.ask(Prompts.question(whole), _ -> true));
            context.setResponse(response);
            return response;
        });
    }

    /// The last response has no text, but the reason why the answer ended, its tokens and what it calls. Who cancels
    /// frees the answer's slot.
    @Override
    public Flux<ChatResponse> stream(Prompt prompt) {
        return Flux.deferContextual(view -> {
            Prompt whole = whole(prompt);
            ChatQuestion question = Prompts.question(whole);
            ChatModelObservationContext context = context(whole, true);
            Observation observation = observation(context)
                    .parentObservation(view.getOrDefault(ObservationThreadLocalAccessor.KEY, null))
                    .start();
            Flux<ChatResponse> answer = Flux
                    .<ChatResponse>create(
                            sink -> Thread.ofVirtual().name("llams-answer").start(() -> answer(question, sink)))
                    .doOnError(observation::error)
                    .doFinally(_ -> observation.stop())
                    .contextWrite(to -> to.put(ObservationThreadLocalAccessor.KEY, observation));
            return new MessageAggregator().aggregate(answer, context::setResponse);
        });
    }

    private void answer(ChatQuestion question, FluxSink<ChatResponse> sink) {
        try {
            sink.next(Responses.last(service.ask(question, piece -> {
                if (!piece.isEmpty()) {
                    sink.next(Responses.piece(piece));
                }
                return !sink.isCancelled();
            })));
            sink.complete();
        } catch (CancellationException e) {
            // The subscriber has asked for it.
            sink.complete();
        } catch (RuntimeException e) {
            sink.error(e);
        }
    }

    private Prompt whole(Prompt prompt) {
        ChatOptions asked = prompt.getOptions();
        LlamsChatOptions.Builder all = options.mutate();
        return new Prompt(prompt.getInstructions(), (asked == null ? all : all.combineWith(asked.mutate())).build());
    }

    private static ChatModelObservationContext context(Prompt prompt, boolean isStream) {
        return ChatModelObservationContext.builder().prompt(prompt).provider("llams").streaming(isStream).build();
    }

    private Observation observation(ChatModelObservationContext context) {
        return ChatModelObservationDocumentation.CHAT_MODEL_OPERATION.observation(null, CONVENTION, () -> context,
                observations);
    }
}
